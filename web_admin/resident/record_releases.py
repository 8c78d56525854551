"""Download of a signed consent, own or as a guardian, as a file that anyone can verify."""

import msgspec
from flask import Response, abort

from web_admin.face.queries import release_of
from web_admin.resident.blueprint import bp, signed_in
from web_admin.web.resident_session import resident_required


@bp.get("/records/releases/<consent_id>.json")
@resident_required
def release_file(consent_id: str) -> Response:
    """Return what the person signed for a consent, with the site's signature, as JSON."""
    person, act = signed_in()
    row = release_of(act.session, consent_id, person.person_id)
    if row is None:
        abort(404)
    response = Response(msgspec.json.format(row.release, indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="signed-{consent_id}.json"'
    return response
