"""Page of the own methods: card, PIN, QR and face as equal switches."""

from collections.abc import Mapping, Sequence

from flask import flash, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action
from web_admin.action.suspensions import in_the_way, party_of
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.usable_credentials import usable_methods
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.credentials.phones import ensure_online_qr
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.credentials.queries import live_credentials_of
from web_admin.credentials.two_methods import (
    OFFERED_HOURS,
    OWN_HOURS,
    end_two_method_request,
    request_two_methods,
    two_method_choice,
    two_method_hours,
    two_methods_work,
)
from web_admin.face.guardians import wards_of
from web_admin.face.ways_in import dependence_of
from web_admin.people.suspensions import resume_person
from web_admin.policy.face_limits import FaceLimit, face_limits
from web_admin.resident.ask_first import asks_first
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.needs import needs_of
from web_admin.resident.own_ways import own_credential
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before, made_once, was_sent
from web_admin.web.typed_times import minute_of


def _live(person: Person, kind: str) -> Sequence[CredentialRow]:
    return live_credentials_of(request_session(), person.person_id, kind)


def _resumable(act: Action, person: Person) -> frozenset[str]:
    """Return the suspended cards that this person may resume here."""
    if act.channel == "phone" and person.phone_unproven is not None:
        return frozenset()
    party = party_of(act)
    return frozenset(
        row.credential_id
        for row in _live(person, CredentialKind.CARD)
        if in_the_way(row.suspended_by, party) is None
    )


def _face_limits(person: Person, act: Action) -> Sequence[FaceLimit]:
    if Method.FACE not in person.methods or person.face_paused_reason is not None:
        return ()
    return face_limits(act.session, person, act.now)


def _page(
    person: Person, act: Action, *, fresh_pin: str | None = None, errors: Mapping[str, str] | None = None
) -> str:
    hours = two_method_hours(act.session, person.person_id)
    return render_template(
        "resident/ways_in.html",
        person=person,
        site=site_of(person),
        **needs_of(person, act),
        cards=_live(person, CredentialKind.CARD),
        resumable=_resumable(act, person),
        has_pin=bool(_live(person, CredentialKind.PIN)),
        phones=[row for row in _live(person, CredentialKind.QR) if row.public_key is not None],
        printed=[row for row in _live(person, CredentialKind.QR) if row.printed],
        fresh_pin=fresh_pin,
        dependence=dependence_of(act.session, person, act.now),
        face_limits=_face_limits(person, act),
        wards=wards_of(act.session, person.person_id),
        two_methods=two_method_choice(act.session, person.person_id),
        two_method_hours=hours if hours is not None and hours[0] != hours[1] else OFFERED_HOURS["night"],
        errors=errors or {},
        form=request.form if errors else {},
        two_methods_work=two_methods_work(act.session, person, act.now),
        tab="ways_in",
    )


@bp.get("/")
@resident_required
def ways_in() -> str:
    person, act = signed_in()
    return _page(person, act)


@bp.post("/ways/<any(card, pin, qr):method>")
@resident_required
def switch_method(method: str) -> str | Response:
    """Switch a way in on or off; switching PIN or QR on gives one where there is none yet."""
    person, act = signed_in()
    wanted = request.form.get("on") == "1"
    if wanted and method == Method.PIN:
        return _pin_switched_on(person, act)
    chosen = {Method(name) for name in person.methods}
    usable = usable_methods(act.session, person.person_id, act.now)
    if wanted and method == Method.QR and Method.QR not in usable:
        ensure_online_qr(act, person.person_id)
    changed = chosen | {Method(method)} if wanted else chosen - {Method(method)}
    choose_methods(act, person.person_id, changed)
    return to("resident.my_code" if wanted and method == Method.QR else "resident.ways_in")


def _pin_switched_on(person: Person, act: Action) -> str | Response:
    """Switch the PIN on; show one where there was none, also when the switch was tapped twice."""

    def switch_on() -> str:
        usable = usable_methods(act.session, person.person_id, act.now)
        pin = "" if Method.PIN in usable else issue_pin(act, person.person_id)
        choose_methods(act, person.person_id, {Method(name) for name in person.methods} | {Method.PIN})
        return pin

    pin = made_once(act, person.person_id, switch_on)
    return _page(person, act, fresh_pin=pin) if pin else to("resident.ways_in")


@bp.post("/pin")
@resident_required
def new_pin() -> str | Response:
    """Give a new PIN, or the second one for an emergency, shown on this answer only; switch the PIN on.

    Both answers look the same: a bystander who reads along learns nothing.
    """
    person, act = signed_in()
    issue = issue_duress_pin if request.form.get("second") == "1" else issue_pin
    # Asked of both kinds in the same words: a question would tell that there is a second PIN.
    asked = asks_first(
        gettext("Make a new PIN?"),
        gettext("The PIN that it replaces opens nothing any more."),
        gettext("Make a new one"),
        to("resident.ways_in").location,
    )
    if asked is not None and _live(person, CredentialKind.PIN) and not was_sent(act):
        return asked

    def renew() -> str:
        pin = issue(act, person.person_id)
        if Method.PIN not in person.methods:
            choose_methods(act, person.person_id, {Method(name) for name in person.methods} | {Method.PIN})
        return pin

    pin = made_once(act, person.person_id, renew)
    return _page(person, act, fresh_pin=pin) if pin else to("resident.ways_in")


@bp.post("/two-ways")
@resident_required
def two_ways() -> Response | tuple[str, int]:
    """Store the person's own two-method request, or end it."""
    person, act = signed_in()
    chosen = request.form.get("wish", "")
    if chosen == "off":
        end_two_method_request(act, person.person_id)
        flash(gettext("Saved. One way in is enough again."), "done")
        return to("resident.ways_in")
    try:
        if chosen not in (*OFFERED_HOURS, OWN_HOURS):
            raise ActionRefused("wish", _l("Choose one."))
        request_two_methods(act, person.person_id, *(OFFERED_HOURS.get(chosen) or _typed_hours()))
    except ActionRefused as refused:
        errors = {refused.field or "wish": str(refused.message)}
        act.session.rollback()
        person, act = signed_in()
        return _page(person, act, errors=errors), 422
    flash(gettext("Saved. Gates receive it within a minute."), "done")
    return to("resident.ways_in")


def _typed_hours() -> tuple[int, int]:
    """Return the hours that were typed, as minutes of the day; raise ActionRefused beside the field."""
    hours = minute_of("wish_from"), minute_of("wish_until")
    if hours[0] == hours[1]:
        raise ActionRefused("wish_until", _l("This is the same time twice. For the whole day choose Always."))
    return hours


@bp.post("/cards/<credential_id>/suspend")
@resident_required
def suspend_card(credential_id: str) -> Response:
    """Suspend the person's own card at once."""
    person, act = signed_in()
    card = own_credential(person, credential_id, CredentialKind.CARD)
    if done_before(act):
        return to("resident.ways_in")
    suspend_credential(act, card.credential_id)
    flash(gettext("Your card is suspended. It opens nothing until you resume it."), "done")
    return to("resident.ways_in")


@bp.post("/cards/<credential_id>/resume")
@resident_required
def resume_card(credential_id: str) -> Response:
    """Resume the person's own card."""
    person, act = signed_in()
    card = own_credential(person, credential_id, CredentialKind.CARD)
    if done_before(act):
        return to("resident.ways_in")
    resume_credential(act, card.credential_id)
    flash(gettext("Your card works again."), "done")
    return to("resident.ways_in")


@bp.post("/suspension/end")
@resident_required
def end_own_suspension() -> Response:
    """End a suspension of the whole person that they are said to have asked for."""
    person, act = signed_in()
    resume_person(act, person.person_id)
    flash(gettext("The suspension has ended. Your ways in work again."), "done")
    return to("resident.ways_in")


@bp.post("/phones/<credential_id>/stop")
@resident_required
def stop_phone(credential_id: str) -> Page:
    """End the key of one phone, for good."""
    person, act = signed_in()
    key = own_credential(person, credential_id, CredentialKind.QR)
    asked = asks_first(
        gettext("Stop this phone's code?"),
        gettext("That phone's code opens nothing any more."),
        gettext("Stop it"),
        to("resident.ways_in").location,
    )
    if asked is not None:
        return asked
    end_credential(act, key.credential_id, "stopped by its owner")
    flash(gettext("That phone's code opens nothing any more."), "done")
    return to("resident.ways_in")
