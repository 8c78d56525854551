"""Weekly invitations, the addresses of passes, the copies that last a minute, and what was used."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from gate_controller.contract.journal_chain import GENESIS, JournalEntry, chain_entry
from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, at_desk, by_phone, household, show_code
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.people.actions import GrantSpec, move_out, set_grants, suspend_person
from web_admin.visitors.actions import issue_pass, issue_visitor_code, withdraw_pass
from web_admin.visitors.links import link_text, linked, renewed_text
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.uses import note_visitor_uses, uses_of
from web_admin.visitors.weekly import issue_series, next_visit, pass_due, series_state, withdraw_series

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY_NINE = datetime(2026, 3, 10, 9, 0, tzinfo=SHANGHAI)


def at(act: Action, moment: datetime) -> Action:
    """Return the same action at another time."""
    return replace(act, now=moment.astimezone(UTC))


@pytest.fixture
def host(act: Action) -> Person:
    add_lane(act)
    return household(act)[1]


def tuesdays(act: Action, issuer: str | None, **changes: object) -> VisitorSeriesRow:
    wanted = {
        "label": "Piano teacher",
        "gate_numbers": [1],
        "days": ["tue"],
        "starts_minute": 9 * 60,
        "ends_minute": 12 * 60,
        "last_day": date(2026, 4, 28),
        **changes,
    }
    return issue_series(act, issuer_person_id=issuer, **wanted)  # type: ignore[arg-type]


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


def test_who_moves_out_or_may_not_pass_has_no_visits_signed(act: Action, host: Person) -> None:
    row = tuesdays(act, host.person_id)
    during = at(act, TUESDAY_NINE)
    suspend_person(act, host.person_id, "lost everything")
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


# -- addresses and copies ----------------------------------------------------------------------------


def test_an_address_leads_to_its_own_pass_and_no_other_text_leads_anywhere(act: Action, host: Person) -> None:
    made, row = issue_pass(act, issuer_person_id=None, label="x", gate_numbers=[1]), tuesdays(act, None)
    text = link_text(act.sealer, "pass", made.pass_id)
    assert linked(act.session, act.sealer, text) is made
    assert linked(act.session, act.sealer, link_text(act.sealer, "series", row.series_id)) is row
    other_server = Sealer(bytes(32), bytes(32))
    changed = [text[:place] + "AB"[text[place] == "A"] + text[place + 1 :] for place in (0, 10, 31)]
    for wrong in (*changed, link_text(other_server, "pass", made.pass_id), "", "x", "ä" * 32, text + text):
        assert linked(act.session, act.sealer, wrong) is None


@pytest.mark.publishing
def test_a_renewed_copy_is_the_same_pass_for_less_than_a_minute(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=host.person_id, label="x", gate_numbers=[1], uses=1)
    later = at(act, act.now + timedelta(hours=2))
    copy = renewed_text(act.session, act.sealer, made, later.now)
    assert copy is not None
    decision = show_code(later, copy)
    assert (decision.opens, decision.credential_id) == (True, made.pass_id)
    minutes_on = {
        minutes: show_code(at(later, later.now + timedelta(minutes=minutes)), copy).reason
        for minutes in (-1, 1)
    }
    assert minutes_on == {-1: Reason.NOT_YET_VALID, 1: Reason.EXPIRED}
    withdraw_pass(act, made.pass_id)
    assert show_code(later, copy).reason is Reason.PASS_WITHDRAWN
    assert renewed_text(act.session, act.sealer, made, later.now) is None


@pytest.mark.publishing
def test_a_renewed_copy_never_reaches_over_the_pass(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=None, label="x", gate_numbers=[1])
    at_end = at(act, made.valid_until - timedelta(seconds=1))
    copy = renewed_text(act.session, act.sealer, made, at_end.now)
    assert copy is not None
    assert show_code(at_end, copy).opens
    assert show_code(at(act, made.valid_until), copy).reason is Reason.EXPIRED
    assert renewed_text(act.session, act.sealer, made, made.valid_until) is None


# -- used --------------------------------------------------------------------------------------------


def opened(seq: int, moment: datetime, shown_id: str, method: str = "qr", opens: bool = True) -> JournalEntry:
    facts = {"lane_id": "north-in", "method": method, "opens": opens, "reason": "granted"}
    return chain_entry(GENESIS, seq, moment, "access", facts, {"person_id": None, "credential_id": shown_id})


def test_uses_of_passes_and_codes_are_noted_and_nothing_else(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=host.person_id, label="x", gate_numbers=[1])
    issue_visitor_code(act, home_id=host.home_id or "", issuer_person_id=host.person_id, lanes=["north-in"])
    code_id = host.credentials[0].credential_id
    entries = [
        opened(1, act.now, made.pass_id),
        opened(2, act.now + timedelta(minutes=1), made.pass_id),
        opened(3, act.now, code_id, "pin"),
        opened(4, act.now, made.pass_id, opens=False),
        opened(5, act.now, "another-phone"),
    ]
    note_visitor_uses(act.session, act.session.get_one(Gate, "north"), entries, act.now)
    uses = uses_of(act.session, [made.pass_id, code_id, "another-phone"])
    assert {key: [use.at for use in found] for key, found in uses.items()} == {
        made.pass_id: [act.now + timedelta(minutes=1), act.now],
        code_id: [act.now],
    }
    assert uses[code_id][0].gate_name == "North"
    assert act.session.scalar(select(func.count()).select_from(VisitorPassRow)) == 1
