"""All that an answer of the rules carries, and the first and last moment of each bound."""

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from gate_controller.contract.calendars import Span
from gate_controller.contract.passes import SITE_ITSELF, VisitorPass
from gate_controller.contract.records import (
    CredentialState,
    EndedPassRecord,
    Grant,
    HoursRecord,
    Method,
    Posture,
    QrCredential,
)
from gate_controller.rules.access import decide, posture_of
from gate_controller.rules.decision import Claim, Decision, GateMemory, Reason
from tests.support.compounds.people import HOME_OF_EMERGENCY, emergency_code, lane, person, pin, visitor_code
from tests.support.gates.worlds import CARD, FAR, NOON, PERSON, PIN_KEY, policy_of

TICK = timedelta(microseconds=1)
OLD = NOON - timedelta(days=31)
PIN, DURESS = pin("482915", PIN_KEY), pin("739146", PIN_KEY, credential_id="pin-2", duress=True)
QR, CODE = QrCredential("qr-1", PERSON), visitor_code("48291573", PIN_KEY, uses=2)
EMERGENCY = emergency_code("48291573", PIN_KEY, hold_minutes=20)
BY_CARD, BY_PIN = Claim(Method.CARD, PERSON, CARD), Claim(Method.PIN, PERSON, PIN)
BY_DURESS, BY_CODE = Claim(Method.PIN, PERSON, DURESS), Claim(Method.PIN, PERSON, CODE)
INSIDE = GateMemory(online=True, inside=frozenset({PERSON}))
HARD = (lane(antipassback="hard"), lane("north-out", direction="out", antipassback="soft"))
SOFT = (lane(antipassback="soft"), HARD[1])
BUSY = GateMemory(busy_lanes=frozenset({"north-out"}))
LOCKED = (lane(interlock_with=("north-out",)), HARD[1])
PASS = VisitorPass(
    pass_id="00000000000000b1", issuer_id=PERSON, valid_from=NOON, valid_until=FAR, uses=2, gate_numbers=(1,)
)


def answer(claim: Claim, *parts: object, memory: GateMemory = GateMemory(), now=NOON, issued_at=NOON):  # noqa: B008
    who = () if any(hasattr(part, "may_override") for part in parts) else (person(),)
    return decide(claim, "north-in", policy_of(*who, *parts, issued_at=issued_at), memory, now)


@pytest.mark.parametrize(
    ("claim", "parts", "memory", "expected"),
    [
        (BY_CARD, (), GateMemory(), Decision(True, Reason.GRANTED, PERSON, "card-1", 0.2)),
        (BY_PIN, (), GateMemory(), Decision(True, Reason.GRANTED, PERSON, "pin-1", 0.2)),
        (BY_DURESS, (), GateMemory(), Decision(True, Reason.GRANTED, PERSON, "pin-2", 0.2, True)),
        (
            BY_DURESS,
            (lane(posture=Posture.LOCKDOWN),),
            GateMemory(),
            Decision(False, Reason.LANE_LOCKDOWN, PERSON, "pin-2", duress=True),
        ),
        (BY_CARD, (person(grants=()),), GateMemory(), Decision(False, Reason.NO_GRANT, PERSON, "card-1")),
        (BY_CARD, HARD, INSIDE, Decision(False, Reason.ANTIPASSBACK, PERSON, "card-1")),
        (
            BY_DURESS,
            HARD,
            INSIDE,
            Decision(False, Reason.ANTIPASSBACK, PERSON, "pin-2", duress=True),
        ),
        (
            BY_CARD,
            SOFT,
            INSIDE,
            Decision(True, Reason.GRANTED, PERSON, "card-1", 0.2, antipassback_violated=True),
        ),
        (BY_CARD, LOCKED, BUSY, Decision(False, Reason.INTERLOCKED, PERSON, "card-1")),
        (BY_DURESS, LOCKED, BUSY, Decision(False, Reason.INTERLOCKED, PERSON, "pin-2", duress=True)),
        (
            BY_CARD,
            (person(may_override=True), lane(posture=Posture.DISABLED)),
            GateMemory(),
            Decision(True, Reason.OVERRIDE, PERSON, "card-1", 0.2),
        ),
        (
            BY_CARD,
            (person(slow_pass=True), lane(slow_pulse_seconds=9.0)),
            GateMemory(),
            Decision(True, Reason.GRANTED, PERSON, "card-1", 9.0),
        ),
    ],
)
def test_an_answer_says_for_whom_by_what_and_for_how_long(
    claim: Claim, parts: tuple, memory: GateMemory, expected: Decision
) -> None:
    assert answer(claim, *parts, memory=memory) == expected


def emergency(code: object, *parts: object, memory: GateMemory = GateMemory(), now=NOON) -> Decision:  # noqa: B008
    return answer(Claim(Method.PIN, None, code), HOME_OF_EMERGENCY, code, *parts, memory=memory, now=now)


def test_an_emergency_code_is_answered_under_its_own_id_and_for_the_lanes_time() -> None:
    opened = Decision(True, Reason.OVERRIDE, None, "emergency-1", 0.2, hold_minutes=20)
    assert emergency(EMERGENCY, lane()) == opened
    ended = replace(EMERGENCY, state=CredentialState.ENDED)
    assert emergency(ended, lane()) == Decision(False, Reason.CREDENTIAL_ENDED, None, "emergency-1")
    wrong = Claim(Method.PIN, None, ended, refusal=Reason.METHOD_STOPPED)
    assert answer(wrong, HOME_OF_EMERGENCY, lane()).reason is Reason.METHOD_STOPPED


def test_an_emergency_code_opens_from_its_first_moment_to_before_its_last_and_after_its_wait() -> None:
    later = replace(EMERGENCY, valid_from=NOON)
    assert emergency(later, lane(), now=NOON - TICK).reason is Reason.NOT_YET_VALID
    assert emergency(later, lane()).opens
    assert emergency(replace(EMERGENCY, valid_until=NOON), lane(), now=NOON - TICK).opens
    waits = GateMemory(delayed_until={Method.PIN: NOON})
    assert emergency(EMERGENCY, lane(), memory=waits, now=NOON - TICK).reason is Reason.METHOD_DELAYED
    assert emergency(EMERGENCY, lane(), memory=waits).opens


def test_a_staff_card_with_an_end_stops_with_the_age_of_the_policy() -> None:
    until = Claim(Method.CARD, PERSON, replace(CARD, valid_until=FAR))
    assert answer(until, person(may_override=True), issued_at=OLD).reason is Reason.POLICY_TOO_OLD
    assert answer(BY_CARD, person(may_override=True), issued_at=OLD).reason is Reason.GRANTED


def test_a_staff_members_other_ways_pass_over_nothing() -> None:
    staff, shut = person(may_override=True), lane(posture=Posture.LOCKDOWN)
    assert answer(BY_PIN, staff, shut).reason is Reason.LANE_LOCKDOWN
    assert answer(BY_CARD, staff, lane()).reason is Reason.GRANTED, "nothing was passed over"


@pytest.mark.parametrize(
    ("last", "second", "printed", "reason"),
    [
        (None, 0, False, Reason.GRANTED),
        (99, 100, False, Reason.GRANTED),
        (100, 100, False, Reason.CODE_REPLAYED),
        (101, 100, False, Reason.CODE_REPLAYED),
        (None, None, False, Reason.CODE_REPLAYED),
        (100, None, True, Reason.GRANTED),
    ],
)
def test_a_code_opens_once_and_only_forward(
    last: int | None, second: int | None, printed: bool, reason: Reason
) -> None:
    memory = GateMemory(last_seconds={"qr-1": last} if last is not None else {})
    claim = Claim(Method.QR, PERSON, QR, second=second, printed=printed)
    assert answer(claim, memory=memory).reason is reason


@pytest.mark.parametrize(("uses", "reason"), [(1, Reason.GRANTED), (2, Reason.USED_UP), (3, Reason.USED_UP)])
def test_a_visitors_code_and_pass_open_as_often_as_they_say(uses: int, reason: Reason) -> None:
    by_pass = Claim(Method.QR, PERSON, visitor_pass=PASS)
    memory = GateMemory(uses={"visit-1": uses, PASS.pass_id: uses})
    assert answer(BY_CODE, memory=memory).reason is answer(by_pass, memory=memory).reason is reason
    fresh = GateMemory()
    assert answer(BY_CODE, memory=fresh).reason is answer(by_pass, memory=fresh).reason is Reason.GRANTED
    endless = Claim(Method.QR, PERSON, visitor_pass=dataclasses.replace(PASS, uses=0))
    assert answer(endless, memory=memory).reason is Reason.GRANTED


def test_a_pass_opens_its_own_gates_within_its_window_unless_it_was_withdrawn() -> None:
    claim = Claim(Method.QR, PERSON, visitor_pass=PASS)
    assert answer(claim) == Decision(True, Reason.GRANTED, PERSON, PASS.pass_id, 0.2)
    assert answer(claim, now=NOON - TICK).reason is Reason.NOT_YET_VALID
    assert answer(claim, now=FAR - TICK).reason is Reason.GRANTED
    assert answer(claim, now=FAR).reason is Reason.EXPIRED
    assert answer(claim, memory=GateMemory(clock_sure=False)).reason is Reason.CLOCK_UNSURE
    assert answer(claim, EndedPassRecord(PASS.pass_id, until=FAR)).reason is Reason.PASS_WITHDRAWN
    elsewhere = Claim(Method.QR, PERSON, visitor_pass=dataclasses.replace(PASS, gate_numbers=(2,)))
    assert answer(elsewhere).reason is Reason.PASS_FOR_ANOTHER_GATE
    of_site = Claim(Method.QR, None, visitor_pass=dataclasses.replace(PASS, issuer_id=SITE_ITSELF))
    assert answer(of_site).reason is Reason.GRANTED
    for aged in (of_site, claim):
        assert answer(aged, issued_at=OLD).reason is Reason.POLICY_TOO_OLD


def test_a_delayed_method_waits_to_its_last_moment_and_no_other_waits() -> None:
    waits = GateMemory(delayed_until={Method.PIN: NOON})
    assert answer(BY_PIN, memory=waits, now=NOON - TICK).reason is Reason.METHOD_DELAYED
    assert answer(BY_PIN, memory=waits).reason is Reason.GRANTED
    assert answer(BY_CARD, memory=waits, now=NOON - TICK).reason is Reason.GRANTED


@pytest.mark.parametrize(("sure", "reason"), [(True, Reason.CODE_STALE), (False, Reason.CLOCK_UNSURE)])
def test_a_stale_code_under_an_unsure_clock_is_the_clocks_fault(sure: bool, reason: Reason) -> None:
    stale = Claim(Method.QR, PERSON, QR, second=1, refusal=Reason.CODE_STALE)
    assert answer(stale, memory=GateMemory(clock_sure=sure)).reason is reason
    forged = replace(stale, refusal=Reason.CODE_FORGED)
    assert answer(forged, memory=GateMemory(clock_sure=sure)).reason is Reason.CODE_FORGED


def test_of_several_grants_one_that_fits_is_enough_and_the_last_ones_fault_is_named() -> None:
    over, later = Grant(("north-in",), valid_until=NOON), Grant(("north-in",), valid_from=FAR)
    always, elsewhere = Grant(("north-in",)), Grant(("south-in",))
    for grants, reason in (
        ((over, always), Reason.GRANTED),
        ((always, over), Reason.GRANTED),
        ((over, later, elsewhere), Reason.NOT_YET_VALID),
        ((later, over), Reason.EXPIRED),
        ((elsewhere,), Reason.NO_GRANT),
        ((elsewhere, always), Reason.GRANTED),
    ):
        assert answer(BY_CARD, person(grants=grants)).reason is reason


@pytest.mark.parametrize(
    ("standing", "hours", "posture"),
    [
        (Posture.HELD_OPEN, {}, Posture.HELD_OPEN),
        (Posture.HELD_OPEN, {"never": Posture.LOCKDOWN}, Posture.NORMAL),
        (Posture.LOCKDOWN, {}, Posture.LOCKDOWN),
        (Posture.LOCKDOWN, {"never": Posture.HELD_OPEN}, Posture.LOCKDOWN),
        (Posture.DISABLED, {"never": Posture.HELD_OPEN}, Posture.DISABLED),
        (Posture.NORMAL, {"never": Posture.LOCKDOWN}, Posture.NORMAL),
    ],
)
def test_an_unsure_clock_shuts_a_lane_that_is_open_but_for_hours_and_opens_none(
    standing: Posture, hours: dict[str, Posture], posture: Posture
) -> None:
    never = HoursRecord("never", "", (Span(("holiday",), 0, 1),))
    policy = policy_of(lane(posture=standing, posture_hours=hours), never, issued_at=NOON)
    assert posture_of(policy.lanes["north-in"], policy, NOON, clock_sure=False) is posture


def test_a_visitor_needs_no_way_that_the_host_chose_and_a_resident_does() -> None:
    host = person(methods=(Method.FACE,))
    by_pass = Claim(Method.QR, PERSON, visitor_pass=PASS)
    assert answer(BY_CODE, host).reason is answer(by_pass, host).reason is Reason.GRANTED
    assert answer(BY_CARD, host).reason is Reason.METHOD_NOT_CHOSEN


def test_a_card_with_an_end_stops_with_the_age_of_the_policy_and_one_without_goes_on() -> None:
    until = Claim(Method.CARD, PERSON, replace(CARD, valid_until=FAR))
    assert answer(until, issued_at=OLD).reason is Reason.POLICY_TOO_OLD
    assert answer(BY_CARD, issued_at=OLD).reason is answer(until).reason is Reason.GRANTED
