"""Requests about the calls from gates: whether and how the home is called, who is, and what was missed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import abort, flash, request
from flask_babel import gettext

from web_admin.action.base import Action
from web_admin.calls import wishes
from web_admin.calls.missed import note_seen
from web_admin.calls.reach import called_persons, wishes_of
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.people.members import member_who_may
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.calls_shown import ORDERS, page_of_calls
from web_admin.visitors.reach import gates_open_to
from web_admin.web.desk_session import current_visit
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.typed_times import minute_of
from web_admin.web.week_words import clock_of

AN_HOUR = timedelta(hours=1)
MORNING_HOUR = 8


@bp.get("/calls")
@resident_required
def calls() -> str:
    """Show how the home is called, and its last calls."""
    return page_of_calls()


@bp.post("/calls/seen")
@resident_required
def calls_seen() -> Page:
    person, act = signed_in()
    if person.home_id is not None and person.kind == "resident" and current_visit() is None:
        note_seen(act.session, person.home_id, act.now)
    return to("resident.calls")


def changed(change: Callable[[Action, Person], object], said: str, anchor: str = "") -> Page:
    """Do one change as an adult of the home, and show the page with what it says or refuses."""
    person, act = signed_in()
    try:
        change(act, member_who_may(act, person.person_id))
    except ActionRefused as refused:
        field, message = refused.field or "wishes", str(refused.message)
        act.session.rollback()
        return page_of_calls({field: message}), 422
    flash(said, "done")
    return to("resident.calls", _anchor=anchor or None)


@bp.post("/calls/switch")
@resident_required
def switch_calls() -> Page:
    """Let gates call the home, or let them call it no more."""
    on = request.form.get("on") == "1"
    said = _calls_are_on() if on else gettext("Calls are off.")
    return changed(lambda act, member: wishes.switch_calls(act, member, on=on), said)


def _calls_are_on() -> str:
    """Say so with the hours at which no call comes: most homes never look them up."""
    person, act = signed_in()
    row = None if person.home_id is None else wishes_of(act.session, person.home_id)
    first, end = wishes.FIRST_QUIET if row is None else (row.quiet_from, row.quiet_until)
    if first is None or end is None:
        return str(gettext("Calls are on. Now switch on ringing on this phone."))
    hours = {"first": clock_of(first), "end": clock_of(end)}
    text: str = gettext(
        "Calls are on. Quiet from %(first)s to %(end)s. Now switch on ringing on this phone.", **hours
    )
    return text


@bp.post("/calls/disturb")
@resident_required
def do_not_disturb() -> Page:
    """Keep calls away for an hour or until tomorrow, or take them again."""
    person, act = signed_in()
    until = _dnd_until(request.form.get("for", ""), act.now, ZoneInfo(site_of(person).timezone))
    said = gettext("No calls until then.") if until else gettext("Calls come again.")
    return changed(lambda act, member: wishes.do_not_disturb(act, member, until), said)


def _dnd_until(word: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    if word == "hour":
        return now + AN_HOUR
    if word != "tomorrow":
        return None
    day = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, MORNING_HOUR, tzinfo=zone)


@bp.post("/calls/order")
@resident_required
def choose_call_order() -> Page:
    """Keep in which order the home is reached."""
    first = ORDERS.get(request.form.get("first", ""), ())
    guard = request.form.get("guard") == "1"
    said = gettext("Saved.")
    return changed(lambda act, member: wishes.choose_reach(act, member, first, guard=guard), said)


@bp.post("/calls/quiet")
@resident_required
def choose_quiet_hours() -> Page:
    """Keep the hours at which no call comes."""

    def change(act: Action, member: Person) -> None:
        is_on = request.form.get("quiet") == "1"
        hours = (minute_of("quiet_from"), minute_of("quiet_until")) if is_on else None
        wishes.choose_quiet_hours(act, member, hours)

    return changed(change, gettext("Saved."))


@bp.post("/calls/gates")
@resident_required
def choose_call_gates() -> Page:
    person, act = signed_in()
    shown = {gate.gate_id for gate in gates_open_to(act.session, person, act.now)}
    blocked = shown.difference(request.form.getlist("gates"))
    return changed(
        lambda act, member: wishes.choose_blocked_gates(act, member, blocked, shown=shown), gettext("Saved.")
    )


@bp.post("/calls/couriers")
@resident_required
def choose_couriers() -> Page:
    """Keep what happens when a courier names the home."""
    word = request.form.get("courier", "")
    return changed(lambda act, member: wishes.choose_courier(act, member, word), gettext("Saved."))


@bp.post("/calls/label")
@resident_required
def choose_call_label() -> Page:
    """Keep under which words the gates' list has the home."""
    label = request.form.get("label", "")
    said = gettext("Saved. Gates list your home within a minute.") if label.strip() else gettext("Saved.")
    return changed(lambda act, member: wishes.choose_label(act, member, label), said)


@bp.post("/calls/people")
@resident_required
def choose_called() -> Page:
    """Keep who of the home is called."""
    chosen = request.form.getlist("people")
    return changed(lambda act, member: wishes.choose_called(act, member, chosen), gettext("Saved."))


@bp.post("/calls/people/<person_id>/earlier")
@resident_required
def call_earlier(person_id: str) -> Page:
    person, act = signed_in()
    if person.home_id is None or person_id not in called_persons(act.session, person.home_id):
        abort(404)
    return changed(
        lambda act, member: wishes.call_earlier(act, member, person_id), gettext("Saved."), "people"
    )
