"""What an installer reads, without the metal: numbers as typed, tables ready to paste, ports in trouble."""

import os
from pathlib import Path

import pytest

from gate_controller import cli
from gate_controller.contract.card_numbers import NoCardNumber, printed_number
from gate_controller.installer.device_check import DeviceReports, check_wires
from gate_controller.installer.port_trouble import port_trouble, unstable_name
from gate_controller.installer.ports import PortIdentifier
from gate_controller.installer.site_check import check_names
from gate_controller.installer.site_lines import NamedPart
from gate_controller.site_file.load import load_config
from hardware.driver import WireSettings
from hardware.identify.listening import ContactMoved, Tap
from hardware.inputs.drivers import InputBoardSection
from hardware.interfaces import InputChange, InputKind
from tests.support.gates.bench import SITE_FILE

PORT = Path("/dev/serial/by-id/usb-FTDI_A50285BI-if00-port0")
SERIAL_CARD = (
    ("kind", "serial_card"),
    ("bits", 34),
    ("radix", "hex"),
    ("byte_order", "msb"),
    ("checksum", "none"),
)


def unnamed(_port: Path) -> None:
    return None


def as_reader(_port: Path) -> NamedPart:
    return NamedPart("reader", "north", "north-in", 9600, SERIAL_CARD)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("305441741", 305441741),
        ("0305441741", 305441741),
        ("0x1234ABCD", 0x1234ABCD),
        ("1234abcd", 0x1234ABCD),
        ("12:34:AB:CD", 0x1234ABCD),
        ("12 34 AB CD", 0x1234ABCD),
        ("052,43981", 0x34ABCD),
        ("52/43981", 0x34ABCD),
        ("３０５", 305),
    ],
)
def test_a_printed_number_is_understood_in_every_form_that_the_managers_page_takes(
    text: str, number: int
) -> None:
    assert printed_number(text) == number


@pytest.mark.parametrize("text", ["", "0", "4294967296", "256,1", "1,65536", "card", "12345678901", "-5"])
def test_what_is_no_number_of_a_card_is_refused(text: str) -> None:
    with pytest.raises(NoCardNumber, match="is no card number"):
        printed_number(text)


def test_the_same_again_is_not_printed_again_but_for_the_card() -> None:
    identifier = PortIdentifier(unnamed, lanes=["north-in"], card=None)
    first = identifier.take(Tap(PORT, b"1234ABCD\r\n", 9600))
    second = identifier.take(Tap(PORT, b"1234ABCE\r\n", 9600))
    assert 'lane = "north-in"' in first.lines()[1]
    assert second.lines() == [f"{PORT}: as before"]
    sure = PortIdentifier(unnamed, card=0x1234ABCD)
    sure.take(Tap(PORT, b"1234ABCD\r\n", 9600))
    again = sure.take(Tap(PORT, b"1234ABCD\r\n", 9600))
    assert again.lines() == [f"{PORT}: as before, reads card 305441741 (0x1234ABCD)"]


def test_a_card_that_none_of_the_orders_reads_is_asked_about() -> None:
    answer = PortIdentifier(unnamed, card=99).take(Tap(PORT, b"1234ABCD\r\n", 9600))
    assert "None of these reads the number you gave: is it the card that was tapped?" in answer.notes


def test_alternatives_are_comments_so_that_pasting_gives_one_table() -> None:
    answer = PortIdentifier(unnamed).take(Tap(PORT, b"1234ABCD\r\n", 9600))
    printed = "\n".join(answer.lines())
    assert printed.count("[reader.NAME]") == 1
    assert '    # or: byte_order = "lsb"' in printed
    assert "reads card" in printed
    assert not any("305441741" in table for table in answer.tables)


def test_one_burst_of_noise_does_not_make_a_reader_that_was_read_before_change_its_rate() -> None:
    identifier = PortIdentifier(unnamed)
    identifier.take(Tap(PORT, b"1234ABCD\r\n", 9600))
    noisy = identifier.take(Tap(PORT, b"\x80\xff", 9600))
    assert "check cable and shield" in noisy.notes[0]
    assert identifier.baud_of(PORT) == 9600


def test_noise_goes_through_the_usual_baud_rates_and_begins_again() -> None:
    identifier = PortIdentifier(unnamed)
    tried = []
    for _ in range(9):
        tried.append(identifier.baud_of(PORT))
        identifier.take(Tap(PORT, b"\x80\xff", identifier.baud_of(PORT)))
    assert tried == [9600, 19200, 38400, 57600, 115200, 4800, 2400, 1200, 9600]


def test_half_a_line_at_plugging_in_does_not_spoil_the_tap_that_follows() -> None:
    identifier = PortIdentifier(unnamed, card=0x1234ABCD)
    assert "without a line end" in identifier.take(Tap(PORT, b"ABCDEF", 9600)).what
    assert identifier.take(Tap(PORT, b"1234ABCD\r\n", 9600)).numbers == (0x1234ABCD,)


def test_typing_on_a_keyboard_is_never_shown() -> None:
    answer = PortIdentifier(unnamed).take(Tap(PORT, b"MY-SECRET\r", 0))
    assert "SECRET" not in "\n".join([*answer.lines(), *map(str, answer.numbers)])
    assert "If this is the keyboard you type on, pass it over." in answer.notes


def test_named_lines_that_read_the_card_are_right_and_others_are_rewritten() -> None:
    right = PortIdentifier(as_reader, card=0x1234ABCD).take(Tap(PORT, b"1234ABCD\r\n", 9600))
    assert (right.is_right, right.tables) == (True, ())
    wrong = PortIdentifier(as_reader, card=0x1234ABCD).take(Tap(PORT, b"0305441741\r\n", 9600))
    assert wrong.is_right is False
    assert "[reader.north] of the site file cannot read what came; it should be" in wrong.what
    assert 'radix = "dec"' in wrong.tables[0]
    assert "[reader.north]" in wrong.tables[0]


@pytest.mark.parametrize(("closed", "word"), [(True, "false"), (False, "true")])
def test_a_contact_is_written_as_it_was_at_rest(closed: bool, word: str) -> None:
    answer = PortIdentifier(unnamed).contact(ContactMoved(PORT, "cts", closed))
    assert 'kind = "modem_inputs"' in answer.tables[0]
    assert (
        f'terminal = "cts", lane = "LANE", kind = "door_open", normally_closed = {word}' in answer.tables[0]
    )


def test_ports_in_trouble_say_why(tmp_path: Path) -> None:
    assert "is not there; check the cable and the name" in str(port_trouble(tmp_path / "none"))
    (tmp_path / "file").touch()
    assert "is there and is no serial port" in str(port_trouble(tmp_path / "file"))
    master, slave = os.openpty()
    assert port_trouble(Path(os.ttyname(slave))) is None
    os.close(master)
    os.close(slave)


def test_a_name_that_may_move_is_reported_with_the_folder_of_those_that_stay() -> None:
    assert unstable_name(PORT) is None
    assert "/dev/serial/by-id/ or /dev/serial/by-path/" in str(unstable_name(Path("/dev/ttyACM1")))
    assert "/dev/v4l/by-id/ or /dev/v4l/by-path/" in str(unstable_name(Path("/dev/video0")))
    assert "/dev/input/by-id/ or /dev/input/by-path/" in str(unstable_name(Path("/dev/input/event4")))


def test_two_wires_of_one_kind_at_one_lane_are_judged_separately() -> None:
    wires = tuple(
        WireSettings(terminal=terminal, lane="north", kind="tamper", normally_closed=True)
        for terminal in ("1", "2")
    )
    board = InputBoardSection(kind="modbus_inputs", port=PORT, wires=wires)
    heard = DeviceReports()
    heard.take(InputChange("cabinet", "north", InputKind.TAMPER, True, 1, "1"))
    heard.take(InputChange("cabinet", "north", InputKind.TAMPER, False, 2, "2"))
    first, rest = check_wires("cabinet", board, heard)
    assert (first.ok, "terminal 1: tamper reads active" in first.text) == (False, True)
    assert (rest.ok, rest.text) == (True, "at rest: tamper (2)")


@pytest.mark.parametrize("command", ["check", "identify"])
@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_that_does_not_begin_or_end_is_refused(
    command: str, seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.run([command, "site.toml", f"--seconds={seconds}"])
    assert refused.value.code == 2
    assert "argument --seconds: " in capsys.readouterr().err


def test_a_name_that_every_adapter_of_a_kind_has_is_warned_of_and_one_with_a_number_is_not(
    tmp_path: Path,
) -> None:
    tty_folder, by_id = tmp_path / "tty", tmp_path / "by-id"
    by_id.mkdir()
    for tty, serial, name in (
        ("ttyUSB0", None, "usb-1a86_USB_Serial-if00-port0"),
        ("ttyUSB1", "A50285BI", "usb-FTDI_A50285BI-if00-port0"),
    ):
        device = tmp_path / "devices" / tty
        device.mkdir(parents=True)
        (device / "idVendor").write_text("1a86\n")
        if serial is not None:
            (device / "serial").write_text(f"{serial}\n")
        (tty_folder / tty).mkdir(parents=True)
        (tty_folder / tty / "device").symlink_to(device)
        (tmp_path / tty).touch()
        (by_id / name).symlink_to(tmp_path / tty)
    text = SITE_FILE.format(root=tmp_path, more="")
    path = tmp_path / "site.toml"
    path.write_text(
        text.replace(f"{tmp_path}/dev/relay", f"{by_id}/usb-1a86_USB_Serial-if00-port0").replace(
            f"{tmp_path}/dev/card", f"{by_id}/usb-FTDI_A50285BI-if00-port0"
        )
    )
    (line,) = check_names(load_config(path), tty_folder)
    assert (line.verdict.value, line.part, line.name) == ("warning", "relay", "board")
    assert "use the name of its socket, below /dev/serial/by-path/" in line.text
