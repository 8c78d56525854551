"""Pages to invite a visitor: a pass for once, often or every week, or eight digits for a courier."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from gate_controller.contract.records import Method
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.parameters import wall_clock_of
from web_admin.core.refusal import ActionRefused
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.own_visitors import own_codes, own_passes, own_series
from web_admin.visitors.actions import issue_pass, issue_visitor_code, may_invite
from web_admin.visitors.gate_sets import ALL, WAY, GateChoice
from web_admin.visitors.reach import (
    gates_for_a_code,
    gates_for_a_pass,
    gates_open_to,
    gates_with,
    lanes_for_a_code,
    reads_passes,
)
from web_admin.visitors.rules import window_of_tomorrow
from web_admin.visitors.weekly import DAYS, MAX_SERIES_DAYS, issue_series
from web_admin.web.gate_sets import LONG_LIST, offered_gates
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before, made_once
from web_admin.web.typed_times import day_of, minute_of

CODE_MINUTES = (30, 60, 120)
SHOWN_WEEKS = 8
"""How long a weekly pass lasts unless another end is typed."""


def _page(
    person: Person,
    act: Action,
    *,
    errors: Mapping[str, str] | None = None,
    fresh_code: str | None = None,
    fresh_until: datetime | None = None,
    fresh_gate: str | None = None,
) -> str:
    local_now = act.now.astimezone(ZoneInfo(site_of(person).timezone))
    open_to = gates_open_to(act.session, person, act.now)
    gates = gates_with(open_to, person, Method.QR)
    offered = offered_gates(person, gates)
    return render_template(
        "resident/visitors.html",
        person=person,
        site=site_of(person),
        may_invite=may_invite(person),
        gates=gates,
        way_names=offered.way_names,
        nearest=offered.nearest,
        usual_gates=WAY if offered.way else ALL,
        long_list=LONG_LIST,
        without_codes=[gate.name for gate in open_to if not reads_passes(gate)],
        passes=own_passes(person, act),
        weekly=own_series(person, act),
        codes=own_codes(person, act),
        errors=errors or {},
        fresh_code=fresh_code,
        fresh_until=fresh_until,
        fresh_gate=fresh_gate,
        offered_for_code=offered_gates(person, gates_with(open_to, person, Method.PIN)),
        form=request.form,
        code_minutes=CODE_MINUTES,
        first_day=local_now.strftime("%Y-%m-%dT%H:%M"),
        today=local_now.date().isoformat(),
        usual_end=(local_now.date() + timedelta(weeks=SHOWN_WEEKS)).isoformat(),
        latest_end=(local_now.date() + timedelta(days=MAX_SERIES_DAYS)).isoformat(),
        weekday=DAYS[local_now.weekday()],
        tab="visitors",
    )


@bp.get("/visitors")
@resident_required
def visitors() -> str:
    """Show the form for a pass, the form for a code, and what was given out."""
    person, act = signed_in()
    return _page(person, act)


@bp.post("/visitors")
@resident_required
def new_pass() -> Page:
    person, act = signed_in()
    if done_before(act):
        return to("resident.visitors")
    try:
        if request.form.get("uses") == "weekly":
            return to("resident.weekly_pass_page", series_id=_weekly(person, act))
        return to("resident.visitor_pass_page", pass_id=_once_or_often(person, act))
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        person, act = signed_in()
        return _page(person, act, errors={refused.field or "label": message}), 422


def _once_or_often(person: Person, act: Action) -> str:
    valid_from, valid_until = _window(act.now, ZoneInfo(site_of(person).timezone))
    row = issue_pass(
        act,
        issuer_person_id=person.person_id,
        label=request.form.get("label", ""),
        **asdict(_gates_of_visits(person, act)),
        valid_from=valid_from,
        valid_until=valid_until,
        uses=1 if request.form.get("uses") == "once" else 0,
    )
    return row.pass_id


def _weekly(person: Person, act: Action) -> str:
    row = issue_series(
        act,
        issuer_person_id=person.person_id,
        label=request.form.get("label", ""),
        **asdict(_wanted_gates()),
        days=request.form.getlist("days"),
        starts_minute=minute_of("starts_at"),
        ends_minute=minute_of("ends_at"),
        last_day=day_of("last_day"),
    )
    return row.series_id


def _gates_of_visits(person: Person, act: Action) -> GateChoice:
    """Return the chosen gates; of a way or all gates, for one visit, the gate that the page named."""
    wanted = _wanted_gates()
    if request.form.get("uses") != "once" or not wanted.gate_set:
        return wanted
    nearest = offered_gates(person, gates_for_a_pass(act.session, person, act.now)).nearest
    return GateChoice([nearest.number]) if nearest is not None else wanted


def _wanted_gates() -> GateChoice:
    """Return the chosen gates: the way to the home, all that are this person's, or one by its number."""
    wanted = request.form.get("gate_numbers", "")
    if wanted in (WAY, ALL):
        return GateChoice(gate_set=wanted)
    return GateChoice([int(wanted)] if wanted.isdecimal() and len(wanted) <= 5 else [])


def _window(now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the chosen start and end: the next 24 hours, tomorrow, or two typed moments."""
    when = request.form.get("when", "day")
    if when == "tomorrow":
        return window_of_tomorrow(now, zone)
    if when == "typed":
        return _typed("valid_from", zone), _typed("valid_until", zone)
    return None, None


def _typed(field: str, zone: ZoneInfo) -> datetime:
    typed = wall_clock_of(request.form.get(field, ""))
    if typed is None:
        raise ActionRefused(field, _l("Choose a day and a time."))
    return typed.replace(tzinfo=zone).astimezone(UTC)


@bp.post("/visitors/code")
@resident_required
def new_visitor_code() -> Page:
    """Make eight digits for one visit, shown on this answer only."""
    person, act = signed_in()
    minutes = request.form.get("minutes", "")
    gate_number = _code_gate()

    def make() -> str:
        return issue_visitor_code(
            act,
            home_id=person.home_id or "",
            issuer_person_id=person.person_id,
            lanes=lanes_for_a_code(act.session, person, gate_number, act.now),
            valid_minutes=int(minutes) if minutes in map(str, CODE_MINUTES) else 0,
        )

    try:
        code = made_once(act, person.person_id, make)
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        person, act = signed_in()
        return _page(person, act, errors={"code": message}), 422
    if not code:
        return to("resident.visitors")
    gates = gates_for_a_code(act.session, person, act.now)
    name = next(gate.name for gate in gates if gate_number in (None, gate.number))
    until = act.now + timedelta(minutes=int(minutes))
    return _page(person, act, fresh_code=code, fresh_until=until, fresh_gate=name)


def _code_gate() -> int | None:
    """Return the number of the gate chosen for a code; None where none was chosen, 0 for no number."""
    typed = request.form.get("gate_number", "")
    if not typed:
        return None
    return int(typed) if typed.isdecimal() and len(typed) <= 5 else 0
