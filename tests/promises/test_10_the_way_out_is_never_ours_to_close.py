"""Promise 10: exit and fire release are wired in hardware; Menjin only watches them.

What software can show is here: the only order Menjin has for an output is "release"; nothing that an
exit button, a guard's button, an intercom, a door, a fire, battery or safety input says reaches an output,
in any order; none of them takes a grant away; and a gate that is shut down, killed or silent leaves its
outputs at rest. What only wiring can show is not:
that the button and the fire panel cut the lock's own circuit, that a lock at rest can be opened from
inside, that a latch does not jam. `docs/wiring.md` says how, and the installer signs for it.
"""

import ast
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_controller
from gate_controller.contract.records import Posture
from gate_controller.lane.device_watch import DeviceWatch
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind, Relay
from hardware.simulated.input_board import InputBoard
from tests.support.compounds.people import card, lane, person, records
from tests.support.examples import examples
from tests.support.gates.bench import CARD_KEY, LANE, BenchGate, bench_gate, obeyed
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.waiting import PATIENCE_SECONDS, until
from tests.support.source import tree_of

SOURCES = sorted(Path(gate_controller.__file__).parent.rglob("*.py"))
FIRE = """
[inputs.safety]
kind = "serial_inputs"
port = "{root}/dev/safety"
wires = [
    {{ terminal = "1", lane = "north-in", kind = "fire", normally_closed = true }},
    {{ terminal = "2", lane = "north-in", kind = "tamper" }},
    {{ terminal = "3", lane = "north-in", kind = "guard_button" }},
    {{ terminal = "4", lane = "north-in", kind = "intercom" }},
    {{ terminal = "5", lane = "north-in", kind = "on_battery" }},
    {{ terminal = "6", lane = "north-in", kind = "battery_low" }},
    {{ terminal = "7", lane = "north-in", kind = "obstacle" }},
]
"""
SAFETY_WIRES = (
    InputWire("1", LANE, InputKind.FIRE, True),
    InputWire("2", LANE, InputKind.TAMPER, False),
    InputWire("3", LANE, InputKind.GUARD_BUTTON, False),
    InputWire("4", LANE, InputKind.INTERCOM, False),
    InputWire("5", LANE, InputKind.ON_BATTERY, False),
    InputWire("6", LANE, InputKind.BATTERY_LOW, False),
    InputWire("7", LANE, InputKind.OBSTACLE, False),
)
OFF = bytes((0xA0, 1, 0, 0xA1))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path, more=FIRE.format(root=tmp_path)) as gate:
        gate.give_policy(records(person(), card(7, CARD_KEY)))
        yield gate


@pytest.fixture
def safety(bench: BenchGate) -> Iterator[InputBoard]:
    with InputBoard(bench.root / "dev" / "safety", SAFETY_WIRES, name="safety") as board:
        yield board
        bench.stop()


def calls_of(method: str) -> set[tuple[str, str]]:
    """Return the file and function of every call `something.method(…)` in the gate's own code."""
    found = set()
    for path in SOURCES:
        for function in ast.walk(tree_of(path)):
            if isinstance(function, ast.FunctionDef):
                found |= {
                    (path.name, function.name)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == method
                }
    return found


def test_an_output_is_released_in_two_places_and_neither_reads_an_input() -> None:
    """A granted lane, and a lane that policy or staff hold open; both are reached through a decision."""
    assert calls_of("pulse") == {("presentations.py", "release"), ("holds.py", "_release")}
    of_threads_and_videos = {
        ("face_service.py", "_clean_up"),
        ("hands_free.py", "close"),
        ("attack_items.py", "_video"),
    }
    decided = {("presentations.py", "_release_granted"), ("controller.py", "_order_arrived")}
    assert calls_of("release") - of_threads_and_videos == decided
    assert calls_of("_release_granted") == {("presentations.py", "_present")}
    assert calls_of("_present") == {("presentations.py", "present"), ("presentations.py", "answer_call")}
    held = {("holds.py", function) for function in ("_begin", "_policy_holds", "time_passed")}
    assert calls_of("_release") == held


def test_what_watches_doors_buttons_and_fire_is_given_no_output() -> None:
    for name in ("__init__", "handle", "time_passed"):
        assert Relay not in get_type_hints(getattr(DeviceWatch, name)).values()
    source = next(path for path in SOURCES if path.name == "device_watch.py").read_text(encoding="utf-8")
    assert "elay" not in source


def test_an_output_knows_no_order_that_would_hold_a_lane_shut() -> None:
    orders = {name for name in vars(Relay) if not name.startswith("_")}
    read_only = {"name", "longest_pulse_seconds", "is_on"}
    assert orders - read_only == {"open", "pulse", "rest", "close"}
    assert all(isinstance(vars(Relay)[name], property) for name in read_only), "a report moves nothing"


def test_buttons_doors_and_fire_move_no_output_and_are_written_down(
    bench: BenchGate, safety: InputBoard
) -> None:
    bench.start(also=("safety",))
    bench.watches()
    heard = len(obeyed(bench.relay).heard)
    for active in (True, False):
        safety.set(LANE, InputKind.FIRE, active)
        safety.set(LANE, InputKind.TAMPER, active)
        bench.inputs.set(LANE, InputKind.EXIT_BUTTON, active)
        wait_for_entries(bench, "exit_request")
        bench.inputs.set(LANE, InputKind.DOOR_OPEN, active)
        wait_for_entries(bench, "door_opened" if active else "door_closed")
    bench.handled()
    assert obeyed(bench.relay).heard[heard:] == b""
    bench.stop()
    kinds = {entry.kind for entry in bench.entries()}
    assert {"alarm_fire", "fire_clear", "alarm_tamper", "tamper_clear", "exit_request"} <= kinds
    assert "alarm_door_forced" not in kinds


def is_active(bench: BenchGate, kind: InputKind) -> bool:
    """Return what the gate believes of a wire."""
    assert bench.gate is not None
    parts = bench.gate.controller._parts
    if kind is InputKind.DOOR_OPEN:
        return parts.desks[LANE].door.is_open
    return any(wire.kind == kind.value for wire in list(parts.watch._active_since))


def test_over_any_history_no_input_releases_a_lane_and_none_keeps_it_shut(
    bench: BenchGate, safety: InputBoard
) -> None:
    """Any moves of all wires and cables; then, with every wire active at once, a card opens."""
    bench.start(also=("safety",))
    bench.watches()
    boards = dict.fromkeys((InputKind.DOOR_OPEN, InputKind.EXIT_BUTTON), bench.inputs)
    wires = [
        partial(boards.get(kind, safety).set, LANE, kind, active)
        for kind in InputKind
        for active in (False, True)
    ]
    cables = [move for board in (safety, bench.inputs) for move in (board.unplug, board.replug)]
    heard = len(obeyed(bench.relay).heard)

    @settings(max_examples=examples(25, fewest=12), deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(wires + cables), st.sampled_from((0.0, 0.03))), max_size=12))
    def any_history(moves: list[tuple[Callable[[], object], float]]) -> None:
        for move, seconds in moves:
            move()
            time.sleep(seconds)
        assert bench.relay.heard[heard:] == b""

    any_history()
    # A door whose contact is heard for the first time after a loss was found open, not opened.
    for board in (safety, bench.inputs):
        board.unplug()
    until(lambda: bench.health("wires") == bench.health("safety") == "lost")
    for board in (safety, bench.inputs):
        board.replug()
    until(lambda: bench.health("wires") == bench.health("safety") == "ok")
    bench.watches()
    for kind in InputKind:
        for active in (False, True):
            boards.get(kind, safety).set(LANE, kind, active)
            until(lambda kind=kind, active=active: is_active(bench, kind) is active)
    bench.handled()
    assert obeyed(bench.relay).heard[heard:] == b""
    assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(7))
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)]
    kinds = {entry.kind for entry in bench.entries()}
    assert {
        "guard_button",
        "intercom_opening",
        "alarm_on_battery",
        "alarm_battery_low",
        "door_opened",
    } <= kinds
    assert "alarm_gate_failed" not in kinds


def test_fire_takes_no_grant_away_and_leaving_then_is_no_forced_door(
    bench: BenchGate, safety: InputBoard
) -> None:
    bench.start()
    safety.set(LANE, InputKind.FIRE, True)
    wait_for_entries(bench, "alarm_fire")
    bench.inputs.set(LANE, InputKind.DOOR_OPEN, True)
    until(lambda: is_active(bench, InputKind.DOOR_OPEN))
    assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(7))
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)]
    assert "alarm_door_forced" not in {entry.kind for entry in bench.entries()}


@pytest.mark.parametrize("posture", [Posture.LOCKDOWN, Posture.DISABLED])
def test_in_no_posture_is_an_output_driven_against_the_way_out(
    bench: BenchGate, safety: InputBoard, posture: Posture
) -> None:
    """Lockdown is the absence of a release: the board receives OFF, its state of rest, and nothing else."""
    bench.give_policy(records(person(), card(7, CARD_KEY), lane(posture=posture)), version=2)
    bench.start()
    bench.card.tap(7)
    wait_for_decisions(bench, 1)
    bench.inputs.set(LANE, InputKind.EXIT_BUTTON, True)
    wait_for_entries(bench, "exit_request")
    bench.stop()
    assert bench.relay.heard == OFF * (len(bench.relay.heard) // 4)
    assert "exit_request" in {entry.kind for entry in bench.entries()}


def test_a_gate_that_stops_in_the_middle_of_a_release_leaves_the_output_at_rest(
    bench: BenchGate, safety: InputBoard
) -> None:
    bench.give_policy(records(person(), card(7, CARD_KEY), lane(pulse_seconds=20.0)), version=2)
    bench.start()
    on_ns = bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(7))
    bench.stop()
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=on_ns)
    assert not bench.relay.is_on(1)
