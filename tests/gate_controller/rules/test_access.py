"""The rules against a naive model, and each reason by its case."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.records import (
    CardCredential,
    CredentialRecord,
    HoursRecord,
    Method,
    Posture,
    PostureOverride,
    QrCredential,
)
from gate_controller.rules.access import decide, posture_of
from gate_controller.rules.decision import Claim, GateMemory, Reason
from tests.support.compounds.people import lane, person, pin, visitor_code
from tests.support.examples import examples
from tests.support.gates.worlds import (
    CARD,
    FAR,
    MAX_AGE_DAYS,
    NOON,
    PERSON,
    PIN_KEY,
    WORLDS,
    World,
    model_opens,
    played,
    policy_of,
)


@settings(max_examples=examples(600), deadline=None)
@given(WORLDS)
def test_the_rules_open_exactly_what_a_naive_model_opens(world: World) -> None:
    claim, policy, memory = played(world)
    assert decide(claim, "north-in", policy, memory, world.now).opens == model_opens(world)


@settings(max_examples=examples(150), deadline=None)
@given(WORLDS, st.sampled_from(Reason))
def test_a_claim_that_was_refused_before_the_rules_never_opens(world: World, reason: Reason) -> None:
    claim, policy, memory = played(world)
    assert not decide(replace(claim, refusal=reason), "north-in", policy, memory, world.now).opens


@settings(max_examples=examples(150), deadline=None)
@given(WORLDS)
def test_an_unknown_lane_or_person_never_opens(world: World) -> None:
    claim, policy, memory = played(world)
    assert not decide(claim, "no-such-lane", policy, memory, world.now).opens
    stranger = replace(claim, person_id="nobody", visitor_pass=None)
    assert not decide(stranger, "north-in", policy, memory, world.now).opens


# -- reasons, one by one -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "claim", "reason"),
    [
        ((person(), CARD), Claim(Method.CARD, PERSON, CARD), Reason.GRANTED),
        ((person(),), Claim(Method.CARD, PERSON), Reason.CREDENTIAL_UNKNOWN),
        ((person(suspended=True), CARD), Claim(Method.CARD, PERSON, CARD), Reason.PERSON_SUSPENDED),
        ((person(methods=(Method.PIN,)), CARD), Claim(Method.CARD, PERSON, CARD), Reason.METHOD_NOT_CHOSEN),
        ((person(grants=()), CARD), Claim(Method.CARD, PERSON, CARD), Reason.NO_GRANT),
        (
            (lane(posture=Posture.LOCKDOWN), person(), CARD),
            Claim(Method.CARD, PERSON, CARD),
            Reason.LANE_LOCKDOWN,
        ),
        (
            (lane(posture=Posture.DISABLED), person(), CARD),
            Claim(Method.CARD, PERSON, CARD),
            Reason.LANE_DISABLED,
        ),
        (
            (lane(methods=(Method.CARD,)), person()),
            Claim(Method.PIN, PERSON, pin("482915", PIN_KEY)),
            Reason.METHOD_NOT_OFFERED,
        ),
        (
            (person(),),
            Claim(Method.PIN, PERSON, visitor_code("48291573", PIN_KEY, lanes=("south-in",))),
            Reason.PASS_FOR_ANOTHER_GATE,
        ),
        (
            (person(), CARD),
            Claim(Method.CARD, PERSON, CardCredential("c", PERSON, valid_from=FAR, tag=b"t" * 32)),
            Reason.NOT_YET_VALID,
        ),
        (
            (person(), CARD),
            Claim(Method.CARD, PERSON, CardCredential("c", PERSON, valid_until=NOON, tag=b"t" * 32)),
            Reason.EXPIRED,
        ),
    ],
)
def test_each_reason_has_its_case(parts: tuple, claim: Claim, reason: Reason) -> None:
    policy = policy_of(*parts, issued_at=NOON)
    assert decide(claim, "north-in", policy, GateMemory(), NOON).reason is reason


def test_no_class_of_credentials_has_a_subclass_for_the_rules_compare_types() -> None:
    kinds = CredentialRecord.__subclasses__()
    assert {kind.__name__ for kind in kinds} >= {"CardCredential", "QrCredential", "VisitorCodeCredential"}
    assert [kind for kind in kinds if kind.__subclasses__()] == []


def test_a_slow_pass_releases_the_lock_for_longer() -> None:
    policy = policy_of(person(slow_pass=True), CARD, issued_at=NOON)
    assert (
        decide(Claim(Method.CARD, PERSON, CARD), "north-in", policy, GateMemory(), NOON).pulse_seconds == 15.0
    )


def test_where_two_schedules_meet_the_one_that_shuts_wins() -> None:
    always = (Span(DAY_KINDS, 0, 1440),)
    open_then_shut = lane(posture_hours={"a": Posture.HELD_OPEN, "z": Posture.LOCKDOWN})
    policy = policy_of(
        open_then_shut, HoursRecord("a", "", always), HoursRecord("z", "", always), issued_at=NOON
    )
    assert posture_of(policy.lanes["north-in"], policy, NOON, clock_sure=True) is Posture.LOCKDOWN


def test_a_lane_held_open_but_for_some_hours_shuts_while_the_clock_is_unsure() -> None:
    nights = HoursRecord("night", "", (Span(DAY_KINDS, 1320, 360),))
    policy = policy_of(
        lane(posture=Posture.HELD_OPEN, posture_hours={"night": Posture.LOCKDOWN}), nights, issued_at=NOON
    )
    assert posture_of(policy.lanes["north-in"], policy, NOON, clock_sure=False) is Posture.NORMAL


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Claim(Method.CARD, PERSON, CARD), Reason.GRANTED),
        (Claim(Method.PIN, PERSON, pin("482915", PIN_KEY)), Reason.GRANTED),
        (Claim(Method.FACE, PERSON), Reason.CLOCK_UNSURE),
        (Claim(Method.QR, PERSON, QrCredential("qr", PERSON), second=5), Reason.CLOCK_UNSURE),
    ],
)
def test_under_an_unsure_clock_only_cards_and_pins_open(claim: Claim, reason: Reason) -> None:
    policy = policy_of(person(), issued_at=NOON)
    assert decide(claim, "north-in", policy, GateMemory(clock_sure=False), NOON).reason is reason


@pytest.mark.parametrize(("second", "opens"), [(4, False), (5, False), (6, True)])
def test_a_code_opens_only_after_the_second_that_opened_last(second: int, opens: bool) -> None:
    policy = policy_of(person(), issued_at=NOON)
    claim = Claim(Method.QR, PERSON, QrCredential("qr", PERSON), second=second)
    assert decide(claim, "north-in", policy, GateMemory(last_seconds={"qr": 5}), NOON).opens is opens


@pytest.mark.parametrize(
    ("posture", "clock_sure", "ends_after_seconds", "shown"),
    [
        (Posture.HELD_OPEN, True, 1, Posture.HELD_OPEN),
        (Posture.HELD_OPEN, True, 0, Posture.NORMAL),
        (Posture.HELD_OPEN, False, 1, Posture.NORMAL),
        (Posture.LOCKDOWN, True, 1, Posture.LOCKDOWN),
        (Posture.LOCKDOWN, True, 0, Posture.NORMAL),
        (Posture.LOCKDOWN, False, 1, Posture.LOCKDOWN),
        (Posture.LOCKDOWN, False, -1, Posture.LOCKDOWN),
    ],
)
def test_an_override_counts_to_its_end_and_under_an_unsure_clock_only_where_it_shuts(
    posture: Posture, clock_sure: bool, ends_after_seconds: int, shown: Posture
) -> None:
    until = NOON + timedelta(seconds=ends_after_seconds)
    policy = policy_of(
        lane(posture_override=PostureOverride(posture, "guard-1", "a move", until)), issued_at=NOON
    )
    assert posture_of(policy.lanes["north-in"], policy, NOON, clock_sure=clock_sure) is shown


@pytest.mark.parametrize(
    ("waits", "seconds", "reason"),
    [
        (Method.CARD, 1, Reason.METHOD_DELAYED),
        (Method.CARD, 0, Reason.GRANTED),
        (Method.CARD, -1, Reason.GRANTED),
        (Method.PIN, 1, Reason.GRANTED),
    ],
)
def test_a_delayed_method_waits_to_its_moment_and_no_other_waits(
    waits: Method, seconds: int, reason: Reason
) -> None:
    memory = GateMemory(delayed_until={waits: NOON + timedelta(seconds=seconds)})
    policy = policy_of(person(), CARD, issued_at=NOON)
    assert decide(Claim(Method.CARD, PERSON, CARD), "north-in", policy, memory, NOON).reason is reason


@pytest.mark.parametrize(("late", "reason"), [(0, Reason.GRANTED), (1, Reason.POLICY_TOO_OLD)])
def test_a_policy_is_too_old_a_moment_after_its_last_day(late: int, reason: Reason) -> None:
    issued_at = NOON - timedelta(days=MAX_AGE_DAYS, microseconds=late)
    code = Claim(Method.QR, PERSON, QrCredential("qr", PERSON), second=5)
    policy = policy_of(person(), CARD, issued_at=issued_at)
    assert decide(code, "north-in", policy, GateMemory(), NOON).reason is reason
    by_card = decide(Claim(Method.CARD, PERSON, CARD), "north-in", policy, GateMemory(), NOON)
    assert by_card.reason is Reason.GRANTED
