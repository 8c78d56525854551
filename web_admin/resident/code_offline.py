"""Page that the phone may keep for use without network: an empty code page and its scripts, nothing else."""

import hashlib
import json
from pathlib import Path

from flask import Response, current_app, render_template, url_for
from flask_babel import force_locale

from gate_controller.contract.languages import LANGUAGES
from web_admin.accounts.permissions import public
from web_admin.resident.blueprint import bp

PARTS = (
    "resident/resident.css",
    "resident/code_page.js",
    "resident/code_text.js",
    "resident/draw_code.js",
    "resident/keep_lit.js",
    "resident/offline.js",
    "resident/phone_store.js",
    "resident/manifest.webmanifest",
    "resident/icon.svg",
    "resident/icon-maskable.svg",
    "vendor/lean-qr/index.mjs",
)


def _shell(language: str) -> str:
    with force_locale(language):
        return render_template("resident/code_offline.html", shell_language=language)


@bp.get(f"/code/offline/<any({', '.join(LANGUAGES)}):language>")
@public
def code_offline(language: str) -> Response:
    """Return the code page without a person: the phone's own key makes the code, no record is in it."""
    response = Response(_shell(language))
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/service-worker.js")
@public
def service_worker() -> Response:
    """Return the service worker with its list of parts; a changed part is a new version."""
    folder = Path(current_app.static_folder or "")
    digest = hashlib.sha256()
    for part in PARTS:
        digest.update((folder / part).read_bytes())
    for language in LANGUAGES:
        digest.update(_shell(language).encode())
    names = {
        "VERSION": digest.hexdigest()[:16],
        "SHELLS": {name: url_for("resident.code_offline", language=name) for name in LANGUAGES},
        "PARTS": [url_for("static", filename=part) for part in PARTS],
        "ICON": url_for("static", filename="resident/icon-192.png"),
    }
    head = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in names.items())
    body = (folder / "resident/service_worker.js").read_text(encoding="utf-8")
    response = Response(head + body, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response
