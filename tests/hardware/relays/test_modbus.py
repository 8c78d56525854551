import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.errors import (
    BadDeviceSetting,
    DeviceRefused,
    DeviceUnavailable,
    HardwareError,
    OutputNotConfirmed,
)
from hardware.interfaces import Health
from hardware.lines.modbus import ModbusLine, request_frame
from hardware.relays.modbus import BoardFamily, Eletechsup, ModbusRelay, ModbusRelayBoard, Waveshare
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
FAMILIES: dict[str, BoardFamily] = {"waveshare": Waveshare(), "eletechsup": Eletechsup()}


@pytest.fixture(params=["waveshare", "eletechsup"])
def board(request: pytest.FixtureRequest) -> ModbusBoard:
    return ModbusBoard(3, request.param)


@pytest.fixture
def bus(port: Path, board: ModbusBoard) -> Iterator[ModbusBus]:
    with ModbusBus(port, [board, ModbusBoard(4)], name="bus") as bus:
        yield bus


@pytest.fixture
def driver(bus: ModbusBus, board: ModbusBoard, reports) -> ModbusRelayBoard:
    line = ModbusLine(bus.path, name="line")
    return ModbusRelayBoard(line, 3, FAMILIES[board.family], name="board", report=reports)


@pytest.fixture
def relay(driver: ModbusRelayBoard) -> Iterator[ModbusRelay]:
    relay = ModbusRelay(driver, 2, name="lock", max_pulse_seconds=60)
    yield relay
    relay.close()


def orders(bus: ModbusBus) -> list[bytes]:
    return [frame for frame in bus.requests if frame[1] in (5, 6)]


def ons(bus: ModbusBus) -> int:
    return sum(change.on for change in bus.changes(3))


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def test_opening_orders_rest_and_nothing_else(bus, board, relay, reports) -> None:
    relay.open()
    reports.wait_for(Health.OK)

    assert orders(bus) == [request_frame(FAMILIES[board.family].off(3, 2))]
    assert ons(bus) == 0


def test_a_relay_left_on_by_a_crash_is_put_to_rest_at_opening(bus, board, relay, reports) -> None:
    board.on.add(2)
    relay.open()

    assert not bus.is_on(3, 2)


def test_a_pulse_is_timed_by_the_board_and_confirmed(bus, board, relay) -> None:
    relay.open()
    asked_ns = time.monotonic_ns()
    first_byte_ns = relay.pulse(1)

    assert bus.is_on(3, 2)
    assert first_byte_ns >= asked_ns
    assert board.ends_ns[2] - first_byte_ns >= 1_000_000_000
    wait_until(lambda: not bus.is_on(3, 2))
    on, off = bus.changes(3)[1:3]
    assert (on.on, off.on) == (True, False)
    assert off.at_ns - on.at_ns == 1_000_000_000


def test_a_pulse_ends_automatically_when_the_cable_is_pulled(bus, board, relay, reports) -> None:
    relay.open()
    relay.pulse(1)
    bus.unplug()
    reports.wait_for(Health.LOST)
    heard = bus.heard
    wait_until(lambda: not bus.is_on(3, 2))

    assert bus.heard == heard
    bus.replug()
    reports.wait_for(Health.OK)
    assert ons(bus) == 1


def test_a_silent_board_may_have_obeyed_and_is_put_to_rest_when_it_answers(
    bus, board, relay, reports
) -> None:
    relay.open()
    board.loses_answers_to = frozenset({5, 6})
    with pytest.raises(OutputNotConfirmed, match="may or may not"):
        relay.pulse(30)
    board.loses_answers_to = frozenset()
    wait_until(lambda: not bus.is_on(3, 2))

    assert ons(bus) == 1


def test_a_relay_that_does_not_move_is_not_confirmed(bus, board, relay) -> None:
    relay.open()
    board.is_stuck = True
    with pytest.raises(OutputNotConfirmed, match="reads off"):
        relay.pulse(2)
    board.is_stuck = False


def test_a_relay_that_stays_on_is_reported_as_faulty_until_it_rests(bus, board, relay, reports) -> None:
    relay.open()
    reports.wait_for(Health.OK)
    relay.pulse(30)
    board.is_stuck = True
    with pytest.raises(OutputNotConfirmed, match="still reads on"):
        relay.rest()
    reports.wait_for(Health.FAULTY)
    board.is_stuck = False
    reports.wait_for(Health.OK)

    assert not bus.is_on(3, 2)


def test_a_board_that_passes_over_off_in_a_pulse_is_put_to_rest_all_the_same(port: Path) -> None:
    board = ModbusBoard(3, "eletechsup", obeys_off_in_pulse=False)
    with ModbusBus(port, [board], name="bus") as bus:
        driver = ModbusRelayBoard(ModbusLine(bus.path, name="line"), 3, Eletechsup(), name="board")
        relay = ModbusRelay(driver, 1, name="lock")
        relay.open()
        relay.pulse(30)
        relay.rest()
        assert not bus.is_on(3, 1)
        relay.close()


def test_a_relay_switched_from_outside_is_put_to_rest_and_reported(bus, board, relay, reports) -> None:
    relay.open()
    reports.wait_for(Health.OK)
    board.on.add(2)
    assert "on without an order" in reports.wait_for(Health.FAULTY).detail
    reports.wait_for(Health.OK)

    assert not bus.is_on(3, 2)


def test_a_board_that_lost_its_supply_is_reported_and_comes_back_at_rest(bus, board, relay, reports) -> None:
    relay.open()
    reports.wait_for(Health.OK)
    board.is_mute = True
    bus.power_cycle(3)
    assert "no answer from address 3" in reports.wait_for(Health.LOST).detail
    with pytest.raises(DeviceUnavailable, match="nothing was switched"):
        relay.pulse(1)
    board.is_mute = False
    reports.wait_for(Health.OK)

    assert ons(bus) == 0


def test_an_adapter_that_echoes_does_not_confirm_for_an_absent_board(port: Path, reports) -> None:
    with ModbusBus(port, [ModbusBoard(9)], name="bus", echoes=True) as bus:
        driver = ModbusRelayBoard(ModbusLine(bus.path, name="line"), 3, Waveshare(), name="board")
        relay = ModbusRelay(driver, 1, name="lock")
        with pytest.raises(DeviceUnavailable):
            relay.open()
        relay.close()


def test_a_channel_the_board_lacks_is_refused_by_the_board_itself(bus, driver, reports) -> None:
    relay = ModbusRelay(driver, 20, name="lock")
    relay.open()

    assert "Modbus exception 2" in reports.wait_for(Health.FAULTY).detail
    relay.close()


def test_pulses_are_rounded_up_to_what_the_board_can_time() -> None:
    assert [Waveshare().units_of(s) for s in (0.01, 0.1, 0.3, 0.31, 5)] == [1, 1, 3, 4, 50]
    assert [Eletechsup().units_of(s) for s in (0.2, 1, 1.1, 255)] == [1, 1, 2, 255]
    with pytest.raises(BadDeviceSetting, match="at most 255 s"):
        Eletechsup().units_of(255.5)


@pytest.mark.parametrize(
    ("family", "most_seconds", "longest_seconds"),
    [(Eletechsup(), 2.5, 2.0), (Eletechsup(), 1.0, 1.0), (Waveshare(), 0.35, 0.3), (Waveshare(), 0.3, 0.3)],
)
def test_no_pulse_is_rounded_up_beyond_the_longest(
    port: Path, family: BoardFamily, most_seconds: float, longest_seconds: float
) -> None:
    board = ModbusRelayBoard(ModbusLine(str(port), name="line"), 3, family, name="board")
    relay = ModbusRelay(board, 1, name="lock", max_pulse_seconds=most_seconds)
    assert relay.longest_pulse_seconds == pytest.approx(longest_seconds)
    assert family.units_of(relay.longest_pulse_seconds) * family.unit_seconds <= most_seconds + 1e-9


def test_a_longest_pulse_that_the_board_cannot_keep_is_refused(port: Path) -> None:
    board = ModbusRelayBoard(ModbusLine(str(port), name="line"), 3, Eletechsup(), name="board")
    with pytest.raises(BadDeviceSetting, match="in steps of 1 s"):
        ModbusRelay(board, 1, name="lock", max_pulse_seconds=0.5)


def test_an_output_that_may_not_be_held_rests_at_its_longest_time(bus, driver) -> None:
    relay = ModbusRelay(driver, 2, name="motor", max_pulse_seconds=1, max_on_seconds=1)
    relay.open()
    give_up_ns = relay.pulse(1) + 20_000_000_000
    with pytest.raises(DeviceRefused, match="longest time"):
        while time.monotonic_ns() < give_up_ns:
            relay.pulse(1)
    wait_until(lambda: not bus.is_on(3, 2))
    relay.close()


@settings(max_examples=8)
@given(st.lists(st.sampled_from(["pulse", "rest", "unplug", "replug", "mute", "speak", "noise"]), max_size=8))
def test_the_board_receives_no_more_on_frames_than_pulses_were_asked(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    pulses = 0
    board = ModbusBoard(3)
    with ModbusBus(tmp_path_factory.mktemp("bus") / "port", [board], name="bus") as bus:
        driver = ModbusRelayBoard(ModbusLine(bus.path, name="line"), 3, Waveshare(), name="board")
        relay = ModbusRelay(driver, 2, name="lock")
        acts: dict[str, Callable[[], object]] = {
            "pulse": lambda: relay.pulse(0.1),
            "rest": relay.rest,
            "unplug": bus.unplug,
            "replug": bus.replug,
            "mute": lambda: setattr(board, "is_mute", True),
            "speak": lambda: setattr(board, "is_mute", False),
            "noise": lambda: bus.wire.write(bytes(range(256))),
        }
        for step in ["open", *steps]:
            pulses += step == "pulse"
            try:
                acts.get(step, relay.open)()
            except HardwareError:
                continue
        relay.close()
        sent = bus.heard

    assert sent.count(request_frame(Waveshare().pulse(3, 2, 1))) <= pulses
    assert sent.count(b"\xff\x00") == 0


GATE = """
import sys, time
from hardware.lines.modbus import ModbusLine
from hardware.relays.modbus import ModbusRelay, ModbusRelayBoard, Waveshare
board = ModbusRelayBoard(ModbusLine(sys.argv[1], name="line"), 3, Waveshare(), name="board")
relay = ModbusRelay(board, 2, name="lock")
relay.open()
relay.pulse(float(sys.argv[2]))
print("on", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("pulse_seconds", [1, 20])
def test_a_killed_gate_leaves_a_pulse_that_ends_and_its_successor_rests_within_3_s(
    port: Path, pulse_seconds: int
) -> None:
    with ModbusBus(port, [ModbusBoard(3)], name="bus") as bus:
        gate = subprocess.Popen(
            [sys.executable, "-c", GATE, bus.path, str(pulse_seconds)], stdout=subprocess.PIPE
        )
        assert gate.stdout is not None
        assert gate.stdout.readline() == b"on\n"
        gate.kill()
        gate.wait(timeout=10)
        gate.stdout.close()
        assert bus.is_on(3, 2)
        ends_ns = bus.board(3).ends_ns[2]
        restart_ns = time.monotonic_ns()
        driver = ModbusRelayBoard(ModbusLine(bus.path, name="line"), 3, Waveshare(), name="board")
        successor = ModbusRelay(driver, 2, name="lock")
        successor.open()
        assert not bus.is_on(3, 2)
        off = bus.changes(3)[-1]
        successor.close()

    assert off.at_ns <= max(ends_ns, restart_ns) + 3_000_000_000
    assert sum(change.on for change in bus.changes(3)) == 1
