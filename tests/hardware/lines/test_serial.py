import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.lines.port_names import may_move, names_of, plugged_ports
from hardware.lines.serial import SerialLine, unopened_port
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
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)


def adapter(tmp_path: Path, tty: str, socket: str, *, serial: str | None, by_id: str | None) -> None:
    """Lay out what udev and the kernel show of one USB adapter."""
    (tmp_path / tty).touch()
    usb = tmp_path / "sys" / "devices" / socket
    (usb / tty).mkdir(parents=True)
    (usb / "idVendor").write_text("1a86\n")
    (tmp_path / "sys" / "tty" / tty).mkdir(parents=True)
    (tmp_path / "sys" / "tty" / tty / "device").symlink_to(usb / tty)
    if serial is not None:
        (usb / "serial").write_text(f"{serial}\n")
    for folder, name in (("by-id", by_id), ("by-path", socket)):
        (tmp_path / folder).mkdir(exist_ok=True)
        if name is not None:
            (tmp_path / folder / name).symlink_to(tmp_path / tty)


def test_an_adapter_is_named_by_its_number_and_one_without_by_its_socket(tmp_path: Path) -> None:
    adapter(tmp_path, "ttyUSB0", "usb-1.1", serial="A50285BI", by_id="usb-FTDI_A50285BI")
    adapter(tmp_path, "ttyUSB1", "usb-1.2", serial=None, by_id="usb-1a86_USB_Serial")
    adapter(tmp_path, "ttyUSB2", "usb-1.3", serial=None, by_id=None)
    found = plugged_ports((tmp_path / "by-id", tmp_path / "by-path"), tty_folder=tmp_path / "sys" / "tty")
    assert [port.name for port in found] == [
        tmp_path / "by-path" / "usb-1.2",
        tmp_path / "by-id" / "usb-FTDI_A50285BI",
        tmp_path / "by-path" / "usb-1.3",
    ]
    assert found[0].other_names == (tmp_path / "by-id" / "usb-1a86_USB_Serial",)


def test_adapters_that_left_the_factory_with_one_number_are_named_by_their_sockets(tmp_path: Path) -> None:
    # Many CP2102 have the number 0001; udev's link leads to the one that came last.
    adapter(tmp_path, "ttyUSB0", "usb-1.1", serial="0001", by_id=None)
    adapter(tmp_path, "ttyUSB1", "usb-1.2", serial="0001", by_id="usb-Silicon_Labs_CP2102_0001-if00")
    adapter(tmp_path, "ttyUSB2", "usb-1.3", serial="0002", by_id="usb-Silicon_Labs_CP2102_0002-if00")
    found = plugged_ports((tmp_path / "by-id", tmp_path / "by-path"), tty_folder=tmp_path / "sys" / "tty")
    assert {port.name.relative_to(tmp_path).as_posix() for port in found} == {
        "by-path/usb-1.1",
        "by-path/usb-1.2",
        "by-id/usb-Silicon_Labs_CP2102_0002-if00",
    }


def test_the_two_ports_of_one_adapter_keep_the_name_with_its_number(tmp_path: Path) -> None:
    adapter(tmp_path, "ttyUSB0", "usb-1.1", serial="FT1", by_id="usb-FTDI_FT1-if00")
    second = tmp_path / "sys" / "devices" / "usb-1.1" / "ttyUSB1"
    second.mkdir()
    (tmp_path / "sys" / "tty" / "ttyUSB1").mkdir()
    (tmp_path / "sys" / "tty" / "ttyUSB1" / "device").symlink_to(second)
    (tmp_path / "ttyUSB1").touch()
    (tmp_path / "by-id" / "usb-FTDI_FT1-if01").symlink_to(tmp_path / "ttyUSB1")
    found = plugged_ports((tmp_path / "by-id", tmp_path / "by-path"), tty_folder=tmp_path / "sys" / "tty")
    assert [port.name.name for port in found] == ["usb-FTDI_FT1-if00", "usb-FTDI_FT1-if01"]


def test_names_that_lead_to_a_port_are_found_and_dead_links_are_none(tmp_path: Path) -> None:
    adapter(tmp_path, "ttyUSB0", "usb-1.1", serial="A50285BI", by_id="usb-FTDI_A50285BI")
    (tmp_path / "by-id" / "usb-gone").symlink_to(tmp_path / "nothing")
    folders = (tmp_path / "by-id", tmp_path / "by-path", tmp_path / "no-such-folder")
    assert names_of(str(tmp_path / "ttyUSB0"), folders) == (
        tmp_path / "by-id" / "usb-FTDI_A50285BI",
        tmp_path / "by-path" / "usb-1.1",
    )


@pytest.mark.parametrize(
    ("path", "moves"),
    [
        ("/dev/video0", True),
        ("/dev/input/event3", True),
        ("/dev/ttyAMA0", False),
        ("/dev/serial/by-id/x", False),
    ],
)
def test_names_that_may_move_are_known(path: str, moves: bool) -> None:
    assert may_move(path) is moves


def test_asking_a_port_whether_it_has_modem_lines_leaves_it_open(port: Path) -> None:
    with PtyWire(port, name="w") as wire:
        line = SerialLine(wire.path, 9600, name="r")
        line.open()
        assert line.modem_lines_if_any() is None
        wire.write(b"still here")
        assert line.read(100, 2.0) == b"still here"
        line.close()
