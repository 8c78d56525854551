"""Weekly invitations, the addresses of passes, the copies that last a minute, and what was used."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from gate_controller.contract.journal_chain import GENESIS, JournalEntry, chain_entry
from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, at_desk, by_phone, household, show_code
from tests.support.suspending import suspend_for_days
from tests.web_admin.visitors.tuesdays import at, tuesdays
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.pins import issue_pin
from web_admin.people.actions import GrantSpec, move_out, set_grants
from web_admin.visitors.actions import issue_pass, issue_visitor_code, withdraw_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.uses import note_visitor_uses, uses_of
from web_admin.visitors.weekly import next_visit, pass_due, reopen_series, series_state, withdraw_series

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY_NINE = datetime(2026, 3, 10, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture
def host(act: Action) -> Person:
    add_lane(act)
    return household(act)[1]


def due_text(act: Action, row: VisitorSeriesRow) -> str:
    due = pass_due(act, row.series_id)
    assert due is not None
    return due.text


# -- weekly ------------------------------------------------------------------------------------------


@pytest.mark.publishing
def test_each_visit_opens_in_its_own_hours_alone(act: Action, host: Person) -> None:
    row = tuesdays(by_phone(act, host.person_id), host.person_id)
    assert pass_due(act, row.series_id) is None
    text = due_text(at(act, TUESDAY_NINE - timedelta(hours=11)), row)
    shown = {
        hours: show_code(at(act, TUESDAY_NINE + timedelta(hours=hours)), text).reason
        for hours in (-0.1, 0, 2.9, 3, 7 * 24)
    }
    assert shown == {
        -0.1: Reason.NOT_YET_VALID,
        0: Reason.GRANTED,
        2.9: Reason.GRANTED,
        3: Reason.EXPIRED,
        7 * 24: Reason.EXPIRED,
    }
    next_week = at(act, TUESDAY_NINE + timedelta(days=7))
    assert show_code(next_week, due_text(next_week, row)).opens


def test_no_signed_pass_lives_longer_than_its_visit_and_none_is_signed_twice(
    act: Action, host: Person
) -> None:
    row = tuesdays(act, host.person_id)
    during = at(act, TUESDAY_NINE + timedelta(minutes=5))
    assert due_text(during, row) == due_text(during, row)
    rows = act.session.scalars(select(VisitorPassRow)).all()
    assert [(made.valid_until - made.valid_from, made.issuer_person_id) for made in rows] == [
        (timedelta(hours=3), host.person_id)
    ]


@pytest.mark.publishing
def test_withdrawing_ends_the_visit_that_runs_and_signs_no_other(act: Action, host: Person) -> None:
    row = tuesdays(act, host.person_id)
    during = at(act, TUESDAY_NINE + timedelta(hours=1))
    text = due_text(during, row)
    withdraw_series(by_phone(during, host.person_id), row.series_id)
    assert show_code(during, text).reason is Reason.PASS_WITHDRAWN
    assert pass_due(at(act, TUESDAY_NINE + timedelta(days=7)), row.series_id) is None
    assert series_state(row, SHANGHAI, during.now) == "withdrawn"


def test_what_is_reopened_is_what_ended_with_the_invitation(act: Action, host: Person) -> None:
    row = tuesdays(act, host.person_id)
    first = pass_due(at(act, TUESDAY_NINE), row.series_id)
    assert first is not None
    withdraw_pass(act, first.pass_id)
    later = at(act, TUESDAY_NINE + timedelta(days=7))
    second = pass_due(later, row.series_id)
    assert second is not None
    withdraw_series(later, row.series_id)
    reopen_series(later, row.series_id)
    assert (first.withdrawn_at, second.withdrawn_at, row.withdrawn_at) == (act.now, None, None)


def test_who_moves_out_or_may_not_pass_has_no_visits_signed(act: Action, host: Person) -> None:
    row = tuesdays(act, host.person_id)
    during = at(act, TUESDAY_NINE)
    suspend_for_days(act, host.person_id)
    with pytest.raises(ActionRefused, match="may not pass at present"):
        pass_due(during, row.series_id)
    move_out(act, host.person_id)
    assert pass_due(during, row.series_id) is None


def test_a_weekly_pass_stays_inside_its_issuers_own_right(act: Action, host: Person) -> None:
    until = datetime(2026, 4, 28, 11, 59, tzinfo=SHANGHAI)
    set_grants(act, host.person_id, [GrantSpec(("north-in",), valid_until=until)])
    with pytest.raises(ActionRefused, match="your own right"):
        tuesdays(act, host.person_id)
    assert tuesdays(act, host.person_id, last_day=date(2026, 4, 27)).series_id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days": []}, "days"),
        ({"days": ["tuesday"]}, "days"),
        ({"starts_minute": 720, "ends_minute": 720}, "ends_at"),
        ({"ends_minute": 1441}, "ends_at"),
        ({"last_day": date(2026, 3, 1)}, "last_day"),
        ({"last_day": date(2026, 12, 24)}, "last_day"),
        ({"last_day": date(2026, 3, 6)}, "last_day"),
        ({"label": " "}, "label"),
        ({"gate_numbers": [9]}, "gate_numbers"),
    ],
)
def test_what_cannot_be_a_weekly_pass_is_refused_beside_its_field(
    act: Action, host: Person, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(ActionRefused) as refused:
        tuesdays(act, host.person_id, **changes)
    assert refused.value.field == field


def test_no_resident_withdraws_the_weekly_pass_of_another(act: Action, host: Person) -> None:
    other = household(act, "4-1", "Wu")[1]
    own, office = tuesdays(act, host.person_id), tuesdays(at_desk(act), None)
    for row in (own, office):
        with pytest.raises(ActionRefused):
            withdraw_series(by_phone(act, other.person_id), row.series_id)
    assert (office.author_id, own.author_id) == ("manager-1", None)


def test_visits_keep_their_wall_clock_when_the_clocks_change() -> None:
    zone = ZoneInfo("Europe/Berlin")
    row = VisitorSeriesRow(
        days=["sun"],
        starts_minute=540,
        ends_minute=720,
        first_day=date(2026, 3, 22),
        last_day=date(2026, 3, 29),
    )
    shown = [
        visit and visit[1].astimezone(UTC).hour
        for day in (22, 29, 30)
        for visit in [next_visit(row, zone, datetime(2026, 3, day, 0, tzinfo=zone))]
    ]
    assert shown == [8, 7, None]


# -- used --------------------------------------------------------------------------------------------


def opened(seq: int, moment: datetime, shown_id: str, method: str = "qr", opens: bool = True) -> JournalEntry:
    facts = {"lane_id": "north-in", "method": method, "opens": opens, "reason": "granted"}
    return chain_entry(GENESIS, seq, moment, "access", facts, {"person_id": None, "credential_id": shown_id})


def test_uses_of_passes_and_codes_are_noted_and_nothing_else(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=host.person_id, label="x", gate_numbers=[1])
    issue_visitor_code(act, home_id=host.home_id or "", issuer_person_id=host.person_id, lanes=["north-in"])
    code_id = host.credentials[0].credential_id
    issue_pin(at_desk(act), host.person_id)
    (pin_id,) = act.session.scalars(
        select(CredentialRow.credential_id).where(CredentialRow.kind == "pin")
    ).all()
    entries = [
        opened(1, act.now, made.pass_id),
        opened(2, act.now + timedelta(minutes=1), made.pass_id),
        opened(3, act.now, code_id, "pin"),
        opened(4, act.now, made.pass_id, opens=False),
        opened(5, act.now, pin_id, "pin"),
    ]
    note_visitor_uses(act.session, act.session.get_one(Gate, "north"), entries, act.now)
    uses = uses_of(act.session, [made.pass_id, code_id, pin_id])
    assert {key: [use.at for use in found] for key, found in uses.items()} == {
        made.pass_id: [act.now + timedelta(minutes=1), act.now],
        code_id: [act.now],
    }
    assert uses[code_id][0].gate_name == "North"
    assert act.session.scalar(select(func.count()).select_from(VisitorPassRow)) == 1
