"""What hours decide at a lane (methods, postures, grants), and a two-method request."""

from datetime import timedelta

import pytest

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.records import (
    Grant,
    HoursRecord,
    Method,
    Posture,
    PostureOverride,
    TwoMethods,
)
from gate_controller.rules.access import decide, is_interlocked
from gate_controller.rules.decision import Claim, GateMemory, Reason
from tests.support.compounds.people import lane, person, pin
from tests.support.gates.worlds import CARD, FAR, NOON, PERSON, PIN_KEY, policy_of

NOON_MINUTE = 12 * 60  # NOON on the site's wall clock
MORNING = HoursRecord("hours", "", (Span(DAY_KINDS, 0, NOON_MINUTE),))
AFTERNOON = HoursRecord("hours", "", (Span(DAY_KINDS, NOON_MINUTE, 1439),))
MINUTE = timedelta(minutes=1)
BY_CARD = Claim(Method.CARD, PERSON, CARD)
PIN = pin("482915", PIN_KEY)
BY_PIN = Claim(Method.PIN, PERSON, PIN)
UNSURE = GateMemory(clock_sure=False)
STAFF = person(may_override=True)


def reason_of(claim: Claim, *parts: object, memory: GateMemory = GateMemory(), now=NOON) -> Reason:  # noqa: B008
    who = () if any(hasattr(part, "may_override") for part in parts) else (person(),)
    lanes = () if any(hasattr(part, "pulse_seconds") for part in parts) else (lane(),)
    policy = policy_of(*who, *lanes, *parts, CARD, PIN, issued_at=NOON)
    return decide(claim, "north-in", policy, memory, now).reason


@pytest.mark.parametrize(
    ("hours", "now", "reason"),
    [
        (AFTERNOON, NOON, Reason.GRANTED),
        (AFTERNOON, NOON - MINUTE, Reason.METHOD_NOT_OFFERED),
        (MORNING, NOON, Reason.METHOD_NOT_OFFERED),
        (MORNING, NOON - MINUTE, Reason.GRANTED),
    ],
)
def test_a_method_with_hours_is_offered_in_them_alone(hours: HoursRecord, now, reason: Reason) -> None:
    timed = lane(method_hours={Method.PIN: "hours"})
    assert reason_of(BY_PIN, timed, hours, now=now) is reason
    assert reason_of(BY_CARD, timed, hours, now=now) is Reason.GRANTED, "the card has no hours here"


def test_a_method_with_hours_needs_a_sure_clock_and_one_without_needs_none() -> None:
    timed = lane(method_hours={Method.PIN: "hours"})
    assert reason_of(BY_PIN, timed, AFTERNOON, memory=UNSURE) is Reason.CLOCK_UNSURE
    assert reason_of(BY_CARD, timed, AFTERNOON, memory=UNSURE) is Reason.GRANTED


@pytest.mark.parametrize(
    ("hours", "now", "reason"),
    [
        (AFTERNOON, NOON, Reason.LANE_LOCKDOWN),
        (AFTERNOON, NOON - MINUTE, Reason.GRANTED),
        (MORNING, NOON, Reason.GRANTED),
    ],
)
def test_a_lane_is_locked_by_its_schedule_at_its_hours(hours: HoursRecord, now, reason: Reason) -> None:
    locked = lane(posture_hours={"hours": Posture.LOCKDOWN})
    assert reason_of(BY_CARD, locked, hours, now=now) is reason
    passed_over = Reason.OVERRIDE if reason is Reason.LANE_LOCKDOWN else Reason.GRANTED
    assert reason_of(BY_CARD, STAFF, locked, hours, now=now) is passed_over


def test_a_normal_lane_is_locked_by_an_override_until_its_end() -> None:
    override = PostureOverride(Posture.LOCKDOWN, "staff-1", "a fight", NOON + MINUTE)
    locked = lane(posture_override=override)
    assert reason_of(BY_CARD, locked) is Reason.LANE_LOCKDOWN
    assert reason_of(BY_CARD, STAFF, locked) is Reason.OVERRIDE
    assert reason_of(BY_CARD, locked, now=NOON + MINUTE) is Reason.GRANTED
    opened = lane(posture=Posture.LOCKDOWN, posture_override=None)
    assert reason_of(BY_CARD, opened) is Reason.LANE_LOCKDOWN


def test_under_an_unsure_clock_an_override_that_locks_goes_on() -> None:
    ended = PostureOverride(Posture.LOCKDOWN, "staff-1", "a fight", NOON - MINUTE)
    assert reason_of(BY_CARD, lane(posture_override=ended), memory=UNSURE) is Reason.LANE_LOCKDOWN
    assert reason_of(BY_CARD, lane(posture_override=ended)) is Reason.GRANTED


@pytest.mark.parametrize(("hours", "reason"), [(AFTERNOON, Reason.GRANTED), (MORNING, Reason.OUTSIDE_HOURS)])
def test_a_grant_with_hours_opens_in_them_and_to_staff_at_any(hours: HoursRecord, reason: Reason) -> None:
    grants = (Grant(("north-in",), hours_id="hours"),)
    assert reason_of(BY_CARD, person(grants=grants), hours) is reason
    assert reason_of(BY_CARD, person(grants=grants, may_override=True), hours) is Reason.GRANTED
    dated = (Grant(("north-in",), hours_id="hours", valid_until=NOON),)
    assert reason_of(BY_CARD, person(grants=dated, may_override=True), hours) is Reason.EXPIRED


def test_a_grant_with_dates_and_no_hours_opens_at_any_hour_of_them() -> None:
    grants = (Grant(("north-in",), valid_until=FAR),)
    assert reason_of(BY_CARD, person(grants=grants)) is Reason.GRANTED
    assert reason_of(BY_CARD, person(grants=grants), now=FAR) is Reason.EXPIRED


def test_a_two_method_request_asks_for_the_second_at_its_hours_alone() -> None:
    requester = person(two_methods=TwoMethods(NOON_MINUTE, NOON_MINUTE + 60))
    shown = GateMemory(shown_before={PERSON: frozenset({Method.PIN})})
    assert reason_of(BY_CARD, requester) is Reason.SECOND_METHOD
    assert reason_of(BY_CARD, requester, now=NOON - MINUTE) is Reason.GRANTED
    assert reason_of(BY_CARD, requester, memory=shown) is Reason.GRANTED
    assert reason_of(BY_PIN, requester, memory=shown) is Reason.SECOND_METHOD
    cards_alone = lane(methods=(Method.CARD,))
    assert reason_of(BY_CARD, requester, cards_alone) is Reason.GRANTED, "this lane takes no second method"


def test_a_face_opens_under_a_sure_clock_alone() -> None:
    by_face = Claim(Method.FACE, PERSON)
    assert reason_of(by_face) is Reason.GRANTED
    assert reason_of(by_face, memory=UNSURE) is Reason.CLOCK_UNSURE


def test_a_pass_for_one_visit_opens_once() -> None:
    once = VisitorPass(
        pass_id="00000000000000b1",
        issuer_id=PERSON,
        valid_from=NOON,
        valid_until=FAR,
        uses=1,
        gate_numbers=(1,),
    )
    claim = Claim(Method.QR, PERSON, visitor_pass=once)
    assert reason_of(claim) is Reason.GRANTED
    assert reason_of(claim, memory=GateMemory(uses={once.pass_id: 1})) is Reason.USED_UP


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (GateMemory(online=True), Reason.ANTIPASSBACK),
        (GateMemory(online=False), Reason.GRANTED),
        (GateMemory(online=True, fire=True), Reason.GRANTED),
    ],
)
def test_antipassback_refuses_while_the_server_is_in_reach_and_nothing_burns(
    memory: GateMemory, reason: Reason
) -> None:
    inside = GateMemory(online=memory.online, fire=memory.fire, inside=frozenset({PERSON}))
    lanes = (lane(antipassback="hard"), lane("north-out", direction="out", antipassback="soft"))
    assert reason_of(BY_CARD, *lanes, memory=inside) is reason


def test_only_a_way_in_waits_for_the_lanes_it_names_and_none_in_a_fire() -> None:
    busy = frozenset({"yard-in"})
    waiting = lane(interlock_with=("yard-in",))
    assert is_interlocked(waiting, GateMemory(busy_lanes=busy))
    assert not is_interlocked(waiting, GateMemory(busy_lanes=frozenset({"other"})))
    assert not is_interlocked(waiting, GateMemory(busy_lanes=busy, fire=True))
    way_out = lane(direction="out", interlock_with=("yard-in",))
    assert not is_interlocked(way_out, GateMemory(busy_lanes=busy))


def test_a_lane_with_an_interlock_opens_while_the_other_is_shut() -> None:
    waiting = (lane(interlock_with=("north-out",)), lane("north-out", direction="out"))
    assert reason_of(BY_CARD, *waiting) is Reason.GRANTED
    busy = GateMemory(busy_lanes=frozenset({"north-out"}))
    assert reason_of(BY_CARD, *waiting, memory=busy) is Reason.INTERLOCKED


def test_a_lane_without_antipassback_says_nothing_of_a_person_who_is_inside() -> None:
    inside = GateMemory(online=True, inside=frozenset({PERSON}))
    policy = policy_of(person(), lane(antipassback="off"), CARD, issued_at=NOON)
    decision = decide(BY_CARD, "north-in", policy, inside, NOON)
    assert (decision.opens, decision.antipassback_violated) == (True, False)
