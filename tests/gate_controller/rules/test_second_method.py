"""A person's own two-method request: kept where it can be met, never with face, never a trap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CardCredential,
    Credential,
    CredentialState,
    Grant,
    HoursRecord,
    Method,
    PersonRecord,
    QrCredential,
    TwoMethods,
    decode_record,
    encode_record,
)
from gate_controller.control.screens import Screens
from gate_controller.lane.state import LaneDesk
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from hardware.interfaces import ReaderResult
from tests.gate_controller.control.played_reader import Reader, refresh
from tests.support.compounds.people import card, lane, person, pin, records, visitor_code
from tests.support.examples import examples
from tests.support.gates.bench import bench_gate, obeyed
from tests.support.gates.process import wait_for_decisions
from tests.support.gates.worlds import BERLIN, CARD_KEY, PERSON, PIN_KEY, policy_of

NIGHT = TwoMethods(22 * 60, 6 * 60)
ALWAYS = TwoMethods(0, 0)
AT_NIGHT = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
AT_NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
CARD, PIN = card(7, CARD_KEY), pin("482915", PIN_KEY)
QR = QrCredential("qr-1", PERSON)
DURESS = pin("739146", PIN_KEY, credential_id="pin-2", duress=True)
SAMPLE = (
    b'{"grants":[{"lanes":["north-in"]}],"home_id":"home-1","methods":["card","pin"],'
    b'"person_id":"00000000000000a1","two_methods":{"from_minute":1320,"until_minute":360}}'
)
"""As it was first published to gates; never changed."""


def claim_of(credential: Credential) -> Claim:
    method = {CardCredential: Method.CARD, QrCredential: Method.QR}.get(type(credential), Method.PIN)
    return Claim(method, PERSON, credential, second=100)


def after(*methods: Method, sure: bool = True) -> GateMemory:
    return GateMemory(clock_sure=sure, shown_before={PERSON: frozenset(methods)})


def reason(policy: Policy, claim: Claim, memory: GateMemory, now: datetime = AT_NIGHT) -> Reason:
    return decide(claim, "north-in", policy, memory, now).reason


def requester(requested: TwoMethods = NIGHT, **changes: object) -> PersonRecord:
    return person(two_methods=requested, **changes)


@pytest.fixture
def policy() -> Policy:
    return policy_of(requester(), CARD, PIN, QR, DURESS, issued_at=AT_NOON)


def test_at_night_one_way_waits_for_another_and_by_day_one_is_enough(policy: Policy) -> None:
    assert reason(policy, claim_of(CARD), after()) is Reason.SECOND_METHOD
    assert reason(policy, claim_of(PIN), after(Method.CARD)) is Reason.GRANTED
    assert reason(policy, claim_of(CARD), after(Method.PIN)) is Reason.GRANTED
    assert reason(policy, claim_of(QR), after(Method.CARD)) is Reason.GRANTED
    assert reason(policy, claim_of(CARD), after(), AT_NOON) is Reason.GRANTED


@pytest.mark.parametrize(
    ("requested", "wall_clock", "holds"),
    [
        (TwoMethods(600, 660), (9, 59), False),
        (TwoMethods(600, 660), (10, 0), True),
        (TwoMethods(600, 660), (10, 30), True),
        (TwoMethods(600, 660), (10, 59), True),
        (TwoMethods(600, 660), (11, 0), False),
        (NIGHT, (21, 59), False),
        (NIGHT, (22, 0), True),
        (NIGHT, (5, 59), True),
        (NIGHT, (6, 0), False),
        (ALWAYS, (0, 0), True),
        (TwoMethods(720, 720), (11, 59), True),
        (TwoMethods(720, 720), (12, 0), True),
    ],
)
def test_a_request_begins_with_its_first_minute_and_ends_before_its_last_on_the_sites_clock(
    requested: TwoMethods, wall_clock: tuple[int, int], holds: bool
) -> None:
    policy = policy_of(requester(requested), CARD, PIN, issued_at=AT_NOON)
    at = datetime(2026, 3, 4, *wall_clock, tzinfo=BERLIN)
    expected = {True: Reason.SECOND_METHOD, False: Reason.GRANTED}[holds]
    assert reason(policy, claim_of(CARD), GateMemory(), at) is expected


def test_a_visitors_code_of_the_person_is_no_second_way_of_their_own() -> None:
    policy = policy_of(requester(ALWAYS), CARD, visitor_code("48291573", PIN_KEY), issued_at=AT_NOON)
    assert reason(policy, claim_of(CARD), after()) is Reason.GRANTED


@pytest.mark.parametrize(
    ("begins", "ends", "counts"),
    [(None, 0, False), (None, 1, True), (0, None, True), (1, None, False), (0, 1, True)],
)
def test_another_way_counts_from_its_first_second_to_before_its_last(
    begins: int | None, ends: int | None, counts: bool
) -> None:
    bounds = {"valid_from": begins, "valid_until": ends}
    window = {name: AT_NIGHT + timedelta(seconds=at) for name, at in bounds.items() if at is not None}
    policy = policy_of(requester(), CARD, msgspec.structs.replace(PIN, **window), issued_at=AT_NOON)
    expected = {True: Reason.SECOND_METHOD, False: Reason.GRANTED}[counts]
    assert reason(policy, claim_of(CARD), after()) is expected


def test_a_phone_counts_to_the_last_second_of_the_policys_age_and_no_longer() -> None:
    policy = policy_of(requester(ALWAYS), CARD, QR, issued_at=AT_NOON)
    edge = AT_NOON + timedelta(days=policy.site.max_policy_age_days)
    assert reason(policy, claim_of(CARD), after(), edge) is Reason.SECOND_METHOD
    assert reason(policy, claim_of(CARD), after(), edge + timedelta(seconds=1)) is Reason.GRANTED


def test_the_same_way_twice_is_no_second_way_and_a_face_is_one_beside_another(policy: Policy) -> None:
    assert reason(policy, claim_of(CARD), after(Method.CARD)) is Reason.SECOND_METHOD
    assert reason(policy, Claim(Method.FACE, PERSON), after(Method.FACE)) is Reason.SECOND_METHOD
    assert reason(policy, Claim(Method.FACE, PERSON), after()) is Reason.SECOND_METHOD
    assert reason(policy, Claim(Method.FACE, PERSON), after(Method.CARD)) is Reason.GRANTED
    assert reason(policy, claim_of(CARD), after(Method.FACE)) is Reason.GRANTED


def test_a_face_compared_with_one_counts_beside_another_way_alone_whatever_is_asked_for() -> None:
    """Its threshold is that for one: without the other way it would be a search with a loose threshold."""
    compared = Claim(Method.FACE, PERSON, only_beside=True)
    for who in (person(), requester(), requester(ALWAYS)):
        known = policy_of(who, CARD, PIN, issued_at=AT_NOON)
        for now in (AT_NOON, AT_NIGHT):
            assert reason(known, compared, after(), now) is Reason.SECOND_METHOD
            assert reason(known, compared, after(Method.FACE), now) is Reason.SECOND_METHOD
            assert reason(known, compared, after(Method.CARD), now) is Reason.GRANTED


def test_a_face_makes_no_second_way_where_there_is_only_one_besides() -> None:
    """It cannot be what a person is locked out for: where it would be needed, the card alone is enough."""
    one_way = policy_of(requester(ALWAYS, methods=(Method.CARD, Method.FACE)), CARD, issued_at=AT_NOON)
    assert reason(one_way, claim_of(CARD), after()) is Reason.GRANTED


def test_a_duress_pin_counts_as_the_pin_and_still_raises_the_alarm(policy: Policy) -> None:
    first = decide(claim_of(DURESS), "north-in", policy, after(), AT_NIGHT)
    assert (first.opens, first.reason, first.duress) == (False, Reason.SECOND_METHOD, True)
    then = decide(claim_of(DURESS), "north-in", policy, after(Method.CARD), AT_NIGHT)
    assert (then.opens, then.duress) == (True, True)


@pytest.mark.parametrize(
    "parts",
    [
        (requester(), CARD),
        (requester(), CARD, DURESS),
        (requester(), CARD, msgspec.structs.replace(PIN, state=CredentialState.SUSPENDED)),
        (requester(), CARD, msgspec.structs.replace(PIN, valid_until=AT_NOON)),
        (requester(methods=(Method.CARD, Method.FACE)), CARD, PIN),
        (requester(), CARD, PIN, lane(methods=(Method.CARD, Method.FACE))),
        (requester(grants=(Grant(("north-in",)),)), CARD, PIN, lane(direction="out")),
    ],
)
def test_where_no_two_ways_are_left_or_on_the_way_out_one_is_enough(parts: tuple) -> None:
    assert reason(policy_of(*parts, issued_at=AT_NOON), claim_of(CARD), after()) is Reason.GRANTED


def test_with_an_unsure_clock_the_request_holds_but_never_waits_for_a_phone() -> None:
    with_pin = policy_of(requester(), CARD, PIN, issued_at=AT_NOON)
    assert reason(with_pin, claim_of(CARD), after(sure=False), AT_NOON) is Reason.SECOND_METHOD
    assert reason(with_pin, claim_of(PIN), after(Method.CARD, sure=False), AT_NOON) is Reason.GRANTED
    with_phone = policy_of(requester(), CARD, QR, issued_at=AT_NOON)
    assert reason(with_phone, claim_of(CARD), after(sure=False)) is Reason.GRANTED


def test_visitors_of_a_requester_come_in_as_before(policy: Policy) -> None:
    guest = VisitorPass(
        pass_id="00000000000000b1",
        issuer_id=PERSON,
        gate_numbers=frozenset({1}),
        uses=1,
        valid_from=AT_NOON,
        valid_until=AT_NIGHT + timedelta(hours=1),
    )
    assert reason(policy, Claim(Method.QR, PERSON, visitor_pass=guest), after()) is Reason.GRANTED
    code = Claim(Method.PIN, PERSON, visitor_code("48291573", PIN_KEY))
    assert reason(policy, code, after()) is Reason.GRANTED


def test_a_two_method_request_in_its_first_format_is_decoded_and_encoded_the_same() -> None:
    assert encode_record(decode_record(f"person:{PERSON}", SAMPLE)) == SAMPLE


# -- over worlds that chance makes up ------------------------------------------------------------------

MINUTES = st.integers(0, 1439)
STATES = st.sampled_from((*[CredentialState.ACTIVE] * 3, *CredentialState))
ENDS = st.sampled_from((None, None, None, AT_NOON, AT_NIGHT + timedelta(days=90)))
SOME_METHODS = st.sets(st.sampled_from(Method), min_size=1).map(
    lambda some: tuple(method for method in Method if method in some)
)


@settings(max_examples=examples(500), deadline=None)
@given(
    requested=st.builds(TwoMethods, MINUTES, MINUTES),
    chosen=SOME_METHODS,
    offered=SOME_METHODS.map(lambda some: tuple(m for m in Method if m in {*some, Method.CARD})),
    held=st.dictionaries(st.sampled_from((CARD, PIN, QR)), st.tuples(STATES, ENDS)),
    in_hours=st.booleans(),
    span=st.builds(Span, st.just(DAY_KINDS), MINUTES, st.integers(1, 1440)),
    sure=st.booleans(),
    age_days=st.sampled_from((0, 29, 31)),
    minutes=st.integers(0, 3 * 1440),
)
def test_who_may_pass_without_a_request_may_with_one_by_the_same_ways_and_without_face(
    requested: TwoMethods,
    chosen: tuple[Method, ...],
    offered: tuple[Method, ...],
    held: dict[Credential, tuple[CredentialState, datetime | None]],
    in_hours: bool,
    span: Span,
    sure: bool,
    age_days: int,
    minutes: int,
) -> None:
    now = AT_NOON + timedelta(minutes=minutes)
    own = [msgspec.structs.replace(c, state=state, valid_until=end) for c, (state, end) in held.items()]
    hours = HoursRecord("hours-1", "h", (span,))
    here = lane(methods=offered, method_hours={Method.PIN: "hours-1"} if in_hours else {})
    free = policy_of(here, hours, person(methods=chosen), *own, issued_at=now - timedelta(days=age_days))
    bound = policy_of(
        here, hours, requester(requested, methods=chosen), *own, issued_at=now - timedelta(days=age_days)
    )
    memory = GateMemory(clock_sure=sure)
    working = [c for c in own if decide(claim_of(c), "north-in", free, memory, now).opens]
    shown: set[Method] = set()
    opened = False
    for credential in working:
        remembered = replace(memory, shown_before={PERSON: frozenset(shown)})
        decision = decide(claim_of(credential), "north-in", bound, remembered, now)
        assert decision.opens or decision.reason is Reason.SECOND_METHOD
        shown.add(claim_of(credential).method)
        opened = opened or decision.opens
    assert opened or not working, "without face, and with what opened before"
    face = Claim(Method.FACE, PERSON, only_beside=True)
    for before in (frozenset(), frozenset({Method.FACE}), frozenset(shown)):
        remembered = replace(memory, shown_before={PERSON: before})
        by_face = decide(face, "north-in", bound, remembered, now)
        assert not by_face.opens or before - {Method.FACE}, "a face opens only beside another way"
    everything = replace(memory, shown_before={PERSON: frozenset(Method)})
    for credential in own:
        allowed = decide(claim_of(credential), "north-in", free, memory, now).opens
        assert not decide(claim_of(credential), "north-in", bound, everything, now).opens or allowed


# -- at a gate -----------------------------------------------------------------------------------------


def test_at_the_gate_the_card_waits_for_the_pin_and_both_are_written_down(tmp_path: Path) -> None:
    with bench_gate(tmp_path) as bench:
        bench.give_policy(records(requester(ALWAYS), CARD, PIN))
        bench.start()
        bench.card.tap(7)
        wait_for_decisions(bench, 1)
        bench.handled()
        assert sum(change.on for change in obeyed(bench.relay).changes) == 0
        assert bench.relay.wait_for_on(1, timeout_seconds=30, after_ns=bench.keys.type("31203#482915#"))
        bench.stop()
        assert bench.decisions() == [("card", "second_method", False), ("pin", "granted", True)]


def test_the_first_way_counts_for_half_a_minute_and_for_its_person_alone() -> None:
    desk = LaneDesk("north-in")
    desk.wants_second(PERSON, Method.CARD, 100.0)
    assert desk.dialog.shown_before(129.0) == {PERSON: frozenset({Method.CARD})}
    assert desk.dialog.shown_before(130.0) == {}
    desk.wants_second("somebody-else", Method.PIN, 101.0)
    assert desk.dialog.shown_before(102.0) == {"somebody-else": frozenset({Method.PIN})}


def test_screen_and_reader_ask_for_the_second_way_until_its_time_is_over() -> None:
    reader, desk = Reader(), LaneDesk("lane-1")
    screens = Screens({}, {"lane-1": (reader,)})
    desk.wants_second(PERSON, Method.CARD, 100.0)
    refresh(screens, desk, 100.0)
    assert reader.shown == [ReaderResult.WAIT]
    assert desk.screen.message == "second_method"
    assert not desk.time_passed(129.0)
    assert desk.time_passed(130.0)
    assert desk.screen.message == ""
