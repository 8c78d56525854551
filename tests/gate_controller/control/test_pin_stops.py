"""What stops a home's PINs at a gate, what forgives, and what resumes: each edge of the count."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from gate_controller.contract.records import CredentialState, Method, QrCredential
from gate_controller.control.pin_stops import PROVEN_SECONDS, SLIP_SECONDS, STOPPED_AFTER, PinStops
from gate_controller.rules.decision import Claim, Decision, Reason
from gate_controller.storage.journal import Journal, WrongPins
from tests.support.compounds.people import HOME, HOME_OF_EMERGENCY, card, emergency_code, pin, visitor_code
from tests.support.gates.worlds import policy_of

KEY = b"p" * 32
NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
LANE, OTHER_LANE, TYPED, NUMBER = "north-in", "south-in", "3-1203", "31203"
PERSON, NEIGHBOUR = "00000000000000a1", "00000000000000a2"
CARD, PIN = card(7, KEY), pin("482915", KEY)
DURESS = pin("739146", KEY, credential_id="pin-2", duress=True)
POLICY = policy_of(HOME, HOME_OF_EMERGENCY, CARD, PIN, DURESS, issued_at=NOON)
RIGHT = Claim(Method.PIN, PERSON, PIN)
WRONG = Claim(Method.PIN, refusal=Reason.PIN_WRONG)
REFUSED, GRANTED = Decision(False, Reason.PIN_WRONG), Decision(True, Reason.GRANTED)


class Clock:
    """A gate's clock that the test sets."""

    def __init__(self) -> None:
        self.at, self.seconds, self.is_sure = NOON, 1000.0, True

    def now(self) -> datetime:
        return self.at

    def monotonic_seconds(self) -> float:
        return self.seconds


class Gate:
    """The count of one gate over its journal's file, and what it writes down."""

    def __init__(self, path: Path) -> None:
        self.clock, self.written = Clock(), []
        self.journal = Journal(path, NOON)
        self.restart()

    def restart(self) -> None:
        recorder = SimpleNamespace(record=lambda *entry: self.written.append(entry))
        self.stops = PinStops(SimpleNamespace(journal=self.journal, clock=self.clock, recorder=recorder))

    def counted(self, count: int, at: datetime = NOON) -> None:
        self.journal.keep_wrong_pins(NUMBER, WrongPins(count, at))
        self.restart()

    def wrong(self, times: int = 1, lane: str = LANE, typed: str = TYPED) -> None:
        for _ in range(times):
            self.stops.decided(lane, WRONG, REFUSED, typed, POLICY)

    def opened(self, claim: Claim = RIGHT, lane: str = LANE) -> None:
        self.stops.decided(lane, claim, GRANTED, TYPED, POLICY)
        self.stops.note_proof(claim, GRANTED)

    def refusal(self, claim: Claim = RIGHT, typed: str = TYPED) -> Reason | None:
        return self.stops.typed(LANE, typed, claim).refusal

    @property
    def kept(self) -> WrongPins | None:
        return self.journal.wrong_pins().get(NUMBER)

    def stop(self) -> None:
        self.counted(STOPPED_AFTER - 1)
        self.wrong()
        self.written.clear()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path / "journal.sqlite3")
    yield made
    made.journal.close()


def test_the_hundredth_wrong_number_stops_and_the_one_before_it_does_not(gate: Gate) -> None:
    gate.wrong()
    assert gate.kept == WrongPins(1, NOON)
    gate.wrong(STOPPED_AFTER - 2)
    assert (gate.kept, gate.refusal(), gate.written) == (WrongPins(STOPPED_AFTER - 1, NOON), None, [])
    gate.wrong()
    assert gate.kept == WrongPins(STOPPED_AFTER, NOON, ("pin-1",)), "a duress PIN is not among the known"
    assert gate.refusal() is gate.refusal(WRONG) is Reason.METHOD_STOPPED
    assert gate.written == [("alarm_pin_stopped", {"lane_id": LANE}, {"home_number": NUMBER})]
    gate.wrong()
    assert len(gate.written) == 1, "one alarm a stop"


def test_only_pins_of_that_home_stop_and_nothing_else_that_is_typed_or_shown(gate: Gate) -> None:
    gate.stop()
    code = Claim(Method.PIN, PERSON, visitor_code("48291573", KEY))
    assert gate.stops.typed(LANE, TYPED, code) is code
    unknown = Claim(Method.PIN, refusal=Reason.CREDENTIAL_ENDED)
    assert gate.stops.typed(LANE, TYPED, unknown) is unknown
    assert gate.stops.typed(LANE, "3-1204", RIGHT) is RIGHT
    assert gate.stops.typed(LANE, TYPED, RIGHT) == replace(RIGHT, refusal=Reason.METHOD_STOPPED)


@pytest.mark.parametrize(
    ("claim", "decision", "typed"),
    [
        (WRONG, REFUSED, "0"),
        (WRONG, REFUSED, ""),
        (Claim(Method.PIN, PERSON, emergency_code("48291573", KEY)), Decision(False, Reason.EXPIRED), "0"),
        (RIGHT, Decision(False, Reason.OUTSIDE_HOURS), TYPED),
        (Claim(Method.CARD), Decision(False, Reason.CREDENTIAL_UNKNOWN), ""),
    ],
)
def test_the_emergency_code_and_other_refusals_are_not_counted(
    gate: Gate, claim: Claim, decision: Decision, typed: str
) -> None:
    gate.stops.decided(LANE, claim, decision, typed, POLICY)
    assert gate.journal.wrong_pins() == {}


@pytest.mark.parametrize(
    ("passed", "left", "counted_to"),
    [
        (timedelta(hours=23, minutes=59), 50, timedelta(0)),
        (timedelta(days=1), 49, timedelta(days=1)),
        (timedelta(days=3, hours=5), 47, timedelta(days=3)),
        (timedelta(days=90), 0, timedelta(days=90)),
        (-timedelta(days=2), 50, timedelta(0)),
    ],
)
def test_each_whole_day_forgives_one_and_a_clock_put_back_none(
    gate: Gate, passed: timedelta, left: int, counted_to: timedelta
) -> None:
    gate.counted(50)
    gate.clock.at = NOON + passed
    gate.wrong()
    assert gate.kept == WrongPins(left + 1, NOON + counted_to)


def test_under_an_unsure_clock_no_day_forgives_and_the_days_count_later(gate: Gate) -> None:
    gate.counted(50)
    gate.clock.at, gate.clock.is_sure = NOON + timedelta(days=4), False
    gate.wrong()
    assert gate.kept == WrongPins(51, NOON)
    gate.clock.is_sure = True
    gate.wrong()
    assert gate.kept == WrongPins(48, NOON + timedelta(days=4))


@pytest.mark.parametrize(("slips", "left"), [(1, 50), (2, 50), (3, 51)])
def test_a_right_pin_forgives_two_slips_at_most_once(gate: Gate, slips: int, left: int) -> None:
    gate.counted(50)
    gate.wrong(slips)
    gate.opened()
    assert gate.kept == WrongPins(left, NOON)
    gate.opened()
    assert gate.kept == WrongPins(left, NOON), "the same slips are not forgiven again"


def test_a_right_pin_forgives_no_older_number_and_none_of_another_lane(gate: Gate) -> None:
    gate.counted(50)
    gate.wrong(lane=OTHER_LANE)
    gate.wrong()
    gate.clock.seconds += SLIP_SECONDS
    gate.opened()
    assert gate.kept == WrongPins(52, NOON)
    gate.wrong()
    gate.clock.seconds += SLIP_SECONDS - 0.001
    gate.opened()
    assert gate.kept == WrongPins(52, NOON)


def test_a_single_slip_leaves_none_and_a_right_pin_before_any_makes_no_count(gate: Gate) -> None:
    gate.opened()
    assert gate.kept is None
    gate.wrong()
    gate.opened()
    assert gate.kept == WrongPins(0, NOON)


def test_what_is_forgiven_twice_over_leaves_a_count_of_none(gate: Gate) -> None:
    gate.wrong(2)
    gate.clock.at = NOON + timedelta(days=60)
    gate.wrong()
    assert gate.kept.count == 1
    gate.opened()
    assert gate.kept.count == 0


def test_own_card_or_code_and_then_the_pin_resume_within_a_minute(gate: Gate) -> None:
    for method, shown in ((Method.CARD, CARD), (Method.QR, QrCredential("qr-1", PERSON))):
        gate.stop()
        gate.opened(Claim(method, PERSON, shown))
        gate.clock.seconds += PROVEN_SECONDS
        assert gate.refusal() is Reason.METHOD_STOPPED, "a minute is over"
        gate.opened(Claim(method, PERSON, shown))
        gate.clock.seconds += PROVEN_SECONDS - 0.001
        assert gate.stops.typed(LANE, TYPED, RIGHT) is RIGHT
        assert gate.kept is None
        assert gate.written == [
            ("pin_resumed", {"lane_id": LANE, "by": "card_and_pin"}, {"person_id": PERSON})
        ]
        assert gate.refusal(WRONG) is Reason.PIN_WRONG


@pytest.mark.parametrize(
    ("shown", "decision"),
    [
        (Claim(Method.CARD, NEIGHBOUR, card(8, KEY, NEIGHBOUR, "card-2")), GRANTED),
        (Claim(Method.CARD, PERSON, CARD), Decision(False, Reason.INTERLOCKED)),
        (Claim(Method.FACE, PERSON, None), GRANTED),
        (Claim(Method.PIN, PERSON, visitor_code("48291573", KEY)), GRANTED),
        (Claim(Method.QR, PERSON, None), GRANTED),
        (RIGHT, GRANTED),
    ],
)
def test_nothing_else_resumes(gate: Gate, shown: Claim, decision: Decision) -> None:
    gate.stop()
    gate.stops.decided(LANE, shown, decision, TYPED, POLICY)
    gate.stops.note_proof(shown, decision)
    assert gate.refusal() is Reason.METHOD_STOPPED
    assert gate.written == []


def test_a_wrong_number_or_a_suspended_pin_after_ones_own_card_resumes_nothing(gate: Gate) -> None:
    gate.stop()
    gate.opened(Claim(Method.CARD, PERSON, CARD))
    gate.opened(Claim(Method.CARD, NEIGHBOUR, card(8, KEY, NEIGHBOUR, "card-2")))
    assert gate.refusal(WRONG) is Reason.METHOD_STOPPED
    assert gate.refusal(replace(WRONG, person_id=PERSON)) is Reason.METHOD_STOPPED
    suspended = replace(PIN, state=CredentialState.SUSPENDED)
    assert gate.refusal(Claim(Method.PIN, PERSON, suspended)) is Reason.METHOD_STOPPED
    assert gate.refusal() is None, "the neighbour's card does not undo one's own"


def test_a_stop_outlives_a_restart_and_a_card_shown_before_it_does_not(gate: Gate) -> None:
    gate.stop()
    gate.opened(Claim(Method.CARD, PERSON, CARD))
    gate.restart()
    assert gate.refusal() is Reason.METHOD_STOPPED


@pytest.mark.parametrize(
    "parts",
    [
        (PIN, DURESS),
        (DURESS,),
        (PIN, pin("806417", KEY, credential_id="pin-3", duress=True)),
        (PIN, replace(pin("806417", KEY, credential_id="pin-3"), state=CredentialState.SUSPENDED)),
        (PIN, visitor_code("48291573", KEY)),
    ],
)
def test_a_policy_without_a_new_live_pin_of_the_home_resumes_nothing(gate: Gate, parts: tuple) -> None:
    gate.stop()
    gate.stops.policy_taken(policy_of(HOME, *parts, issued_at=NOON))
    gate.stops.policy_taken(policy_of(issued_at=NOON))
    assert gate.refusal() is Reason.METHOD_STOPPED


def test_a_new_pin_of_the_home_resumes_it_though_an_old_one_is_gone(gate: Gate) -> None:
    gate.counted(5)
    fresh = policy_of(HOME, pin("640385", KEY, NEIGHBOUR, "pin-4"), issued_at=NOON)
    gate.stops.policy_taken(fresh)
    assert gate.kept == WrongPins(5, NOON), "what is not stopped keeps its count"
    gate.stop()
    gate.stops.policy_taken(fresh)
    assert (gate.kept, gate.refusal()) == (None, None)
    assert gate.written == [("pin_resumed", {"by": "new_pin"}, {"home_number": NUMBER})]


def test_the_right_pin_that_resumed_opens_though_its_slips_are_not_counted_any_more(gate: Gate) -> None:
    gate.stop()
    gate.opened(Claim(Method.CARD, PERSON, CARD))
    assert gate.refusal() is None
    gate.opened()
    assert gate.kept is None


def test_no_person_is_proven_in_the_first_second_after_the_machine_started(gate: Gate) -> None:
    gate.stop()
    gate.clock.seconds = 0.5
    assert gate.refusal() is Reason.METHOD_STOPPED
