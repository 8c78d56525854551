"""Download of all data about a person: JSON for machines, HTML to read."""

from flask import Response, render_template

from web_admin.desk.texts import actions_text
from web_admin.events.own_passages import passages_of
from web_admin.events.reason_texts import for_resident
from web_admin.face.texts import NOTICE_HEADINGS
from web_admin.privacy.export import EXPORTED, Exported, everything_held
from web_admin.privacy.texts import ASKING
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.json_files import as_file
from web_admin.web.resident_session import resident_required


@bp.get("/records/export.json")
@resident_required
def export() -> Response:
    """Return everything held about the person, and nothing about anyone else, as JSON."""
    return as_file(_everything(), "my-gate-records.json")


@bp.get("/records/export.html")
@resident_required
def export_to_read() -> Response:
    """Return the same as one page to read, keep and print, without anything fetched from elsewhere."""
    person, _act = signed_in()
    text = render_template(
        "resident/export.html",
        person=person,
        site=site_of(person),
        whole=_everything(),
        for_resident=for_resident,
        labels=NOTICE_HEADINGS,
        asking=ASKING,
        actions_text=actions_text,
    )
    response = Response(text, mimetype="text/html")
    response.headers["Content-Disposition"] = 'attachment; filename="my-gate-records.html"'
    return response


def _everything() -> Exported:
    person, act = signed_in()
    passages = passages_of(act.session, person.person_id, EXPORTED)
    return everything_held(act.session, person, site_of(person), passages, act.now)
