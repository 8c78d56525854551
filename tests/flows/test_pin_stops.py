"""A hundred wrong PINs for one home stop its PINs at this gate, past every restart, and nothing else."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.contract.records import FaceRecord, TwoMethods
from gate_controller.face_control.messages import FaceEnded
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult
from gate_controller.storage.journal import Journal, WrongPins
from hardware.interfaces import KeyPress
from tests.support.compounds.people import card, person, pin, records, visitor_code
from tests.support.gates.bench import CARD_KEY, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.process import GateProcess, wait_for_decisions

NEIGHBOUR = "00000000000000a2"
PIN, DURESS, CODE = "482915", "739146", "48291573"
PEOPLE = (
    person(),
    person(NEIGHBOUR),
    card(7, CARD_KEY),
    card(8, CARD_KEY, NEIGHBOUR, "card-2"),
    pin(PIN, PIN_KEY),
    pin(DURESS, PIN_KEY, credential_id="pin-2", duress=True),
    visitor_code(CODE, PIN_KEY),
)
WRONG = 100


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path) as gate:
        gate.give_policy(records(*PEOPLE))
        yield gate


def guess(bench: BenchGate, count: int) -> None:
    """Type wrong PINs, as an attacker does who comes back after every delay."""
    gate = bench.start()
    for number in range(count):
        before = len(gate.controller._parts.journal.entries_after(0, 10_000))
        gate.controller._attempts._counts.clear()
        for key in f"31203#{100000 + number}#":
            gate.inbox.put(KeyPress("keys", key, 0))
        give_up = time.monotonic() + 20
        while len(gate.controller._parts.journal.entries_after(0, 10_000)) == before:
            assert time.monotonic() < give_up
            time.sleep(0.005)
    bench.stop()


def stop_pins(bench: BenchGate) -> None:
    """Count all but the last wrong PIN, as the gate does, and type that one."""
    journal = Journal(bench.root / "data" / "journal.sqlite3", datetime.now(UTC))
    journal.keep_wrong_pins("31203", WrongPins(WRONG - 1, datetime.now(UTC)))
    journal.close()
    guess(bench, 1)


def answer(bench: BenchGate, typed: str | int) -> tuple[str, bool]:
    """Show one thing to a gate in a process of its own, which is then cut from its power."""
    before = len(bench.decisions())
    gate = GateProcess.start(bench)
    try:
        show(bench, typed)
        wait_for_decisions(bench, before + 1)
    finally:
        gate.kill()
    _, reason, opens = bench.decisions()[before]
    return reason, opens


def show(bench: BenchGate, typed: str | int) -> None:
    tries = {int: bench.card.tap, str: lambda digits: bench.keys.type(f"31203#{digits}#")}
    tries[type(typed)](typed)


def kinds(bench: BenchGate) -> list[str]:
    return [entry.kind for entry in bench.entries()]


def test_a_hundred_wrong_pins_stop_a_homes_pins_past_restarts_and_its_other_ways_open(
    bench: BenchGate,
) -> None:
    guess(bench, WRONG)
    assert answer(bench, PIN) == ("method_stopped", False)
    assert [answer(bench, what) for what in ("000001", 7, CODE)] == [
        ("method_stopped", False),
        ("granted", True),
        ("granted", True),
    ]
    assert answer(bench, PIN) == ("method_stopped", False), "a card alone resumes nothing"
    assert kinds(bench).count("alarm_pin_stopped") == 1
    (stopped,) = (entry for entry in bench.entries() if entry.kind == "alarm_pin_stopped")
    assert (stopped.facts, stopped.personal) == ({"lane_id": "north-in"}, {"home_number": "31203"})


def test_a_duress_pin_is_refused_as_the_other_while_stopped_and_the_guard_knows(bench: BenchGate) -> None:
    stop_pins(bench)
    assert answer(bench, DURESS) == answer(bench, PIN) == ("method_stopped", False)
    assert kinds(bench).count("alarm_duress") == 1


def face(person_id: str) -> FaceEnded:
    """Return what a look ends with that has recognised this person."""
    return FaceEnded("north-in", FaceResult(True, FaceReason.MATCHED, person_id, 0.9))


def test_a_face_waits_with_the_pin_that_is_its_only_other_way_and_a_new_pin_resumes_both(
    bench: BenchGate,
) -> None:
    only_pin = "00000000000000a3"
    people = (
        *PEOPLE,
        person(only_pin),
        pin("915264", PIN_KEY, only_pin, "pin-5"),
        FaceRecord(only_pin, "consent-3", "yunet-sface"),
        FaceRecord(NEIGHBOUR, "consent-2", "yunet-sface"),
    )
    bench.give_policy(records(*people), version=2)
    bench.start()
    bench.gate.inbox.put(face(only_pin))
    bench.handled()
    bench.keys.type("31203#000001#31203#000002#31203#000003#")
    wait_for_decisions(bench, 4)
    bench.gate.inbox.put(face(only_pin))  # while the home's PINs wait for seconds
    bench.gate.inbox.put(face(NEIGHBOUR))  # who has a card
    bench.handled()
    bench.passes(31)
    bench.gate.inbox.put(face(only_pin))
    bench.handled()
    bench.stop()
    before = bench.decisions()
    assert [(reason, opens) for method, reason, opens in before if method == "face"] == [
        ("granted", True),
        ("face_alone", False),
        ("granted", True),
        ("granted", True),
    ]
    stop_pins(bench)
    bench.start()
    bench.gate.inbox.put(face(only_pin))
    bench.gate.inbox.put(face(NEIGHBOUR))
    bench.handled()
    bench.stop()
    bench.give_policy(records(*people, pin("640385", PIN_KEY, only_pin, "pin-6")), version=3)
    bench.start()
    bench.gate.inbox.put(face(only_pin))
    bench.handled()
    bench.stop()
    later = bench.decisions()[len(before) :]
    after = [(reason, opens) for method, reason, opens in later if method == "face"]
    assert after == [("face_alone", False), ("granted", True), ("granted", True)]


def test_who_asked_for_two_ways_resumes_the_pin_by_card_and_pin(bench: BenchGate) -> None:
    requester = person(two_methods=TwoMethods(0, 0))
    bench.give_policy(records(*PEOPLE, requester), version=2)
    stop_pins(bench)
    gate = GateProcess.start(bench)
    before = len(bench.decisions())
    for number, what in enumerate((7, PIN), 1):
        show(bench, what)
        wait_for_decisions(bench, before + number)
    gate.kill()
    assert bench.decisions()[before:] == [("card", "second_method", False), ("pin", "granted", True)]
