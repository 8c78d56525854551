import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting, DeviceUnavailable, HardwareError, OutputNotConfirmed
from hardware.interfaces import Health
from hardware.lines.serial import SerialLine
from hardware.relays.usb import UsbRelay, UsbRelayBoard, switch_frame
from hardware.simulated.relay_board import RelayBoard
from tests.support.gates.waiting import until

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
ON_1, OFF_1, OFF_2 = switch_frame(1, True), switch_frame(1, False), switch_frame(2, False)


@pytest.mark.parametrize(
    ("channel", "on", "golden"),
    [
        (1, True, "a0 01 01 a2"),
        (1, False, "a0 01 00 a1"),
        (2, True, "a0 02 01 a3"),
        (8, False, "a0 08 00 a8"),
    ],
)
def test_frames_are_those_of_the_sellers_sheet(channel: int, on: bool, golden: str) -> None:
    assert switch_frame(channel, on).hex(" ") == golden


@pytest.mark.parametrize("channel", [0, 9, -1])
def test_a_channel_no_board_has_is_refused(channel: int) -> None:
    with pytest.raises(BadDeviceSetting, match="1 to 8"):
        switch_frame(channel, True)


@pytest.fixture
def metal(port: Path) -> Iterator[RelayBoard]:
    with RelayBoard(port, name="metal", channels=2, powered_by_usb=False) as board:
        yield board


@pytest.fixture
def relay(metal: RelayBoard, reports) -> Iterator[UsbRelay]:
    relay = UsbRelay(
        UsbRelayBoard(metal.path, name="board", report=reports),
        1,
        name="north lock",
        max_pulse_seconds=5,
    )
    yield relay
    relay.close()


def test_opening_sends_off_and_nothing_else(metal: RelayBoard, relay: UsbRelay) -> None:
    relay.open()
    metal.wait_for_off(1, 10)
    relay.close()
    wait_until(lambda: len(metal.heard) == 2 * len(OFF_1))

    assert metal.heard == OFF_1 * 2


def test_nothing_is_sent_before_it_is_opened(metal: RelayBoard, relay: UsbRelay) -> None:
    with pytest.raises(DeviceUnavailable, match="not open"):
        relay.pulse(1)
    assert metal.heard == b""


def test_a_pulse_is_on_then_off_after_its_time(metal: RelayBoard, relay: UsbRelay) -> None:
    relay.open()
    asked_ns = time.monotonic_ns()
    first_byte_ns = relay.pulse(0.15)
    on_ns = metal.wait_for_on(1, 10)
    off_ns = metal.wait_for_off(1, 10, after_ns=on_ns)

    assert asked_ns <= first_byte_ns <= on_ns
    assert off_ns - first_byte_ns >= 150_000_000
    assert [change.on for change in metal.changes] == [False, True, False]


def test_a_board_that_answers_with_its_state_is_read_empty_and_moves_as_ordered(port: Path, reports) -> None:
    with RelayBoard(port, name="metal", answers=True) as metal:
        board = UsbRelayBoard(metal.path, name="board", report=reports)
        relay = UsbRelay(board, 1, name="north lock", max_pulse_seconds=5)
        relay.open()
        for _ in range(30):
            metal.wait_for_off(1, 10, after_ns=metal.wait_for_on(1, 10, after_ns=relay.pulse(0.02)))
        answers = b"CH1: OFF\r\n" * 300
        with board._changed:
            metal.wire.write(answers)
            until(lambda: metal.wire.unread_bytes() >= len(answers))  # a pty passes them on after `write`
            board._look()
            assert metal.wire.unread_bytes() == 0
        assert [change.on for change in metal.changes] == [False, *[True, False] * 30]
        relay.close()
    assert [seen.health for seen in reports.drain()] == [Health.OK]


def test_overlapping_pulses_extend_and_never_stack_up(metal: RelayBoard, relay: UsbRelay) -> None:
    relay.open()
    metal.wait_for_off(1, 10)
    relay.pulse(2.0)
    relay.pulse(0.05)
    relay.pulse(0.05)
    last_on_ns = relay.pulse(2.2)
    off_ns = metal.wait_for_off(1, 10, after_ns=last_on_ns)

    assert off_ns - last_on_ns >= 2_200_000_000
    assert [change.on for change in metal.changes] == [False, True, True, True, True, False]


def test_a_shorter_second_pulse_does_not_cut_the_first(metal: RelayBoard, relay: UsbRelay) -> None:
    relay.open()
    metal.wait_for_off(1, 10)
    first_ns = relay.pulse(0.3)
    relay.pulse(0.01)

    assert metal.wait_for_off(1, 10, after_ns=first_ns) - first_ns >= 300_000_000


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_pulse_of_no_time_or_no_end_is_refused(metal: RelayBoard, relay: UsbRelay, seconds: float) -> None:
    relay.open()
    with pytest.raises(BadDeviceSetting, match="lasts some seconds"):
        relay.pulse(seconds)
    relay.close()

    assert ON_1 not in metal.heard


def test_a_pulse_above_the_longest_is_cut_to_it(metal: RelayBoard, reports) -> None:
    board = UsbRelayBoard(metal.path, name="board", report=reports)
    relay = UsbRelay(board, 1, name="short", max_pulse_seconds=0.3)
    relay.open()
    metal.wait_for_off(1, 10)
    first_ns = relay.pulse(120)
    off_ns = metal.wait_for_off(1, 10, after_ns=first_ns)
    relay.close()

    assert relay.longest_pulse_seconds == 0.3
    assert 300_000_000 <= off_ns - first_ns < 2_000_000_000


def test_pulses_on_end_rest_at_the_longest_time_on_and_a_hold_does_not(metal: RelayBoard, reports) -> None:
    board = UsbRelayBoard(metal.path, name="board", report=reports)
    relay = UsbRelay(board, 1, name="lock", max_pulse_seconds=20, max_on_seconds=2)
    relay.open()
    metal.wait_for_off(1, 10)
    first_ns = relay.pulse(20)
    relay.pulse(20)
    off_ns = metal.wait_for_off(1, 30, after_ns=first_ns)
    assert off_ns - first_ns < 15_000_000_000, "the second pulse was to last twenty seconds"
    held_ns = relay.pulse(2, holds=True)
    for _renewal in range(6):
        time.sleep(0.4)
        relay.pulse(2, holds=True)
    relay.pulse(2)
    assert relay.longest_pulse_seconds == 2
    assert metal.wait_for_off(1, 10, after_ns=held_ns) - held_ns > 2_400_000_000
    relay.close()


def test_what_may_not_be_held_is_not_held_whatever_is_asked(metal: RelayBoard, reports) -> None:
    board = UsbRelayBoard(metal.path, name="board", report=reports)
    drive = UsbRelay(board, 1, name="drive", max_pulse_seconds=20, max_on_seconds=1, may_hold=False)
    drive.open()
    metal.wait_for_off(1, 10)
    first_ns = drive.pulse(20, holds=True)
    drive.pulse(20, holds=True)
    assert metal.wait_for_off(1, 30, after_ns=first_ns) - first_ns < 15_000_000_000
    drive.close()


def test_rest_ends_a_pulse_early_and_once(metal: RelayBoard, reports) -> None:
    relay = UsbRelay(UsbRelayBoard(metal.path, name="board", report=reports), 1, name="lock")
    relay.open()
    metal.wait_for_off(1, 10)
    on_ns = relay.pulse(25)
    relay.rest()
    metal.wait_for_off(1, 10, after_ns=on_ns)
    next_ns = relay.pulse(0.2)
    metal.wait_for_off(1, 10, after_ns=next_ns)  # the end of the first pulse was forgotten
    relay.close()

    assert [change.on for change in metal.changes][:5] == [False, True, False, True, False]


def test_an_absent_board_is_reported_looked_for_and_put_to_rest_when_it_comes(port: Path, reports) -> None:
    relay = UsbRelay(UsbRelayBoard(str(port), name="board", report=reports), 1, name="lock")
    with pytest.raises(DeviceUnavailable):
        relay.open()
    reports.wait_for(Health.LOST)
    with pytest.raises(DeviceUnavailable, match="nothing was switched"):
        relay.pulse(1)
    with RelayBoard(port, name="metal") as metal:
        metal.wait_for_off(1, 10)
        reports.wait_for(Health.OK)
        relay.close()
        wait_until(lambda: metal.heard == OFF_1 * 2)


def test_a_board_unplugged_in_mid_pulse_is_put_to_rest_when_it_is_back(
    metal: RelayBoard, relay: UsbRelay, reports
) -> None:
    relay.open()
    relay.pulse(0.3)
    metal.wait_for_on(1, 10)
    metal.unplug()
    assert metal.is_on(1)
    reports.wait_for(Health.LOST)
    heard_before = len(metal.heard)
    back_ns = time.monotonic_ns()
    metal.replug()
    metal.wait_for_off(1, 10, after_ns=back_ns)
    reports.wait_for(Health.OK)
    next_ns = relay.pulse(0.5)

    assert metal.wait_for_off(1, 30, after_ns=next_ns) - next_ns >= 500_000_000, "the first end was forgotten"
    assert metal.heard[heard_before:] == OFF_1 + ON_1 + OFF_1


def test_a_pulse_that_could_not_be_sent_is_never_sent_later(
    metal: RelayBoard, relay: UsbRelay, reports
) -> None:
    relay.open()
    metal.unplug()
    with pytest.raises((OutputNotConfirmed, DeviceUnavailable)):
        relay.pulse(3)
    metal.replug()
    reports.wait_for(Health.OK)
    closed_ns = time.monotonic_ns()
    relay.close()
    metal.wait_for_off(1, 30, after_ns=closed_ns)

    assert ON_1 not in metal.heard


def test_off_that_could_not_be_sent_is_reported_and_sent_on_return(
    metal: RelayBoard, relay: UsbRelay, reports
) -> None:
    relay.open()
    relay.pulse(4)
    metal.wait_for_on(1, 10)
    metal.unplug()
    with pytest.raises(OutputNotConfirmed, match="when the board is back"):
        relay.rest()
    metal.replug()
    wait_until(lambda: not metal.is_on(1))


def test_a_power_cycle_of_the_board_brings_only_off_frames(
    metal: RelayBoard, relay: UsbRelay, reports
) -> None:
    relay.open()
    metal.wait_for_off(1, 10)
    metal.power_cycle()
    reports.wait_for(Health.LOST)
    wait_until(lambda: len(metal.heard) == 2 * len(OFF_1))

    assert metal.heard == OFF_1 * 2


def test_a_pulse_to_a_board_that_hangs_fails_and_never_arrives_later(reports) -> None:
    # The test reads this pty only at the end, so the kernel's buffer fills and the write cannot go.
    master, slave = os.openpty()
    tty.setraw(slave)
    relay = UsbRelay(UsbRelayBoard(os.ttyname(slave), name="board", report=reports), 1, name="lock")
    relay.open()
    os.set_blocking(slave, False)
    fill_up(slave)
    with pytest.raises(OutputNotConfirmed, match="may or may not"):
        relay.pulse(3)
    os.set_blocking(master, False)
    heard = b""
    while OFF_1 not in heard:
        heard += read_now(master)
    time.sleep(0.3)
    heard += read_now(master)
    relay.close()
    os.close(slave)
    os.close(master)

    assert ON_1 not in heard


def fill_up(descriptor: int) -> None:
    """Write until the kernel takes nothing more, also after it has moved its buffers about."""
    full_rounds = 0
    while full_rounds < 10:
        full_rounds += 1
        with suppress(BlockingIOError):
            while os.write(descriptor, b"\0"):
                full_rounds = 0
        time.sleep(0.01)


def read_now(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""


def test_closing_in_mid_pulse_puts_the_output_to_rest(metal: RelayBoard, relay: UsbRelay) -> None:
    relay.open()
    relay.pulse(4)
    relay.close()

    assert metal.wait_for_off(1, 10, after_ns=metal.wait_for_on(1, 10))


def test_two_lanes_share_a_board_without_moving_each_other(metal: RelayBoard) -> None:
    board = UsbRelayBoard(metal.path, name="board")
    into, out = UsbRelay(board, 1, name="in"), UsbRelay(board, 2, name="out")
    into.open()
    out.open()
    into.pulse(0.2)
    out.pulse(0.05)
    metal.wait_for_off(2, 10, after_ns=metal.wait_for_on(2, 10))
    assert metal.is_on(1)
    out.close()
    assert metal.is_on(1)
    metal.wait_for_off(1, 10, after_ns=metal.wait_for_on(1, 10))
    into.close()


def test_a_lane_that_opens_on_a_board_in_use_is_put_to_rest_first(metal: RelayBoard) -> None:
    board = UsbRelayBoard(metal.path, name="board")
    into, out = UsbRelay(board, 1, name="in"), UsbRelay(board, 2, name="out")
    into.open()
    metal.wait_for_off(1, 10)
    assert OFF_2 not in metal.heard
    out.open()
    metal.wait_for_off(2, 10)
    into.close()
    out.close()


class LooksCounted(UsbRelayBoard):
    """A board that counts the looks for it in the thread that opens and closes its lanes."""

    looks = 0

    def _reach(self) -> None:
        self.looks += threading.current_thread() is threading.main_thread()
        super()._reach()


def test_a_board_that_is_away_is_looked_for_once_at_the_start_and_once_at_the_end(port: Path) -> None:
    board = LooksCounted(str(port), name="board")
    relays = [UsbRelay(board, channel, name=f"lane {channel}") for channel in range(1, 9)]
    for one in relays:
        with pytest.raises(DeviceUnavailable, match="cannot open"):
            one.open()
    assert board.looks == 1
    for one in relays:
        one.close()
    assert board.looks == 2


def test_lanes_that_close_while_their_board_is_away_are_at_rest_when_it_is_back(
    metal: RelayBoard, reports
) -> None:
    board = UsbRelayBoard(metal.path, name="board", report=reports)
    into, out = UsbRelay(board, 1, name="in"), UsbRelay(board, 2, name="out")
    into.open()
    out.open()
    into.pulse(20)
    metal.wait_for_on(1, 10)
    metal.unplug()
    reports.wait_for(Health.LOST)
    into.close()
    with pytest.raises(DeviceUnavailable):
        into.pulse(1)
    metal.replug()
    out.close()
    wait_until(lambda: not metal.is_on(1))


@given(st.lists(st.sampled_from(["pulse", "rest", "unplug", "replug", "reopen"]), max_size=12))
def test_the_board_receives_no_more_on_frames_than_pulses_were_asked(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    port = tmp_path_factory.mktemp("board") / "relay"
    pulses = 0
    with RelayBoard(port, name="metal", powered_by_usb=False) as metal:
        relay = UsbRelay(UsbRelayBoard(metal.path, name="board"), 1, name="lock")
        acts: dict[str, Callable[[], object]] = {
            "pulse": lambda: relay.pulse(0.001),
            "rest": relay.rest,
            "unplug": metal.unplug,
            "replug": metal.replug,
            "reopen": lambda: (relay.close(), relay.open()),
        }
        for step in steps:
            pulses += step == "pulse"
            try:
                acts[step]()
            except HardwareError:
                continue
        relay.close()
        wait_until(lambda: len(metal.heard) % 4 == 0)
        frames = [metal.heard[i : i + 4] for i in range(0, len(metal.heard), 4)]

    assert frames.count(ON_1) <= pulses
    assert set(frames) <= {ON_1, OFF_1}


def test_pulses_from_many_threads_leave_the_output_at_rest(metal: RelayBoard, relay: UsbRelay) -> None:
    relay.open()
    threads = [threading.Thread(target=relay.pulse, args=(0.02,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(metal.changes) >= 10 and not metal.is_on(1))

    times = [change.at_ns for change in metal.changes]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert sum(change.on for change in metal.changes) == 8


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)


def test_on_is_never_queued_behind_bytes_that_an_adapter_does_not_take(
    metal: RelayBoard, relay: UsbRelay, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.open()
    metal.wait_for_off(1, 10)
    # A pty always says that nothing waits; this is what a hung CH340 answers to TIOCOUTQ.
    monkeypatch.setattr(SerialLine, "unsent_bytes", lambda line: 4)
    with pytest.raises(
        DeviceUnavailable, match=r"earlier bytes have not left the adapter.*nothing was switched"
    ):
        relay.pulse(1)
    monkeypatch.undo()
    relay.close()

    assert ON_1 not in metal.heard


def test_on_that_does_not_leave_the_adapter_is_not_confirmed_and_off_follows(
    metal: RelayBoard, relay: UsbRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.open()
    metal.wait_for_off(1, 10)
    waiting = iter((0, *[4] * 1_000_000))
    monkeypatch.setattr(SerialLine, "unsent_bytes", lambda line: next(waiting))
    with pytest.raises(OutputNotConfirmed, match=r"takes no bytes.* may or may not have moved"):
        relay.pulse(4)
    monkeypatch.undo()
    wait_until(lambda: not metal.is_on(1))


def test_off_that_does_not_leave_the_adapter_is_reported_and_sent_until_it_does(
    metal: RelayBoard, relay: UsbRelay, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.open()
    relay.pulse(1)
    metal.wait_for_on(1, 10)
    monkeypatch.setattr(SerialLine, "unsent_bytes", lambda line: 4)
    lost = reports.wait_for(Health.LOST)
    assert "the adapter takes no bytes" in lost.detail
    assert "OFF will be sent" in lost.detail
    monkeypatch.undo()
    reports.wait_for(Health.OK)
    wait_until(lambda: not metal.is_on(1))
