"""The file that says whom to write to about a weakness (RFC 9116)."""

from datetime import UTC, timedelta

from flask import Response, abort, current_app

from gate_controller.contract.languages import LANGUAGES
from web_admin.accounts.permissions import public
from web_admin.core.database import current_menjin

EXPIRES_AFTER = timedelta(days=90)
"""It is made at each question; a copy kept for longer may name a person who has left."""


@public
def security_txt() -> Response:
    """Name the contact of web.toml; answer 404 where none is set, since a file without one is none."""
    menjin = current_menjin()
    if not menjin.config.security_contact:
        abort(404)
    expires = (menjin.clock() + EXPIRES_AFTER).astimezone(UTC).replace(microsecond=0)
    lines = [
        f"Contact: {menjin.config.security_contact}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(LANGUAGES)}",
        f"Canonical: {menjin.config.public_url.rstrip('/')}/.well-known/security.txt",
    ]
    text = "".join(f"{line}\r\n" for line in lines)
    return current_app.response_class(text, mimetype="text/plain", headers={"Cache-Control": "max-age=3600"})
