"""Pages of a person of the own home: a child, a helper, or a person with an unused invitation."""

from zoneinfo import ZoneInfo

from flask import abort, flash, render_template, request
from flask_babel import gettext

from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action
from web_admin.action.suspensions import in_the_way
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.queries import credential_of, live_credentials_of
from web_admin.people.at_home import LookedAfter, looked_after
from web_admin.people.home_helpers import change_helper, end_helper, give_helper_pin, set_helper_card
from web_admin.people.members import (
    agree_for_child,
    code_again,
    give_child_pin,
    set_child_card,
    take_agreement_back,
    take_invitation_back,
)
from web_admin.resident.ask_first import asks_first
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.home_forms import code_page, form_of_helper, typed_times, wanted_lanes
from web_admin.visitors.reach import gates_open_to
from web_admin.web.agreement_text import agreement_text
from web_admin.web.gate_sets import LONG_LIST, offered_gates
from web_admin.web.language import page_language
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before, made_once, was_sent


def _looked_after(person: Person, act: Action, person_id: str) -> LookedAfter:
    """Return a person whom this adult looks after; answer 404 for adults of the home and everyone else's."""
    found = looked_after(act, person, person_id)
    if found is None:
        abort(404)
    return found


def _page(
    person: Person,
    act: Action,
    person_id: str,
    *,
    errors: dict[str, str] | None = None,
    pin: str | None = None,
) -> str:
    shown = _looked_after(person, act, person_id)
    ways = [row for row in shown.person.credentials if row.state != "ended" and not row.duress]
    gates = gates_open_to(act.session, person, act.now)
    return render_template(
        "resident/home_person.html",
        person=person,
        site=site_of(person),
        shown=shown,
        cards=[
            row for row in ways if row.kind == CredentialKind.CARD and (shown.is_helper or shown.is_guardian)
        ],
        resumable={row.credential_id for row in ways if in_the_way(row.suspended_by, "home") is None},
        has_pin=any(row.kind == CredentialKind.PIN for row in ways),
        pin=pin,
        agreement_text=agreement_text(),
        gates=gates,
        offered=offered_gates(person, gates),
        long_list=LONG_LIST,
        filled=form_of_helper(shown.at_home),
        form=request.form,
        errors=errors or {},
        zone=ZoneInfo(site_of(person).timezone),
        today=act.now.astimezone(ZoneInfo(site_of(person).timezone)).date().isoformat(),
        tab="my_home",
    )


@bp.get("/home/with/<person_id>")
@resident_required
def at_home(person_id: str) -> str:
    """Show a person whom this adult looks after, never their passages."""
    person, act = signed_in()
    return _page(person, act, person_id)


@bp.post("/home/with/<person_id>/times")
@resident_required
def change_at_home(person_id: str) -> Page:
    """Change a helper's gates, hours and end."""
    person, act = signed_in()
    _looked_after(person, act, person_id)
    try:
        change_helper(act, person.person_id, person_id, lanes=wanted_lanes(person, act), times=typed_times())
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        person, act = signed_in()
        return _page(person, act, person_id, errors={refused.field or "last_day": message}), 422
    flash(gettext("Saved. Gates that are online know within seconds."), "done")
    return to("resident.at_home", person_id=person_id)


@bp.post("/home/with/<person_id>/pin")
@resident_required
def home_pin(person_id: str) -> Page:
    """Give a child or helper a new PIN, shown on this answer only."""
    person, act = signed_in()
    shown = _looked_after(person, act, person_id)
    asked = asks_first(
        gettext("Make a new PIN?"),
        gettext("The PIN that it replaces opens nothing any more."),
        gettext("Make a new one"),
        to("resident.at_home", person_id=person_id).location,
    )
    has_one = live_credentials_of(act.session, person_id, CredentialKind.PIN)
    if asked is not None and has_one and not was_sent(act):
        return asked
    give = give_helper_pin if shown.is_helper else give_child_pin
    pin = made_once(act, person.person_id, lambda: give(act, person.person_id, person_id))
    return _page(person, act, person_id, pin=pin) if pin else to("resident.at_home", person_id=person_id)


@bp.post("/home/with/<person_id>/cards/<credential_id>/<any(suspend, resume):what>")
@resident_required
def home_card(person_id: str, credential_id: str, what: str) -> Page:
    """Suspend or resume a card of a child or helper."""
    person, act = signed_in()
    shown = _looked_after(person, act, person_id)
    if credential_of(act.session, person_id, credential_id, CredentialKind.CARD) is None:
        abort(404)
    if done_before(act):
        return to("resident.at_home", person_id=person_id)
    set_card = set_helper_card if shown.is_helper else set_child_card
    set_card(act, person.person_id, person_id, credential_id, suspended=what == "suspend")
    flash(
        gettext("The card is suspended and opens nothing.")
        if what == "suspend"
        else gettext("The card works again."),
        "done",
    )
    return to("resident.at_home", person_id=person_id)


@bp.post("/home/with/<person_id>/code")
@resident_required
def home_code_again(person_id: str) -> Page:
    """Make a new code for a person who has not used theirs."""
    person, act = signed_in()
    invited = _looked_after(person, act, person_id).person
    asked = asks_first(
        gettext("Make a new code?"),
        gettext("The code that %(name)s has now ends.", name=invited.display_name),
        gettext("Make a new one"),
        to("resident.at_home", person_id=person_id).location,
    )
    if asked is not None:
        return asked
    code = made_once(act, person.person_id, lambda: code_again(act, person.person_id, person_id))
    return code_page(person, invited, code) if code else to("resident.at_home", person_id=person_id)


@bp.post("/home/with/<person_id>/end")
@resident_required
def end_at_home(person_id: str) -> Page:
    """End a helper, or take an unused invitation back."""
    person, act = signed_in()
    shown = _looked_after(person, act, person_id)
    end = end_helper if shown.is_helper else take_invitation_back
    asked = asks_first(
        gettext("End it for %(name)s?", name=shown.person.display_name),
        gettext("Nothing of theirs opens a gate any more."),
        gettext("End it"),
        to("resident.at_home", person_id=person_id).location,
    )
    if asked is not None:
        return asked
    end(act, person.person_id, person_id)
    flash(gettext("Ended. Their cards and PINs no longer open any gate."), "done")
    return to("resident.my_home")


@bp.post("/home/with/<person_id>/agree")
@resident_required
def agree_at_home(person_id: str) -> Page:
    """Record a guardian's agreement to a child's card and PIN."""
    person, act = signed_in()
    _looked_after(person, act, person_id)
    agree_for_child(act, person.person_id, person_id, page_language(), agreement_text())
    flash(gettext("You agreed. You can withdraw this here at any time."), "done")
    return to("resident.at_home", person_id=person_id)


@bp.post("/home/with/<person_id>/take-back")
@resident_required
def take_back_at_home(person_id: str) -> Page:
    """Take a guardian's agreement back; the child's card and PIN end."""
    person, act = signed_in()
    shown = _looked_after(person, act, person_id)
    asked = asks_first(
        gettext("Take your agreement back?"),
        gettext("The card and PIN of %(name)s end.", name=shown.person.display_name),
        gettext("Take it back"),
        to("resident.at_home", person_id=person_id).location,
    )
    if asked is not None:
        return asked
    take_agreement_back(act, person.person_id, person_id)
    flash(gettext("Withdrawn. The child's card and PIN no longer work."), "done")
    return to("resident.at_home", person_id=person_id)
