"""Page of the own code: the phone registers its public key here, or asks for a code signed by the site."""

import base64
import binascii

from flask import abort, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from gate_controller.contract.records import CredentialKind, Method
from web_admin.calls.missed import count_new
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.phones import ensure_online_qr, online_code, register_phone_key
from web_admin.credentials.queries import credential_of
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.needs import needs_of
from web_admin.web.phone_label import phone_label
from web_admin.web.qr_picture import svg_of
from web_admin.web.request_bodies import takes_json
from web_admin.web.resident_session import resident_required

JsonAnswer = dict[str, str | int]


@bp.get("/code")
@resident_required
def my_code() -> str:
    """Show the pass card, what needs the person above it, and the other pages below."""
    person, act = signed_in()
    return render_template(
        "resident/my_code.html",
        person=person,
        site=site_of(person),
        **needs_of(person, act),
        may_call=person.kind == "resident" and person.home_id is not None,
        missed_calls=count_new(act.session, person, act.now),
        qr_on=Method.QR in person.methods,
        tab="my_code",
    )


@bp.get("/code/contact")
@resident_required
def contact() -> JsonAnswer:
    """Send the phone the time and whether its key still works: active, ended or unknown here."""
    person, act = signed_in()
    row = credential_of(act.session, person.person_id, request.args.get("credential", ""), CredentialKind.QR)
    state = "unknown" if row is None else "ended" if row.state == "ended" else "active"
    return {"now_ms": int(act.now.timestamp() * 1000), "state": state}


@bp.post("/code/key")
@resident_required
@takes_json
def register_key() -> JsonAnswer | tuple[JsonAnswer, int]:
    """Register this phone's public key: base64 of the uncompressed P-256 point (65 bytes)."""
    person, act = signed_in()
    sent = request.get_json(silent=True)
    text = sent.get("public_key") if isinstance(sent, dict) else None
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except binascii.Error:
        key = b""
    try:
        row = register_phone_key(act, person.person_id, key, phone_label())
    except ActionRefused as refused:
        return {"error": str(refused.message)}, 422
    return {
        "credential_id": row.credential_id,
        "site_id": person.site_id,
        "now_ms": int(act.now.timestamp() * 1000),
    }


@bp.post("/code/now")
@resident_required
def code_now() -> JsonAnswer | tuple[JsonAnswer, int]:
    """Return a code of this moment, for a browser that cannot hold a key."""
    person, act = signed_in()
    try:
        ensure_online_qr(act, person.person_id)
        text = online_code(act, person.person_id)
    except ActionRefused as refused:
        return {"error": str(refused.message)}, 422
    return {"text": text, "now_ms": int(act.now.timestamp() * 1000)}


@bp.get("/code/now.svg")
@resident_required
def code_picture() -> Response:
    """Return the code of this moment as a picture, for a browser without scripts."""
    person, act = signed_in()
    try:
        picture = svg_of(online_code(act, person.person_id), gettext("Your code"))
    except ActionRefused:
        abort(404)
    return Response(picture, mimetype="image/svg+xml")
