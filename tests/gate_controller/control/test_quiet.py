"""A gate ends for another version only while no one passes, no lane is held open and no fire is reported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_controller.control.quiet import QUIET_SECONDS
from gate_controller.lane.door import Door
from gate_controller.lane.state import LaneDesk
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind
from tests.support.gates import bench as bench_module
from tests.support.gates.bench import LANE, BenchGate, bench_gate
from tests.support.gates.waiting import until

FIRE_WIRE = InputWire("3", LANE, InputKind.FIRE, False)
LONG_SECONDS = 60.0


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BenchGate]:
    monkeypatch.setattr(bench_module, "WIRES", (*bench_module.WIRES, FIRE_WIRE))
    fire = 'kind = "exit_button" }}, {{ terminal = "3", lane = "north-in", kind = "fire" }},'
    site_file = bench_module.SITE_FILE.replace('kind = "exit_button" }},', fire)
    assert site_file != bench_module.SITE_FILE
    monkeypatch.setattr(bench_module, "SITE_FILE", site_file)
    with bench_gate(tmp_path) as bench:
        bench.start()
        bench.watches()
        yield bench


def desk(bench: BenchGate) -> LaneDesk:
    assert bench.gate is not None
    return bench.gate.controller._parts.desks[LANE]


def door(bench: BenchGate) -> Door:
    return desk(bench).door


def is_quiet(bench: BenchGate) -> bool:
    assert bench.gate is not None
    controller = bench.gate.controller
    bench.handled()
    return controller._quiet.is_quiet(controller._parts.clock.monotonic_seconds())


def quiet_after(bench: BenchGate, seconds: float) -> bool:
    is_quiet(bench)
    bench.passes(seconds)
    return is_quiet(bench)


def test_a_gate_at_which_nothing_happens_is_quiet_after_some_seconds(gate: BenchGate) -> None:
    assert not quiet_after(gate, QUIET_SECONDS / 2)
    assert quiet_after(gate, QUIET_SECONDS)


def test_a_fire_release_lasts_as_long_as_it_lasts(gate: BenchGate) -> None:
    gate.inputs.set(LANE, InputKind.FIRE, True)
    until(lambda: door(gate).fire)
    assert not quiet_after(gate, LONG_SECONDS)
    gate.inputs.set(LANE, InputKind.FIRE, False)
    until(lambda: not door(gate).fire)
    assert quiet_after(gate, LONG_SECONDS)


def test_a_door_that_is_open_for_someone_is_waited_for(gate: BenchGate) -> None:
    assert quiet_after(gate, LONG_SECONDS)
    gate.inputs.set(LANE, InputKind.EXIT_BUTTON, True)
    until(lambda: door(gate).is_asked)
    assert not is_quiet(gate)
    gate.inputs.set(LANE, InputKind.DOOR_OPEN, True)
    until(lambda: door(gate).is_open)
    gate.inputs.set(LANE, InputKind.EXIT_BUTTON, False)
    until(lambda: not door(gate).is_asked)
    gate.passes(20.0)
    assert not is_quiet(gate), "it stands open, no longer than it may"
    gate.inputs.set(LANE, InputKind.DOOR_OPEN, False)
    until(lambda: not door(gate).is_open)
    assert quiet_after(gate, LONG_SECONDS)


def test_a_lane_that_is_held_open_is_waited_for(gate: BenchGate, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate.gate is not None
    controller = gate.gate.controller
    assert quiet_after(gate, LONG_SECONDS)
    monkeypatch.setattr(controller._quiet, "_is_held", lambda _lane: True)
    assert not quiet_after(gate, LONG_SECONDS)


def test_half_a_number_at_the_keypad_is_waited_for_until_it_is_forgotten(gate: BenchGate) -> None:
    assert quiet_after(gate, LONG_SECONDS)
    gate.keys.type("1")
    until(lambda: not desk(gate).keypad.entry.is_empty)
    assert not quiet_after(gate, QUIET_SECONDS)
    assert quiet_after(gate, LONG_SECONDS)
