"""Pages of a guardian: a minor's request for consent, and earlier agreements."""

from flask import abort, flash, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from gate_controller.contract.messages import MAX_LEASE_HOURS
from gate_controller.contract.written_release import SENTENCES
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.compound.queries import known_person
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.guardian_requests import answer_guardian, request_to, valid_with, withdraw_for_ward
from web_admin.face.guardians import names_of, wards_of
from web_admin.face.models import GuardianRequest
from web_admin.face.notice_parts import notice_fields
from web_admin.face.queries import newest_notice, rules_of
from web_admin.resident.ask_first import is_sure
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.language import page_language
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required


def _request_to(person: Person, request_id: str) -> GuardianRequest:
    _person, act = signed_in()
    found = request_to(act.session, person.person_id, request_id)
    if found is None:
        abort(404)
    if found not in valid_with(act.session, found, act.now):
        raise ActionRefused(None, _l("This request is not open any more."))
    return found


@bp.get("/guardian/<request_id>")
@resident_required
def guardian(request_id: str) -> str:
    """Show a minor's request with the same notice that the minor read; after a yes, who is waited for."""
    person, act = signed_in()
    return _page(person, act, _request_to(person, request_id))


def _has_agreed(person: Person, request_id: str) -> bool:
    _person, act = signed_in()
    found = request_to(act.session, person.person_id, request_id)
    if found is None:
        return False
    waits = found.answer == "half" and bool(valid_with(act.session, found, act.now))
    return waits or found.answer == "yes"


def _page(person: Person, act: Action, asked: GuardianRequest, problem: str = "") -> str:
    notice = newest_notice(act.session, FACE_PURPOSE, page_language())
    if notice is None or notice.version != asked.notice_version:
        abort(404)
    signs = rules_of(act.session, person.site_id).written_release
    together = {one.guardian_id for one in valid_with(act.session, asked, act.now)}
    others = sorted(names_of(act.session, together - {person.person_id}).values())
    return render_template(
        "resident/guardian.html",
        person=person,
        site=site_of(person),
        asked=asked,
        notice=notice,
        minor=known_person(act.session, asked.minor_id),
        fields=notice_fields(notice),
        sentence=SENTENCES["ward"][notice.language] if signs else None,
        others=others,
        agreed=asked.answer == "half",
        tab="ways_in",
        signed_name=request.form.get("signed_name", ""),
        problem_text=problem,
    )


@bp.post("/guardian/<request_id>/<any(yes, no):answer>")
@resident_required
def answer_as_guardian(request_id: str, answer: str) -> Response | tuple[str, int]:
    """Record the guardian's yes or no."""
    person, act = signed_in()
    if answer == "yes" and _has_agreed(person, request_id):
        return to("resident.ways_in")  # pressed twice
    asked = _request_to(person, request_id)
    try:
        consent = answer_guardian(
            act,
            request_id,
            agrees=answer == "yes",
            language=request.form.get("language", ""),
            signed_name=request.form.get("signed_name", ""),
        )
    except ActionRefused as refused:
        if refused.field != "signed_name":
            raise
        return _page(person, act, asked, str(refused.message)), 422
    if answer == "no":
        said = gettext("You said no. Nothing was switched on.")
    elif consent is None:
        said = gettext("You agreed. Face stays off until the other guardian agrees too.")
    else:
        said = gettext("You agreed. Each of you can end it at any time.")
    flash(said, "done")
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
    if request.method != "POST" or not is_sure():
        return render_template(
            "resident/ward_off.html",
            person=person,
            site=site_of(person),
            ward=ward,
            lease_hours=MAX_LEASE_HOURS,
            tab="ways_in",
        )
    withdraw_for_ward(act, minor_id)
    flash(gettext("It is off. The other ways in work as before."), "done")
    return to("resident.ways_in")
