"""Postures by the week: who may not be held open, who set what, when it begins and ends, as pages say it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.calendars import WEEKDAYS, Span
from gate_controller.contract.lane_sheet import PULSED_ONLY
from hardware.relays.locks import RULES
from tests.support.acting import add_lane, gate_view
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action
from web_admin.compound.models import Hours, Lane, Site
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.orders import set_override
from web_admin.gates.rules import spec_of
from web_admin.gates.schedules import (
    read_site_hours,
    remove_schedule,
    scheduled_now,
    schedules_of,
    set_schedule,
)
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.journal.models import AuditEntry

pytestmark = pytest.mark.publishing

# A Wednesday, 9:00 at the compound in Shanghai.
WEDNESDAY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
MORNING = Span(WEEKDAYS[:5], 8 * 60, 10 * 60)
NIGHT = Span(WEEKDAYS, 22 * 60, 6 * 60)


@pytest.fixture
def compound_begins():
    return WEDNESDAY


def at(day: int, hour: int) -> datetime:
    """Return an hour of July 2026 on the compound's wall clock."""
    return datetime(2026, 7, day, hour, tzinfo=UTC) - timedelta(hours=8)


def hours(act: Action, name: str, *spans: Span) -> str:
    return save_hours(act, None, name, spans).hours_id


def published(act: Action, now: datetime = WEDNESDAY) -> tuple:
    lane, site = act.session.get_one(Lane, "north-in"), act.session.get_one(Site, act.site_id)
    known = read_site_hours(act.session, site)
    return schedules_of(lane, known, now), scheduled_now(lane, known, now)


def be_moved_by(act: Action, lock: str) -> None:
    """Name this lock in the lane's live sheet."""
    row = act.session.get(LaneSheetRow, "north-in")
    assert row is not None
    row.live = msgspec.to_builtins(msgspec.structs.replace(WHOLE_SHEET, lock=lock, safety_input="photocell"))
    act.session.flush()


# -- acts ------------------------------------------------------------------------------------------


def test_a_schedule_reaches_the_gate_with_its_author_and_keeps_who_set_it_and_when(act: Action) -> None:
    add_lane(act)
    morning, night = hours(act, "Morning", MORNING), hours(act, "Night", NIGHT)
    set_schedule(act, "north-in", morning, "held_open")
    later = replace(act, actor_id="manager-2", now=act.now + timedelta(days=1))
    set_schedule(later, "north-in", night, "lockdown")
    record = gate_view(act).policy.lanes["north-in"]
    assert record.posture_hours == {morning: "held_open", night: "lockdown"}
    assert record.posture_author_id == "manager-2"
    listed, _ = published(act)
    assert [(one.hours_name, one.author_id, one.set_at) for one in listed] == [
        ("Morning", "manager-1", act.now),
        ("Night", "manager-2", later.now),
    ]
    kinds = act.session.scalars(select(AuditEntry.kind).order_by(AuditEntry.seq)).all()
    assert kinds.count("posture_scheduled") == 2


def test_saving_the_lane_changes_no_author_and_a_removed_schedule_is_gone(act: Action) -> None:
    add_lane(act)
    morning = hours(act, "Morning", MORNING)
    set_schedule(act, "north-in", morning, "held_open")
    other = replace(act, actor_id="manager-2")
    save_lane(other, "north", replace(spec_of(act.session.get_one(Lane, "north-in")), name="Renamed"))
    assert published(act)[0][0].author_id == "manager-1"
    for _ in range(2):
        remove_schedule(other, "north-in", morning)
    assert published(act) == ((), None)
    assert act.session.get_one(Lane, "north-in").schedule_authors == {}
    assert gate_view(act).policy.lanes["north-in"].posture_hours == {}


def test_what_takes_only_open_orders_is_what_the_locks_themselves_say() -> None:
    assert set(PULSED_ONLY) == {kind.value for kind, rules in RULES.items() if not rules.may_hold}


@pytest.mark.wide
@pytest.mark.parametrize("lock", PULSED_ONLY)
def test_a_drive_that_takes_only_open_orders_is_not_held_but_may_be_shut(act: Action, lock: str) -> None:
    add_lane(act)
    morning = hours(act, "Morning", MORNING)
    be_moved_by(act, lock)
    with pytest.raises(ActionRefused, match="cannot hold it open") as refused:
        set_schedule(act, "north-in", morning, "held_open")
    assert refused.value.field == "posture"
    with pytest.raises(ActionRefused, match="cannot hold it open"):
        set_override(act, "north-in", "held_open", "market", act.now + timedelta(hours=1))
    with pytest.raises(ActionRefused, match="cannot hold it open"):
        spec = spec_of(act.session.get_one(Lane, "north-in"))
        save_lane(act, "north", replace(spec, posture_hours={morning: "held_open"}))
    set_schedule(act, "north-in", morning, "lockdown")
    assert published(act)[0][0].posture == "lockdown"


@pytest.mark.parametrize(
    ("hours_id", "posture", "field"), [("gone", "held_open", "hours_id"), (None, "normal", "posture")]
)
def test_unknown_hours_and_postures_are_refused_in_a_sentence(
    act: Action, hours_id: str | None, posture: str, field: str
) -> None:
    add_lane(act)
    morning = hours(act, "Morning", MORNING)
    with pytest.raises(ActionRefused) as refused:
        set_schedule(act, "north-in", hours_id or morning, posture)
    assert refused.value.field == field


# -- when ------------------------------------------------------------------------------------------


def test_a_schedule_says_when_it_ends_or_next_begins_on_the_sites_wall_clock(act: Action) -> None:
    add_lane(act)
    set_schedule(act, "north-in", hours(act, "Morning", MORNING), "held_open")
    set_calendar_day(act, date(2026, 7, 2), "holiday", "a feast")
    [on], current = published(act)
    assert (on.is_on, on.begins_at, on.ends_at) == (True, None, at(1, 10))
    assert current.until == at(1, 10)
    [off], current = published(act, at(1, 11))
    assert (off.is_on, off.begins_at, off.ends_at) == (False, at(3, 8), at(3, 10))
    assert current is None


def test_where_schedules_meet_the_one_that_shuts_decides_and_ends_the_other(act: Action) -> None:
    add_lane(act)
    set_schedule(act, "north-in", hours(act, "All day", Span(WEEKDAYS, 0, 1440)), "held_open")
    set_schedule(act, "north-in", hours(act, "Night", NIGHT), "lockdown")
    _, by_day = published(act)
    assert (by_day.schedule.hours_name, by_day.until) == ("All day", at(1, 22))
    _, by_night = published(act, at(1, 23))
    assert (by_night.schedule.hours_name, by_night.until) == ("Night", at(2, 6))


def test_one_posture_over_hours_that_follow_each_other_ends_with_the_last(act: Action) -> None:
    add_lane(act)
    set_schedule(act, "north-in", hours(act, "Morning", MORNING), "held_open")
    set_schedule(act, "north-in", hours(act, "Noon", Span(WEEKDAYS, 600, 780)), "held_open")
    assert published(act)[1].until == at(1, 13)


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


@pytest.fixture
def morning(rows, compound):
    def add(session):
        session.add(
            Hours(
                hours_id="morning",
                site_id=compound.site_id,
                name="Morning rush",
                spans=[msgspec.to_builtins(MORNING)],
            )
        )
        return "morning"

    return rows(add)
