"""Lock-outs are found: no way home by what people have, hardly any time, or an end that lies far ahead."""

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
from web_admin.access.answers import how_many_may
from web_admin.access.comparison import Comparison
from web_admin.access.lock_outs import kept_out
from web_admin.access.sent import GateSent, Part, PersonSent, Sent

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)
LANES = ("north-in", "south-in", "garage-in")
ALWAYS = Grant(LANES)


WAY = (frozenset({"north-in"}), frozenset({"south-in"}), frozenset())
"""North is the outer gate, south that of the building; the units have no gates."""
DAY = Grant(("south-in", "garage-in"), "day")


def sent(
    *grants: Grant,
    has_phone: bool = True,
    suspended: bool = False,
    way_home: tuple[frozenset[str], ...] = (),
    drawer: bool = False,
) -> Sent:
    """Return one gate with three lanes in and one out, and a person with these grants.

    In the drawer lies a code on paper that the person has not seen.
    """
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
    every_day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    hours = {
        "tiny": HoursRecord("tiny", "tiny", ()),
        "day": HoursRecord("day", "day", (Span(every_day, 480, 960),)),
        "night": HoursRecord("night", "night", (Span(every_day, 960, 480),)),
    }
    gate = GateSent("north", SiteRecord("site-1", "Court", "Asia/Shanghai", 32, 30), None, hours, lanes)
    phone = QrCredential(credential_id="1", person_id="a")
    paper = QrCredential(credential_id="2", person_id="a")
    record = PersonRecord(person_id="a", methods=(Method.QR,), grants=grants, suspended=suspended)
    credentials = (phone,) * has_phone + (paper,) * drawer
    person = PersonSent(record, (), credentials, not_in_hand=frozenset({"2"}), way_home=way_home)
    return Sent((Part((gate,), {"a": person}),))


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


@pytest.mark.parametrize(
    ("after", "is_kept_out"),
    [
        (("north-in", "garage-in"), True),
        (("south-in", "garage-in"), True),
        (("garage-in",), True),
        (("north-in", "south-in"), False),
    ],
)
def test_the_loss_of_a_stage_of_the_way_home_is_one_of_all_of_it(
    after: tuple[str, ...], is_kept_out: bool
) -> None:
    pair = sent(ALWAYS, way_home=WAY), sent(Grant(after), way_home=WAY)
    assert found(*pair) == (frozenset({"a"}) if is_kept_out else frozenset())


def test_a_stage_that_its_person_could_not_pass_before_is_no_way_that_is_lost() -> None:
    garage_and_building = sent(Grant(("south-in", "garage-in")), way_home=WAY)
    assert found(garage_and_building, sent(Grant(("south-in",)), way_home=WAY)) == frozenset()
    assert found(garage_and_building, sent(Grant(("garage-in",)), way_home=WAY)) == {"a"}


def test_stages_that_open_at_different_hours_are_no_way_home() -> None:
    apart = sent(
        Grant(("north-in",), "day"), Grant(("south-in",), "night"), Grant(("garage-in",)), way_home=WAY
    )
    assert found(sent(ALWAYS, way_home=WAY), apart) == {"a"}


def test_hours_are_those_by_any_gate_however_many_open_in_the_rest() -> None:
    before = sent(Grant(("north-in",)), DAY)
    assert found(before, sent(Grant(LANES, "day"))) == {"a"}
    assert found(before, sent(Grant(("north-in", "garage-in")))) == frozenset()


def test_a_way_that_its_person_has_not_seen_takes_the_place_of_none() -> None:
    both = sent(ALWAYS, drawer=True)
    assert found(both, sent(ALWAYS, has_phone=False, drawer=True)) == {"a"}
    assert found(both, sent(ALWAYS)) == frozenset()


def test_the_only_way_counts_although_its_person_may_not_have_it_yet() -> None:
    assert found(sent(ALWAYS, has_phone=False, drawer=True), sent(ALWAYS, has_phone=False)) == {"a"}


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


@pytest.mark.parametrize(("lane_id", "without"), [("way-out", 1), ("garage-in", 0)])
def test_a_way_out_is_no_way_in_where_people_are_counted(lane_id: str, without: int) -> None:
    counts = how_many_may(sent(Grant((lane_id,))), NOW, NOW + timedelta(days=7))
    assert (counts.people, counts.without_a_way_in) == (1, without)
    assert counts.by_lane.keys() == {lane_id}
