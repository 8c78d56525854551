"""Pages of face, only on request: notice on its own screen, refusal with another method, withdrawal."""

from collections.abc import Sequence

from flask import abort, flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from gate_controller.contract.messages import MAX_LEASE_HOURS
from gate_controller.contract.records import MAX_LOOKS, Method
from gate_controller.contract.written_release import SENTENCES
from gate_controller.rules.decision import FACE_MENDABLE, Reason
from web_admin.action.base import Action
from web_admin.compound.age_bands import MINOR
from web_admin.compound.models import Person
from web_admin.compound.queries import gate_names_by_id, names_of_gates
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.custody.forgettings import forgettings_of
from web_admin.custody.models import FaceLook, Notice
from web_admin.custody.queries import last_withdrawn, notice_in
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.reason_texts import for_resident, what_to_do
from web_admin.face import engine
from web_admin.face.actions import face_state, give_face_consent, record_refusal, withdraw_face
from web_admin.face.guardian_requests import REQUEST_LASTS, ask_guardians, last_asked, valid_with
from web_admin.face.guardians import guardians_of, names_of
from web_admin.face.looks import (
    LOOK_LASTS,
    drop_look,
    look_offer,
    looks_of,
    offers_are_off,
    set_look_offers,
)
from web_admin.face.models import ConsentRenewal
from web_admin.face.notice_parts import notice_parts
from web_admin.face.queries import guardians_needed, newest_notice, rules_of
from web_admin.face.renewals import renewal_of
from web_admin.face.rules import is_offered
from web_admin.resident.ask_first import asks_first, is_sure
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.own_ways import ways_of
from web_admin.web.language import page_language
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required


def _offered_to(person: Person) -> Notice:
    notice = newest_notice(request_session(), FACE_PURPOSE, page_language())
    if notice is None or not is_offered(site_of(person), person):
        abort(404)
    return notice


@bp.get("/face")
@resident_required
def face() -> str:
    """Show the notice to people with face off, and its state to people with face on."""
    person, act = signed_in()
    state = face_state(act.session, person.person_id)
    if state.consent is not None and state.state in ("on", "paused"):
        return _status(person, act)
    withdrawn = last_withdrawn(act.session, person.person_id)
    if withdrawn is not None and request.args.get("show") == "receipts":
        return render_template(
            "resident/face_forgotten.html",
            person=person,
            site=site_of(person),
            consent=withdrawn,
            forgettings=forgettings_of(act.session, withdrawn),
            tab="ways_in",
        )
    return _notice_page(person, act)


def _notice_page(person: Person, act: Action, problem: str = "") -> str:
    """Show the notice with its yes and no, or who is waited for; `problem` is with the signature."""
    notice = _offered_to(person)
    asked = last_asked(act.session, person.person_id) if person.age_band == MINOR else None
    together = valid_with(act.session, asked, act.now) if asked is not None else ()
    if asked is not None and together:
        names = names_of(act.session, [one.guardian_id for one in together])
        waiting = [(names[one.guardian_id], one.answer == "half") for one in together]
        return render_template(
            "resident/face_waiting.html",
            person=person,
            site=site_of(person),
            waiting=waiting,
            until=asked.asked_at + REQUEST_LASTS,
            tab="ways_in",
        )
    renewal = renewal_of(act.session, person.person_id)
    return render_template(
        "resident/face_notice.html",
        person=person,
        site=site_of(person),
        notice=notice,
        parts=notice_parts(notice, _older_notice(renewal)),
        renewal=renewal,
        **_guardian_facts(person, act),
        sentence=_sentence(person, notice) if person.age_band != MINOR else None,
        signed_name=request.form.get("signed_name", ""),
        problem_text=problem,
        declined=asked if asked is not None and asked.answer == "no" else None,
        overtaken=asked is not None and asked.answer in (None, "half"),
        tab="ways_in",
    )


def _guardian_facts(person: Person, act: Action) -> dict[str, object]:
    """Return whom a minor may ask, and how many have to agree."""
    if person.age_band != MINOR:
        return {"guardians": None, "needed": 0}
    return {"guardians": guardians_of(act.session, person), "needed": guardians_needed(act.session, person)}


def _sentence(person: Person, notice: Notice) -> str | None:
    """Return the text to sign, None where the site requires no signature."""
    signs = rules_of(request_session(), person.site_id).written_release
    return SENTENCES["self"][notice.language] if signs else None


def _older_notice(renewal: ConsentRenewal | None) -> Notice | None:
    """Return the notice that was agreed to before, in the page's language."""
    if renewal is None:
        return None
    return notice_in(request_session(), FACE_PURPOSE, renewal.notice_version, page_language())


def _status(person: Person, act: Action) -> str:
    state = face_state(act.session, person.person_id)
    consent_id = state.consent.consent_id if state.consent is not None else ""
    looks = looks_of(act.session, consent_id)
    return render_template(
        "resident/face_on.html",
        person=person,
        site=site_of(person),
        state=state,
        gates=names_of_gates(act.session, state.gate_ids),
        tab="ways_in",
        mends=[(for_resident(reason), what_to_do(reason)) for reason in Reason if reason in FACE_MENDABLE],
        looks=_by_gate(act, looks),
        most=MAX_LOOKS,
        lasts=LOOK_LASTS,
        figures=engine,
        offer=look_offer(act.session, person, act.now),
        offers_off=offers_are_off(act.session, consent_id),
    )


def offered_look(person: Person) -> bool:
    """Return whether another look is offered to a person now."""
    return look_offer(request_session(), person, current_menjin().clock()) is not None


bp.add_app_template_filter(offered_look, "offered_look")


def _by_gate(act: Action, looks: Sequence[FaceLook]) -> list[tuple[str, list[FaceLook]]]:
    """Return the looks of each gate, with its name; a look that its gate has yet to delete is among them."""
    names = gate_names_by_id(act.session, {look.gate_id for look in looks})
    return [(name, [look for look in looks if look.gate_id == gate_id]) for gate_id, name in names.items()]


@bp.post("/face/looks/<gate_id>/<look_id>/drop")
@resident_required
def drop_one_look(gate_id: str, look_id: str) -> Page:
    """Drop one look; the gate deletes it, and the others go on."""
    person, act = signed_in()
    consent = face_state(act.session, person.person_id).consent
    own = looks_of(act.session, consent.consent_id) if consent is not None else ()
    if (gate_id, look_id) not in {(look.gate_id, look.look_id) for look in own}:
        abort(404)
    asked = asks_first(
        gettext("Delete this look?"),
        gettext("Its gate deletes it. Your other looks stay."),
        gettext("Delete it"),
        to("resident.face").location,
    )
    if asked is not None:
        return asked
    drop_look(act, person.person_id, gate_id, look_id)
    flash(gettext("This scan is being deleted at its gate."), "done")
    return to("resident.face")


@bp.post("/face/looks/offers")
@resident_required
def choose_look_offers() -> Response:
    """Switch the offers of another look off, or on again."""
    person, act = signed_in()
    set_look_offers(act, person.person_id, on=request.form.get("on") == "1")
    return to("resident.face")


@bp.post("/face/yes")
@resident_required
def give_face() -> Response | tuple[str, int]:
    """Record the person's yes to exactly the notice they were shown; a minor's yes asks a guardian."""
    person, act = signed_in()
    version = request.form.get("notice_version", 0, type=int)
    language = request.form.get("language", "")
    if person.age_band == MINOR:
        ask_guardians(act, person.person_id, request.form.getlist("guardian"), version, language)
    else:
        signed = request.form.get("signed_name", "")
        try:
            give_face_consent(act, person.person_id, version, language, signed_name=signed)
        except ActionRefused as refused:
            if refused.field != "signed_name":
                raise
            return _notice_page(person, act, str(refused.message)), 422
    return to("resident.face")


@bp.post("/face/no")
@resident_required
def refuse_face() -> Response:
    """Record the no, which changes nothing, and lead straight to another way."""
    person, act = signed_in()
    version = request.form.get("notice_version", type=int)
    record_refusal(act, person.person_id, version, request.form.get("language") or None)
    return to("resident.another_way")


@bp.get("/face/off")
@resident_required
def ask_withdraw_face() -> str:
    """Ask once before face is switched off."""
    return _off_page()


def _off_page() -> str:
    person, _act = signed_in()
    return render_template(
        "resident/face_off.html",
        person=person,
        site=site_of(person),
        lease_hours=MAX_LEASE_HOURS,
        tab="ways_in",
    )


@bp.post("/face/off")
@resident_required
def withdraw_face_now() -> Page:
    """End the consent, destroy the shares and publish to the gates, in one transaction, once it was asked."""
    if not is_sure():
        return _off_page()
    person, act = signed_in()
    withdraw_face(act, person.person_id)
    flash(gettext("Face is off. Your other ways in work as before."), "done")
    return to("resident.face", show="receipts")


@bp.get("/another-way")
@resident_required
def another_way() -> str:
    """Offer the other methods at once to a person who refused."""
    person, act = signed_in()
    ways = [way for way in ways_of(person, act.now) if way.method != Method.FACE]
    return render_template(
        "resident/another_way.html", person=person, site=site_of(person), ways=ways, tab="ways_in"
    )
