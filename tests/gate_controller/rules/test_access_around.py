"""What the lanes around refuse, who is inside already, staff cards and the emergency code."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gate_controller.contract.calendars import Span
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CredentialState,
    FaceRecord,
    Grant,
    HoursRecord,
    Method,
    PinCredential,
    Posture,
    VisitorCodeCredential,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from tests.support.compounds.people import HOME_OF_EMERGENCY, emergency_code, lane, person, pin, visitor_code
from tests.support.examples import examples
from tests.support.gates.worlds import CARD, FAR, NOON, PERSON, PIN_KEY, WORLDS, World, played, policy_of


@dataclass(frozen=True)
class Around:
    """What the gate knows beside the presentation, in plain values."""

    direction: str
    antipassback: str
    inside: bool
    online: bool
    fire: bool
    other_lane_open: bool


AROUND = st.builds(
    Around,
    direction=st.sampled_from(("in", "in", "out")),
    antipassback=st.sampled_from(("off", "soft", "hard")),
    inside=st.booleans(),
    online=st.booleans(),
    fire=st.sampled_from((False, False, True)),
    other_lane_open=st.booleans(),
)


def around(world: World, near: Around, **of_person: object) -> tuple[Claim, Policy, GateMemory]:
    """Make the same world with lanes that are interlocked and counted."""
    claim, policy, memory = played(world)
    lanes = {
        "north-in": replace(
            policy.lanes["north-in"],
            direction=near.direction,
            antipassback=near.antipassback,
            interlock_with=("north-inner",),
        )
    }
    persons = {PERSON: replace(policy.persons[PERSON], **of_person)}
    memory = dataclasses.replace(
        memory,
        online=near.online,
        fire=near.fire,
        inside=frozenset({PERSON}) if near.inside else frozenset(),
        busy_lanes=frozenset({"north-inner"}) if near.other_lane_open else frozenset({"north-garage"}),
    )
    return claim, dataclasses.replace(policy, lanes=lanes, persons=persons), memory


@settings(max_examples=examples(400), deadline=None)
@given(WORLDS, AROUND)
def test_the_lanes_around_refuse_exactly_whom_the_design_says(world: World, near: Around) -> None:
    claim, policy, memory = played(world)
    alone = decide(claim, "north-in", policy, memory, world.now)
    decision = decide(claim, "north-in", *around(world, near)[1:], world.now)
    counts = near.direction == "in" and world.shown not in ("visitor_code", "pass", "site_pass")
    again = near.antipassback != "off" and near.inside and counts
    held_back = near.direction == "in" and not near.fire
    expected = [
        (not alone.opens, alone.reason),
        (again and near.antipassback == "hard" and near.online and not near.fire, Reason.ANTIPASSBACK),
        (held_back and near.other_lane_open, Reason.INTERLOCKED),
        (True, Reason.GRANTED),
    ]
    reason = next(reason for applies, reason in expected if applies)
    assert decision.reason is reason
    assert decision.opens is (reason is Reason.GRANTED)
    assert decision.antipassback_violated is (again and decision.opens)


@settings(max_examples=examples(200), deadline=None)
@given(WORLDS, AROUND, st.booleans(), st.booleans())
def test_in_a_fire_and_on_the_way_out_no_other_lane_and_no_count_refuses(
    world: World, near: Around, fire: bool, may_override: bool
) -> None:
    near = dataclasses.replace(near, fire=fire, direction=near.direction if fire else "out")
    claim, policy, memory = around(world, near, may_override=may_override)
    reason = decide(claim, "north-in", policy, memory, world.now).reason
    assert reason not in (Reason.ANTIPASSBACK, Reason.INTERLOCKED)


@settings(max_examples=examples(200), deadline=None)
@given(WORLDS, AROUND)
def test_offline_no_person_is_refused_for_being_inside(world: World, near: Around) -> None:
    near = dataclasses.replace(near, online=False, inside=True, antipassback="hard")
    claim, policy, memory = around(world, near)
    assert decide(claim, "north-in", policy, memory, world.now).reason is not Reason.ANTIPASSBACK


SHUT = st.sampled_from((Posture.LOCKDOWN, Posture.DISABLED))


@settings(max_examples=examples(300), deadline=None)
@given(WORLDS, AROUND, SHUT, st.booleans())
def test_in_a_shut_lane_a_staff_card_alone_opens(
    world: World, near: Around, shut: Posture, may_override: bool
) -> None:
    world = dataclasses.replace(world, posture=shut, scheduled=None, override=None)
    claim, policy, memory = around(world, near, may_override=may_override)
    decision = decide(claim, "north-in", policy, memory, world.now)
    assert not decision.opens or (may_override and world.shown == "card")
    assert decision.reason is (Reason.OVERRIDE if decision.opens else decision.reason)
    assert not (decision.opens and decision.person_id != PERSON)


STAFF = person(may_override=True)
OUT = lane("north-out", direction="out", antipassback="soft")


@pytest.mark.parametrize("consented", [False, True])
@pytest.mark.parametrize("who", [person(), STAFF])
def test_a_consent_to_face_changes_no_decision_of_counted_and_interlocked_lanes(
    who: object, consented: bool
) -> None:
    counted = lane(antipassback="hard", interlock_with=("north-out",), posture=Posture.LOCKDOWN)
    parts = [who, CARD, counted, OUT, *[FaceRecord(PERSON, "consent-1", "engine")] * consented]
    policy = policy_of(*parts, issued_at=NOON)
    without = policy_of(who, CARD, counted, OUT, issued_at=NOON)
    claim, inside = Claim(Method.CARD, PERSON, CARD), frozenset({PERSON})
    for memory in (GateMemory(), GateMemory(online=True, inside=inside)):
        assert decide(claim, "north-in", policy, memory, NOON) == decide(
            claim, "north-in", without, memory, NOON
        )


INSIDE = GateMemory(online=True, inside=frozenset({PERSON}))
COUNTED = lane(antipassback="hard")


@pytest.mark.parametrize(
    ("who", "claim", "reason"),
    [
        (person(), Claim(Method.CARD, PERSON, CARD), Reason.ANTIPASSBACK),
        (person(), Claim(Method.PIN, PERSON, pin("482915", PIN_KEY)), Reason.ANTIPASSBACK),
        (person(), Claim(Method.PIN, PERSON, pin("482915", PIN_KEY, duress=True)), Reason.ANTIPASSBACK),
        (person(), Claim(Method.PIN, PERSON, visitor_code("48291573", PIN_KEY)), Reason.GRANTED),
        (STAFF, Claim(Method.CARD, PERSON, CARD), Reason.GRANTED),
        (STAFF, Claim(Method.PIN, PERSON, pin("482915", PIN_KEY)), Reason.ANTIPASSBACK),
    ],
)
def test_no_visitor_and_no_staff_card_is_refused_for_being_inside(
    who: object, claim: Claim, reason: Reason
) -> None:
    policy = policy_of(who, CARD, COUNTED, OUT, issued_at=NOON)
    decision = decide(claim, "north-in", policy, INSIDE, NOON)
    assert decision.reason is reason
    is_reported = decision.opens and not isinstance(claim.credential, VisitorCodeCredential)
    assert decision.antipassback_violated is is_reported


@settings(max_examples=examples(300), deadline=None)
@given(WORLDS, AROUND)
def test_a_duress_pin_opens_exactly_where_the_usual_pin_does_and_always_calls(
    world: World, near: Around
) -> None:
    claim, policy, memory = around(dataclasses.replace(world, shown="pin"), near)
    assert isinstance(claim.credential, PinCredential)
    in_silence = replace(claim, credential=replace(claim.credential, duress=True))
    by_usual = decide(claim, "north-in", policy, memory, world.now)
    by_duress = decide(in_silence, "north-in", policy, memory, world.now)
    assert by_duress == replace(by_usual, duress=True)


def test_an_interlock_holds_for_people_under_duress_and_for_staff() -> None:
    parts = (lane(interlock_with=("north-out",)), OUT, CARD)
    memory = GateMemory(busy_lanes=frozenset({"north-out"}))
    for who, claim in (
        (person(), Claim(Method.PIN, PERSON, pin("482915", PIN_KEY, duress=True))),
        (STAFF, Claim(Method.CARD, PERSON, CARD)),
    ):
        decision = decide(claim, "north-in", policy_of(who, *parts, issued_at=NOON), memory, NOON)
        assert decision.reason is Reason.INTERLOCKED
        assert decision.duress is isinstance(claim.credential, PinCredential)


# -- staff cards ---------------------------------------------------------------------------------------

NEVER = HoursRecord("never", "", (Span(("holiday",), 0, 1),))
BY_CARD = Claim(Method.CARD, PERSON, CARD)
ELSEWHERE = (Grant(("south-in",)),)
IN_NO_HOURS = (Grant(("north-in",), "never"),)
UNTIL_NOON = (Grant(("north-in",), valid_until=NOON),)
SOON_OVER = (Grant(("north-in",), valid_until=FAR),)
OLD = NOON - timedelta(days=31)


@pytest.mark.parametrize(
    ("who", "at_lane", "sure", "issued_at", "reason"),
    [
        (STAFF, lane(), True, NOON, Reason.GRANTED),
        (STAFF, lane(posture=Posture.LOCKDOWN), True, NOON, Reason.OVERRIDE),
        (STAFF, lane(posture=Posture.DISABLED), False, OLD, Reason.OVERRIDE),
        (STAFF, lane(method_hours={Method.CARD: "never"}), True, NOON, Reason.GRANTED),
        (replace(STAFF, grants=IN_NO_HOURS), lane(), True, NOON, Reason.GRANTED),
        (replace(STAFF, grants=IN_NO_HOURS), lane(), False, OLD, Reason.GRANTED),
        (replace(STAFF, grants=UNTIL_NOON), lane(), True, NOON, Reason.EXPIRED),
        (replace(STAFF, grants=SOON_OVER), lane(), False, NOON, Reason.CLOCK_UNSURE),
        (replace(STAFF, grants=SOON_OVER), lane(), True, OLD, Reason.POLICY_TOO_OLD),
        (replace(STAFF, grants=ELSEWHERE), lane(posture=Posture.LOCKDOWN), True, NOON, Reason.NO_GRANT),
        (replace(STAFF, suspended=True), lane(), True, NOON, Reason.PERSON_SUSPENDED),
        (replace(STAFF, methods=(Method.PIN,)), lane(), True, NOON, Reason.METHOD_NOT_CHOSEN),
        (person(), lane(posture=Posture.LOCKDOWN), True, NOON, Reason.LANE_LOCKDOWN),
    ],
)
def test_a_staff_card_passes_over_posture_and_hours_and_nothing_else(
    who: object, at_lane: object, sure: bool, issued_at: datetime, reason: Reason
) -> None:
    policy = policy_of(who, CARD, at_lane, NEVER, issued_at=issued_at)
    decision = decide(BY_CARD, "north-in", policy, GateMemory(clock_sure=sure), NOON)
    assert (decision.reason, decision.person_id) == (reason, PERSON)


def test_a_suspended_or_unknown_staff_card_opens_nothing() -> None:
    policy = policy_of(STAFF, CARD, issued_at=NOON)
    suspended = replace(CARD, state=CredentialState.SUSPENDED)
    for claim, reason in (
        (Claim(Method.CARD, PERSON, suspended), Reason.CREDENTIAL_SUSPENDED),
        (Claim(Method.CARD, refusal=Reason.CREDENTIAL_UNKNOWN), Reason.CREDENTIAL_UNKNOWN),
    ):
        assert decide(claim, "north-in", policy, GateMemory(), NOON).reason is reason
    assert decide(BY_CARD, "south-in", policy, GateMemory(), NOON).reason is Reason.UNKNOWN_LANE


# -- the emergency code --------------------------------------------------------------------------------

CODE = emergency_code("48291573", PIN_KEY, hold_minutes=20)


def shown_code(code: object, at_lane: object, memory: GateMemory, issued_at: datetime = NOON) -> object:
    policy = policy_of(at_lane, HOME_OF_EMERGENCY, OUT, code, issued_at=issued_at)
    return decide(Claim(Method.PIN, None, code), "north-in", policy, memory, NOON)


@pytest.mark.parametrize("posture", Posture)
def test_the_emergency_code_opens_whatever_the_lane_says(posture: Posture) -> None:
    shut = lane(methods=(Method.CARD,), posture=posture, antipassback="hard", interlock_with=("north-out",))
    busy = GateMemory(clock_sure=False, online=True, busy_lanes=frozenset({"north-out"}))
    decision = shown_code(CODE, shut, busy, OLD)
    assert (decision.opens, decision.reason, decision.hold_minutes) == (True, Reason.OVERRIDE, 20)
    assert (decision.person_id, decision.credential_id) == (None, "emergency-1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": CredentialState.ENDED}, Reason.CREDENTIAL_ENDED),
        ({"state": CredentialState.SUSPENDED}, Reason.CREDENTIAL_SUSPENDED),
        ({"lanes": ("south-in",)}, Reason.PASS_FOR_ANOTHER_GATE),
        ({"lanes": ()}, Reason.PASS_FOR_ANOTHER_GATE),
        ({"valid_until": NOON}, Reason.EXPIRED),
    ],
)
def test_an_emergency_code_that_ended_or_is_for_elsewhere_opens_nothing(
    changes: dict[str, object], reason: Reason
) -> None:
    decision = shown_code(replace(CODE, **changes), lane(), GateMemory())
    assert (decision.opens, decision.reason, decision.hold_minutes) == (False, reason, 0)


def test_an_emergency_code_with_an_end_opens_while_the_time_is_unknown() -> None:
    ended = replace(CODE, valid_until=NOON)
    assert shown_code(ended, lane(), GateMemory(clock_sure=False)).reason is Reason.OVERRIDE


def test_an_emergency_code_waits_after_failures_and_needs_a_known_lane() -> None:
    waits = GateMemory(delayed_until={Method.PIN: FAR})
    assert shown_code(CODE, lane(), waits).reason is Reason.METHOD_DELAYED
    policy = policy_of(HOME_OF_EMERGENCY, CODE, issued_at=NOON)
    elsewhere = decide(Claim(Method.PIN, None, CODE), "no-such-lane", policy, GateMemory(), NOON)
    assert elsewhere.reason is Reason.UNKNOWN_LANE
