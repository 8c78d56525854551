"""Passes of visitors: given, shown and withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ColumnElement, select

from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, at_desk, by_phone, household, show_code, type_digits
from web_admin.action.base import Action, publish
from web_admin.compound.models import CredentialRow
from web_admin.core.refusal import ActionRefused
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.visitors.actions import issue_pass, issue_visitor_code, withdraw_pass
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import ends_after, opens_now_or_later, pass_state, states_in_sql
from web_admin.visitors.reach import gates_open_to
from web_admin.visitors.rules import window_of_tomorrow
from web_admin.visitors.uses import Use, state_with_uses
from web_admin.visitors.weekly import issue_series, pass_due


def pass_of(act: Action, issuer: str | None, **wanted: object) -> VisitorPassRow:
    return issue_pass(act, issuer_person_id=issuer, label="Friend", **{"gate_numbers": [1], **wanted})  # type: ignore[arg-type]


@pytest.mark.publishing
def test_a_pass_opens_for_a_day_by_default_and_not_after_it_was_withdrawn(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    row = pass_of(by_phone(act, person.person_id), person.person_id)
    assert row.valid_until - row.valid_from == timedelta(hours=24)
    assert show_code(act, row.text).opens
    withdraw_pass(by_phone(act, person.person_id), row.pass_id)
    assert (show_code(act, row.text).reason, pass_state(row, act.now)) == (Reason.PASS_WITHDRAWN, "withdrawn")


@pytest.mark.publishing
def test_a_pass_ends_with_the_issuer(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    row = pass_of(act, person.person_id)
    move_out(act, person.person_id)
    assert not show_code(act, row.text).opens


def test_a_pass_is_never_longer_than_a_week_or_than_the_issuers_own_right(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    with pytest.raises(ActionRefused, match="7 days"):
        pass_of(act, person.person_id, valid_until=act.now + timedelta(days=7, seconds=1))
    set_grants(act, person.person_id, [GrantSpec(("north-in",), valid_until=act.now + timedelta(hours=3))])
    with pytest.raises(ActionRefused, match="your own right"):
        pass_of(act, person.person_id)
    assert pass_of(act, person.person_id, valid_until=act.now + timedelta(hours=3)).pass_id


def test_a_counted_pass_names_one_gate_and_a_pass_names_only_gates_of_the_issuer(act: Action) -> None:
    add_lane(act)
    add_lane(act, "south")
    person = add_person(act, display_name="Lin", lanes=["north-in"])
    with pytest.raises(ActionRefused, match="exactly one gate"):
        pass_of(act, None, gate_numbers=[1, 2], uses=2)
    with pytest.raises(ActionRefused, match="your own right"):
        pass_of(act, person.person_id, gate_numbers=[2])
    assert [gate.gate_id for gate in gates_open_to(act.session, person, act.now)] == ["north"]


@pytest.mark.publishing
def test_only_staff_give_passes_in_the_sites_own_name_and_only_ones_own_pass_is_withdrawn(
    act: Action,
) -> None:
    add_lane(act)
    _, person = household(act)
    with pytest.raises(ActionRefused):
        pass_of(by_phone(act, person.person_id), None)
    row = pass_of(at_desk(act), None)
    assert show_code(act, row.text).opens
    with pytest.raises(ActionRefused):
        withdraw_pass(by_phone(act, person.person_id), row.pass_id)


@pytest.mark.parametrize("changes", [{"kind": "helper"}, {"age_band": "under_14"}])
def test_helpers_and_children_hand_out_nothing(act: Action, changes: dict[str, str]) -> None:
    add_lane(act)
    home, person = household(act)
    for name, value in changes.items():
        setattr(person, name, value)
    own = by_phone(act, person.person_id)
    issuing = (
        lambda: pass_of(own, person.person_id),
        lambda: pass_of(at_desk(act), person.person_id),
        lambda: issue_visitor_code(
            own, home_id=home.home_id, issuer_person_id=person.person_id, lanes=["north-in"]
        ),
        lambda: issue_series(
            own,
            issuer_person_id=person.person_id,
            label="x",
            gate_numbers=[1],
            days=["mon"],
            starts_minute=0,
            ends_minute=60,
            last_day=act.now.date() + timedelta(days=30),
        ),
    )
    for issue in issuing:
        with pytest.raises(ActionRefused, match="members of a home"):
            issue()


def test_a_weekly_pass_of_a_person_who_became_a_helper_is_signed_no_more(act: Action) -> None:
    add_lane(act)
    _home, person = household(act)
    row = issue_series(
        act,
        issuer_person_id=person.person_id,
        label="x",
        gate_numbers=[1],
        days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        starts_minute=0,
        ends_minute=24 * 60,
        last_day=act.now.date() + timedelta(days=30),
    )
    person.kind = "helper"
    act.session.flush()
    with pytest.raises(ActionRefused, match="members of a home"):
        pass_due(act, row.series_id)


@pytest.mark.publishing
def test_a_visitors_code_opens_its_lane_until_its_end(act: Action) -> None:
    add_lane(act)
    home, person = household(act)
    code = issue_visitor_code(
        act, home_id=home.home_id, issuer_person_id=person.person_id, lanes=["north-in"], valid_minutes=30
    )
    assert (len(code), type_digits(act, home.number, code).opens) == (8, True)
    later = replace(act, now=act.now + timedelta(minutes=31))
    assert type_digits(later, home.number, code).reason is Reason.EXPIRED


def test_a_visitors_code_is_refused_for_too_long_another_home_or_no_lane(act: Action) -> None:
    add_lane(act)
    home, person = household(act)
    other, _ = household(act, "4-1", "Wu")
    for wanted in ({"valid_minutes": 121}, {"home_id": other.home_id}, {"lanes": []}):
        with pytest.raises(ActionRefused):
            issue_visitor_code(
                act,
                **{
                    "home_id": home.home_id,
                    "issuer_person_id": person.person_id,
                    "lanes": ["north-in"],
                    **wanted,
                },  # type: ignore[arg-type]
            )
    set_grants(act, person.person_id, [GrantSpec(("north-in",), valid_until=act.now + timedelta(hours=1))])
    with pytest.raises(ActionRefused, match="your own right"):
        issue_visitor_code(
            act, home_id=home.home_id, issuer_person_id=person.person_id, lanes=["north-in"], valid_minutes=61
        )


@pytest.mark.publishing
def test_a_visitors_code_names_one_gate_where_it_is_made_and_where_it_is_published(act: Action) -> None:
    add_lane(act)
    add_lane(act, "south")
    home, person = household(act)
    lanes = ["north-in", "south-in"]
    with pytest.raises(ActionRefused, match="at one gate"):
        issue_visitor_code(act, home_id=home.home_id, issuer_person_id=person.person_id, lanes=lanes)
    code = issue_visitor_code(
        act, home_id=home.home_id, issuer_person_id=person.person_id, lanes=["north-in"]
    )
    assert type_digits(act, home.number, code).opens
    act.session.scalars(select(CredentialRow).where(CredentialRow.kind == "visitor_code")).one().lanes = lanes
    publish(act)
    assert type_digits(act, home.number, code).reason is Reason.PIN_WRONG


@pytest.mark.parametrize(
    ("now", "zone", "begin", "hours"),
    [
        ("2026-03-02T15:59Z", "Asia/Shanghai", "2026-03-02T16:00Z", 24),
        ("2026-03-02T16:00Z", "Asia/Shanghai", "2026-03-03T16:00Z", 24),
        ("2026-03-28T12:00Z", "Europe/Berlin", "2026-03-28T23:00Z", 23),
    ],
)
def test_tomorrow_lasts_from_midnight_to_midnight(now: str, zone: str, begin: str, hours: int) -> None:
    begins_at = datetime.fromisoformat(begin)
    window = window_of_tomorrow(datetime.fromisoformat(now), ZoneInfo(zone))
    assert window == (begins_at, begins_at + timedelta(hours=hours))


NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_pass(*, uses: int, begins: datetime = NOW - HOUR, withdrawn: bool = False) -> VisitorPassRow:
    return VisitorPassRow(
        uses=uses, valid_from=begins, valid_until=NOW + HOUR, withdrawn_at=NOW if withdrawn else None
    )


@pytest.mark.parametrize(
    ("allowed", "openings", "state"),
    [
        (1, 0, "live"),
        (1, 1, "used"),
        (2, 1, "live"),
        (2, 3, "used"),
        (0, 9, "live"),
    ],
)
def test_a_pass_that_counts_is_used_after_so_many_openings(allowed: int, openings: int, state: str) -> None:
    assert state_with_uses(a_pass(uses=allowed), [Use(NOW, "North")] * openings, NOW) == state


def test_only_a_live_pass_is_used_up() -> None:
    opened = [Use(NOW, "North")]
    assert state_with_uses(a_pass(uses=1, withdrawn=True), opened, NOW) == "withdrawn"
    assert state_with_uses(a_pass(uses=1, begins=NOW + HOUR / 2), opened, NOW) == "not_yet"


@pytest.mark.both_databases
@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_the_row_and_the_sql_say_the_same(act: Action, *, is_withdrawn: bool) -> None:
    add_lane(act)
    _home, host = household(act)
    row = issue_pass(act, issuer_person_id=host.person_id, label="Friend", gate_numbers=[1])
    if is_withdrawn:
        withdraw_pass(act, row.pass_id)
    for edge in (row.valid_from, row.valid_until):
        for seconds in (-1, 0, 1):
            now = edge + timedelta(seconds=seconds)

            def holds(condition: ColumnElement[bool]) -> bool:
                return act.session.scalars(select(VisitorPassRow).where(condition)).all() == [row]

            state = pass_state(row, now)
            assert [name for name, condition in states_in_sql(now).items() if holds(condition)] == [state]
            assert holds(opens_now_or_later(now)) is (state in ("live", "not_yet"))
            assert holds(ends_after(now)) is (now < row.valid_until)
