"""Lock-outs are found: no way left, hardly any time, one lane of several, or an end that lies far ahead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import (
    CalendarRecord,
    Grant,
    HoursRecord,
    LaneRecord,
    Method,
    PersonRecord,
    Posture,
    PostureOverride,
    QrCredential,
    SiteRecord,
)
from web_admin.access.comparison import Comparison
from web_admin.access.lock_outs import kept_out
from web_admin.access.sent import GateSent, Part, PersonSent, Sent

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)
LANES = ("north-in", "south-in", "garage-in")
ALWAYS = Grant(LANES)


def sent(*grants: Grant, has_phone: bool = True, suspended: bool = False) -> Sent:
    """Return one gate with three lanes in and one out, and a person with these grants."""
    lanes = {
        lane_id: LaneRecord(
            lane_id=lane_id,
            gate_id="north",
            gate_number=1,
            name=lane_id,
            direction="out" if lane_id == "way-out" else "in",
            methods=(Method.CARD, Method.QR),
            pulse_seconds=1.0,
        )
        for lane_id in (*LANES, "way-out")
    }
    hours = {"tiny": HoursRecord("tiny", "tiny", ())}
    gate = GateSent("north", SiteRecord("site-1", "Court", "Asia/Shanghai", 32, 30), None, hours, lanes)
    phone = QrCredential(credential_id="1", person_id="a")
    record = PersonRecord(person_id="a", methods=(Method.QR,), grants=grants, suspended=suspended)
    return Sent((Part((gate,), {"a": PersonSent(record, (), (phone,) * has_phone)}),))


def found(before: Sent, after: Sent) -> frozenset[str]:
    return kept_out(Comparison(before, after, NOW))


@pytest.mark.parametrize(
    ("after", "is_kept_out"),
    [
        (sent(), True),
        (sent(ALWAYS, has_phone=False), True),
        (sent(Grant(LANES, "tiny")), True),
        (sent(Grant(("garage-in",))), True),
        (sent(Grant(("north-in", "south-in"))), False),
        (sent(Grant(("way-out",))), True),
        (sent(Grant(LANES, valid_from=NOW + timedelta(days=3))), False),
        (sent(Grant(LANES, valid_from=NOW + timedelta(days=4))), True),
        (sent(Grant(LANES, valid_until=NOW + timedelta(days=400))), True),
        (sent(ALWAYS, Grant(LANES, valid_until=NOW + timedelta(days=400))), False),
        (sent(ALWAYS), False),
    ],
)
def test_half_of_the_times_at_lanes_that_lead_in_or_less_is_no_way_home(
    after: Sent, is_kept_out: bool
) -> None:
    assert found(sent(ALWAYS), after) == (frozenset({"a"}) if is_kept_out else frozenset())


def test_who_had_no_way_in_before_loses_none() -> None:
    assert found(sent(Grant(LANES, "tiny")), sent()) == frozenset()
    assert found(sent(Grant(LANES, valid_until=NOW)), sent()) == frozenset()


def test_an_end_that_was_there_before_is_no_new_one() -> None:
    lease = Grant(LANES, valid_until=NOW + timedelta(days=400))
    assert found(sent(lease), sent(lease)) == frozenset()
    assert found(sent(lease), sent(Grant(LANES, valid_until=NOW + timedelta(days=300)))) == {"a"}


@pytest.mark.parametrize("days", [2, 30])
def test_what_is_left_for_a_time_alone_is_no_way_for_later(days: int) -> None:
    lent = Grant(LANES, valid_until=NOW + timedelta(days=days))
    assert found(sent(ALWAYS, lent), sent(lent)) == {"a"}
    assert found(sent(ALWAYS, lent), sent(ALWAYS)) == frozenset()


def test_many_ends_hide_none_of_them() -> None:
    ends = [NOW + timedelta(days=10 * weeks) for weeks in range(1, 9)]
    lent = [Grant(LANES, valid_until=end) for end in ends]
    assert found(sent(ALWAYS), sent(*lent)) == {"a"}


def test_a_suspension_hides_nothing_that_is_taken_meanwhile() -> None:
    assert found(sent(ALWAYS, suspended=True), sent(suspended=True)) == {"a"}
    assert found(sent(ALWAYS), sent(ALWAYS, suspended=True)) == {"a"}
    assert found(sent(ALWAYS, suspended=True), sent(ALWAYS, suspended=True)) == frozenset()
    assert found(sent(ALWAYS, suspended=True), sent(ALWAYS)) == frozenset()


def with_gates(sent: Sent, **gate: object) -> Sent:
    """Return the same of a gate with another calendar or other lanes."""
    return Sent(tuple(replace(part, gates=(replace(part.gates[0], **gate),)) for part in sent.parts))


@pytest.mark.parametrize("days", [2, 5, 20])
def test_an_order_that_shuts_a_lane_for_a_while_hides_nothing_that_is_taken_meanwhile(days: int) -> None:
    lanes = dict(sent().parts[0].gates[0].lanes)
    until = NOW + timedelta(days=days)
    for lane_id in ("north-in", "garage-in"):
        order = PostureOverride(Posture.LOCKDOWN, "manager-1", "drill", until)
        lanes[lane_id] = msgspec.structs.replace(lanes[lane_id], posture_override=order)
    before, after = (with_gates(sent(each), lanes=lanes) for each in (ALWAYS, Grant(("south-in",))))
    assert found(before, after) == {"a"}
    assert found(before, before) == frozenset()


def test_a_week_of_holidays_hides_nothing_that_is_taken_in_it() -> None:
    week = HoursRecord("tiny", "tiny", (Span(("mon", "tue", "wed", "thu", "fri"), 0, 1440),))
    holidays = {(NOW + timedelta(days=number)).date(): "holiday" for number in range(8)}
    at_work = (Grant(("south-in",)), Grant(("north-in", "garage-in"), "tiny"))
    before, after = (
        with_gates(sent(*grants), hours={"tiny": week}, calendar=CalendarRecord(holidays))
        for grants in (at_work, at_work[:1])
    )
    assert found(before, after) == {"a"}
