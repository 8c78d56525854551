"""What a guardian sees: a minor of the home asks for their yes, and what they agreed to before."""

from flask import abort, flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.accounts import resident_required
from web_admin.consent_models import GuardianRequest
from web_admin.custody import FACE_PURPOSE
from web_admin.guardian_requests import answer_guardian, is_open, withdraw_for_ward
from web_admin.guardians import wards_of
from web_admin.models import Person
from web_admin.notices import newest_notice
from web_admin.resident.blueprint import bp, signed_in, site_of, to
from web_admin.resident.face import notice_fields, page_language


def _request_to(person: Person, request_id: str) -> GuardianRequest:
    _person, act = signed_in()
    found = act.session.get(GuardianRequest, request_id)
    if found is None or found.guardian_id != person.person_id or not is_open(found, act.now):
        abort(404)
    return found


@bp.get("/guardian/<request_id>")
@resident_required
def guardian(request_id: str) -> str:
    """Show a minor's request with the same notice that the minor read."""
    person, act = signed_in()
    asked = _request_to(person, request_id)
    notice = newest_notice(act.session, FACE_PURPOSE, page_language())
    if notice is None or notice.version != asked.notice_version:
        abort(404)
    return render_template(
        "resident/guardian.html", person=person, site=site_of(person), asked=asked, notice=notice,
        minor=act.session.get_one(Person, asked.minor_id), fields=notice_fields(notice), tab="ways_in",
    )


@bp.post("/guardian/<request_id>/<any(yes, no):answer>")
@resident_required
def answer_as_guardian(request_id: str, answer: str) -> Response:
    """Record the guardian's yes or no."""
    person, act = signed_in()
    _request_to(person, request_id)
    answer_guardian(act, request_id, agrees=answer == "yes", language=request.form.get("language", ""))
    flash(
        gettext("You agreed. Both of you can end it at any time.") if answer == "yes"
        else gettext("You said no. Nothing was switched on."),
        "done",
    )
    return to("resident.ways_in")


@bp.route("/guardian/of/<minor_id>/off", methods=["GET", "POST"])
@resident_required
def end_ward_face(minor_id: str) -> str | Response:
    """Ask once, then end the face of a minor this person agreed for."""
    person, act = signed_in()
    wards = {ward.person_id: ward for ward in wards_of(act.session, person.person_id)}
    ward = wards.get(minor_id)
    if ward is None:
        abort(404)
    if request.method == "GET":
        return render_template(
            "resident/ward_off.html", person=person, site=site_of(person), ward=ward, tab="ways_in"
        )
    withdraw_for_ward(act, minor_id)
    flash(gettext("It is off. The other ways in work as before."), "done")
    return to("resident.ways_in")
