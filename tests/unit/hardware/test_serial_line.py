import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.serial_line import SerialLine, unopened_port
from hardware.simulated.wire import PtyWire, TraceEntry

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def test_dtr_and_rts_are_low_before_the_port_is_opened() -> None:
    port = unopened_port("/dev/serial/by-id/x", 9600)

    assert (port.is_open, port.dtr, port.rts) == (False, False, False)
    assert (port.rtscts, port.dsrdtr, port.exclusive) == (False, False, True)


@pytest.mark.parametrize("path", ["/dev/ttyUSB0", "/dev/ttyACM12"])
def test_a_name_that_changes_on_replug_is_refused(path: str) -> None:
    with pytest.raises(BadDeviceSetting, match="by-id"):
        SerialLine(path, 9600, name="north reader")


def test_an_absent_port_is_unavailable_and_says_which(port: Path) -> None:
    with pytest.raises(DeviceUnavailable, match=f"north reader.*{port}"):
        SerialLine(str(port), 9600, name="north reader").open()


def test_something_that_is_no_serial_port_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DeviceUnavailable):
        SerialLine(str(tmp_path / "file"), 9600, name="north reader").open()


def test_bytes_go_both_ways_and_are_traced_with_their_times(port: Path) -> None:
    trace: list[TraceEntry] = []
    heard: list[bytes] = []
    with PtyWire(port, name="w", hear=lambda data, at_ns: heard.append(data), trace=trace.append) as wire:
        line = SerialLine(wire.path, 9600, name="north reader")
        line.open()
        sent_ns = wire.write(b"\x00\r\n\x03\xff")
        assert line.read(100, 2.0) == b"\x00\r\n\x03\xff"
        wrote_ns = line.write(b"\xa0\x11\x13\n")
        wait_until(lambda: heard == [b"\xa0\x11\x13\n"])
        line.close()

    assert [(e.direction, e.data) for e in trace] == [
        ("to_host", b"\x00\r\n\x03\xff"),
        ("from_host", b"\xa0\x11\x13\n"),
    ]
    assert sent_ns <= wrote_ns <= trace[1].at_ns


def test_no_bytes_in_time_is_an_empty_read(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        line = SerialLine(wire.path, 9600, name="north reader")
        line.open()
        assert line.read(100, 0.01) == b""
        line.close()


def test_a_port_has_one_holder(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        first = SerialLine(wire.path, 9600, name="first")
        first.open()
        with pytest.raises(DeviceUnavailable, match="no other program"):
            SerialLine(wire.path, 9600, name="second").open()
        first.close()


def test_an_unplugged_adapter_is_noticed_by_the_next_read_and_the_next_write(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        reading = SerialLine(wire.path, 9600, name="r")
        reading.open()
        wire.unplug()
        with pytest.raises(DeviceUnavailable, match="lost"):
            reading.read(10, 2.0)
        assert not reading.is_open

        wire.replug()
        reading.open()
        wire.unplug()
        with pytest.raises(DeviceUnavailable, match="lost"):
            reading.write(b"x")
        assert not reading.is_open


def test_bytes_from_before_the_opening_are_never_read(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        wire.write(b"old")
        line = SerialLine(wire.path, 9600, name="r")
        line.open()
        line.close()
        wire.write(b"older")
        line.open()
        assert line.read(100, 0.05) == b""
        wire.write(b"new")
        assert line.read(100, 2.0) == b"new"
        line.close()


def test_a_write_that_the_device_never_takes_fails_in_time(port: Path) -> None:
    # A pty whose twin does not read fills up, as an adapter that hangs does.
    master, slave = os.openpty()
    line = SerialLine(os.ttyname(slave), 9600, name="r")
    line.open()
    with pytest.raises(DeviceUnavailable):
        line.write(bytes(1_000_000))
    assert not line.is_open
    os.close(slave)
    os.close(master)


def test_a_pty_has_no_modem_lines_and_says_so(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        line = SerialLine(wire.path, 9600, name="r")
        line.open()
        with pytest.raises(DeviceUnavailable):
            line.modem_lines()


def test_a_replugged_wire_keeps_its_name_and_an_unplugged_one_has_none(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        wire.unplug()
        assert not port.is_symlink()
        assert wire.write(b"nobody hears this") > 0
        wire.replug()
        assert port.is_symlink()
    assert not port.is_symlink()


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)
