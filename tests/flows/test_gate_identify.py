"""`menjin gate identify` as an installer runs it: real command, real bytes, lines that work when pasted."""

import json
import queue
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gate_controller.assembly.assemble import make_devices
from gate_controller.site_file.load import load_config
from gate_controller.storage.secrets import write_secret
from hardware.inputs.serial import InputWire
from hardware.interfaces import CardRead, DeviceReport, Health, InputChange, InputKind
from hardware.lines.modbus_lines import ModbusLines
from hardware.readers.cards import CardFormat
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.framed_readers import FramedKeypad, RawFrameReader, TagReader
from hardware.simulated.input_board import InputBoard
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.readers import Keypad, LineCardReader, QrScanner, printed_line
from hardware.simulated.twin import Twin
from hardware.simulated.wedge import Wedge
from hardware.simulated.wire import TraceEntry

COMMAND = "import sys; from gate_controller.cli import run; sys.exit(run(sys.argv[1:]))"
CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
CardTwin = LineCardReader | RawFrameReader | TagReader
NUMBER = 0x1234ABCD
SITE = """
[gate]
data_dir = "{root}/data"
secrets_dir = "{root}/secrets"
server_url = "http://127.0.0.1:9"
[relay.board]
kind = "usb_relay"
port = "{root}/relay"
[lane.north-in]
relay = "board"
"""
READER = """
[reader.north-card]
kind = "serial_card"
port = "{root}/ports/card"
lane = "north-in"
bits = 34
radix = "hex"
byte_order = "{byte_order}"
baud = {baud}
"""


class Identify:
    """One run of the command; its lines as they come."""

    def __init__(self, root: Path, *arguments: str) -> None:
        ports = root / "ports"
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "identify", *arguments, "--json", "--ports", str(ports)],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(json.loads(line))

    def next(self, kind: str) -> dict[str, object]:
        """Wait for the next line of this kind."""
        while True:
            said = self._said.get(timeout=PATIENCE_SECONDS)
            if said["kind"] == kind:
                return said

    def end(self) -> list[dict[str, object]]:
        """Press Ctrl-C, and return what the command still printed."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        self.process.wait(timeout=PATIENCE_SECONDS)
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        rest = []
        while not self._said.empty():
            rest.append(self._said.get())
        return rest


@pytest.fixture
def running(tmp_path: Path) -> Iterator[ExitStack]:
    (tmp_path / "ports").mkdir()
    with ExitStack() as stack:
        yield stack


def started(root: Path, running: ExitStack, *arguments: str, ports: int = 1) -> Identify:
    identify = Identify(root, *arguments)
    running.callback(identify.end)
    for _ in range(ports):
        assert identify.next("port")["open"]
    return identify


def site_file(root: Path, *tables: str) -> Path:
    path = root / "site.toml"
    path.write_text(SITE.format(root=root) + "\n".join(tables))
    return path


def pasted(root: Path, said: dict[str, object], twin: CardTwin) -> int:
    """Paste the first table into a site file, tap again, and return the number that the gate reads."""
    tables = said["tables"]
    assert isinstance(tables, list)
    table = tables[0].replace("NAME", "found").replace("LANE", "north-in")
    text = site_file(root, table).read_text()
    narrow = "[gate]\ncard_bits = 24" if "bits = 26" in table else "[gate]"
    (root / "site.toml").write_text(text.replace("[gate]", narrow))
    devices, _lanes = make_devices(load_config(root / "site.toml"), ModbusLines())
    reports: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    (device,) = devices
    device.start(reports.put)
    try:
        while getattr(reports.get(timeout=PATIENCE_SECONDS), "health", None) is not Health.OK:
            continue
        twin.tap(NUMBER)
        while not isinstance(report := reports.get(timeout=PATIENCE_SECONDS), CardRead):
            continue
        return report.number
    finally:
        device.stop()


def line_reader(*fmt: object) -> Callable[[Path], CardTwin]:
    return lambda path: LineCardReader(path, CardFormat(*fmt), name="r")  # type: ignore[arg-type]  # a table


def reversed_bits(path: Path) -> CardTwin:
    return RawFrameReader(path, RawFrameFormat(34, "hex", "last_bit_first"), name="r")


def card_module(path: Path) -> CardTwin:
    return TagReader(path, name="r")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (line_reader(34, "hex", "lsb"), 'byte_order = "lsb"'),
        (line_reader(34, "dec", "msb", "xor"), "usual order"),
        (line_reader(26, "facility"), "card_bits = 24"),
        (reversed_bits, 'bit_order = "last_bit_first"'),
        (card_module, "usual order"),
    ],
    ids=["reversed bytes", "decimal with xor", "facility", "reversed bits", "card module"],
)
def test_the_lines_for_a_tapped_card_read_that_card_when_they_are_pasted(
    make: Callable[[Path], CardTwin], says: str, tmp_path: Path, running: ExitStack
) -> None:
    twin = make(tmp_path / "ports" / "reader")
    running.callback(twin.close)
    identify = started(tmp_path, running, "--card", f"0x{NUMBER:X}")
    twin.tap(NUMBER)
    said = identify.next("heard")
    identify.end()
    assert says in str(said["notes"])
    number = pasted(tmp_path, said, twin)
    assert number in (NUMBER, NUMBER & 0xFFFFFF)


def test_every_kind_of_device_is_identified_at_its_own_port_and_nothing_is_sent(
    tmp_path: Path, running: ExitStack
) -> None:
    ports, trace = tmp_path / "ports", list[TraceEntry]()
    keys = running.enter_context(Keypad(ports / "keys", name="keys", trace=trace.append))
    framed = running.enter_context(
        FramedKeypad(ports / "framed", "stx_sum", name="framed", trace=trace.append)
    )
    scanner = running.enter_context(QrScanner(ports / "scan", name="scan", trace=trace.append))
    board = running.enter_context(Twin(ports / "board", name="board", trace=trace.append))
    wedge = running.enter_context(Wedge(ports / "wedge", name="wedge"))
    running.enter_context(Twin(ports / "rs485", name="rs485", trace=trace.append))
    identify = started(tmp_path, running, str(site_file(tmp_path)), ports=6)
    tables = {}
    acts: dict[str, Callable[[], int]] = {
        "keys": lambda: keys.type("5"),
        "framed": lambda: framed.type("5"),
        "scan": lambda: scanner.scan("MJ1:A8Z5-%+K/9Q7:00001"),
        "board": lambda: board.wire.write(b"I3=0\n"),
        "wedge": lambda: wedge.type("0305441741\n"),
    }
    for name, act in acts.items():
        act()
        said = identify.next("heard")
        assert said["port"] == str(ports / name)
        tables[name] = str(said["tables"])
    rest = identify.end()
    for name, word in {
        "keys": '"serial_keypad"',
        "framed": '"stx_sum_keypad"',
        "scan": '"serial_code"',
        "board": 'terminal = "3", lane = "north-in", kind = "door_open", normally_closed = true',
        "wedge": '"usb_card"',
    }.items():
        assert word in tables[name]
        assert 'lane = "north-in"' in tables[name]
    assert [said["ports"] for said in rest if said["kind"] == "silent"] == [[str(ports / "rs485")]]
    assert "docs/osdp.md" in str(rest[-1]["what"])
    assert [entry for entry in trace if entry.direction == "from_host"] == []
    lines = rest[-1]["tables"]
    assert isinstance(lines, list)
    assert load_config(site_file(tmp_path, *lines)).osdp_reader["NAME-1"].lane == "north-in"


class FastReader(Twin):
    """A reader at 19200 baud: at any other rate the host reads noise, as on a real line."""

    def tap(self, number: int) -> None:
        with Path(self.path).open("rb", buffering=0) as end:
            rate = termios.tcgetattr(end.fileno())[5]
        line = printed_line(number, CardFormat(34, "hex"))
        self.wire.write(line if rate == termios.B19200 else bytes(byte | 0x80 for byte in line[::2]))


def test_noise_is_reported_and_the_next_tap_is_read_at_the_next_baud_rate(
    tmp_path: Path, running: ExitStack
) -> None:
    reader = running.enter_context(FastReader(tmp_path / "ports" / "fast", name="fast"))
    identify = started(tmp_path, running, "--card", str(NUMBER))
    reader.tap(NUMBER)
    said = identify.next("heard")
    assert "only noise at 9600 baud" in str(said["what"])
    assert "19200 baud from now on: tap again" in str(said["notes"])
    assert identify.next("port")["what"] == "listening at 19200 baud"
    reader.tap(NUMBER)
    said = identify.next("heard")
    assert said["numbers"] == [NUMBER]
    assert "baud = 19200" in str(said["tables"])


@pytest.mark.parametrize(
    ("byte_order", "card", "is_right", "words"),
    [
        ("msb", f"{NUMBER}", True, "[reader.north-card] of the site file reads it: card 305441741"),
        ("lsb", f"{NUMBER}", False, "reads another number than the card's; it should be"),
    ],
)
def test_lines_that_the_site_file_has_are_held_against_what_comes(
    byte_order: str, card: str, is_right: bool, words: str, tmp_path: Path, running: ExitStack
) -> None:
    reader = running.enter_context(
        LineCardReader(tmp_path / "ports" / "card", CardFormat(34, "hex"), name="card")
    )
    path = site_file(tmp_path, READER.format(root=tmp_path, byte_order=byte_order, baud=9600))
    identify = started(tmp_path, running, str(path), "--card", card)
    reader.tap(NUMBER)
    said = identify.next("heard")
    assert (said["site_file_is_right"], words in str(said["what"])) == (is_right, True)
    assert ('byte_order = "msb"' in str(said["tables"])) is not is_right


@pytest.mark.parametrize(("byte_order", "is_right"), [("msb", True), ("lsb", False)])
def test_a_reader_that_is_asked_through_its_driver_is_held_against_the_card_too(
    byte_order: str, is_right: bool, tmp_path: Path, running: ExitStack
) -> None:
    bus = running.enter_context(OsdpBus(tmp_path / "rs485", name="rs485"))
    twin = bus.add(1, b"0123456789abcdef")
    write_secret(tmp_path / "secrets", "osdp-north.key", b"0123456789abcdef")
    table = f'''
[osdp_line.rs485]
port = "{tmp_path}/rs485"
[osdp_reader.north]
line = "rs485"
address = 1
lane = "north-in"
bits = 34
byte_order = "{byte_order}"
'''
    identify = Identify(tmp_path, str(site_file(tmp_path, table)), "--card", str(NUMBER))
    running.callback(identify.end)
    assert "in its secure channel" in str(identify.next("DeviceState")["what"])
    twin.tap(NUMBER)
    said = identify.next("CardRead")
    assert said["site_file_is_right"] is is_right
    assert ("the card you named" in str(said["what"])) is is_right


BOARDS = """
[inputs.cabinet]
kind = "serial_inputs"
port = "{root}/cabinet"
wires = [
    {{ terminal = "1", lane = "north-in", kind = "door_open", normally_closed = true }},
]
[inputs.second]
kind = "modbus_inputs"
port = "{root}/modbus"
wires = [
    {{ terminal = "2", lane = "north-in", kind = "exit_button" }},
]
"""
Boards = tuple[InputBoard, ModbusBus]


@pytest.fixture
def boards(tmp_path: Path, running: ExitStack) -> Boards:
    """Two boards of the site file, each with a contact at a terminal that the file leaves out."""
    wires = [
        InputWire("1", "north-in", InputKind.DOOR_OPEN, True),
        InputWire("5", "north-in", InputKind.TAMPER, True),
    ]
    cabinet = running.enter_context(InputBoard(tmp_path / "cabinet", wires, name="cabinet"))
    bus = running.enter_context(ModbusBus(tmp_path / "modbus", [ModbusBoard(1)], name="modbus"))
    return cabinet, bus


def wait_for_contacts(path: Path, act: Callable[[], object], wanted: tuple[str, bool]) -> None:
    """Run the drivers of a site file, and return once a contact is reported at this terminal."""
    reports: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    devices, _lanes = make_devices(load_config(path), ModbusLines())
    with ExitStack() as stack:
        for device in devices:
            device.start(reports.put)
            stack.callback(device.stop)
        act()
        while True:
            report = reports.get(timeout=PATIENCE_SECONDS)
            if isinstance(report, InputChange) and (report.terminal, report.active) == wanted:
                return


def test_a_contact_at_a_terminal_that_the_site_file_leaves_out_is_named_with_the_line_for_it(
    boards: Boards, tmp_path: Path, running: ExitStack
) -> None:
    cabinet, bus = boards
    path = site_file(tmp_path, BOARDS.format(root=tmp_path))
    identify = Identify(tmp_path, str(path))
    running.callback(identify.end)
    seen = {str(identify.next("contact")["terminal"]) for _ in range(2)}
    assert seen == {"1", "2"}, "terminals without a wire say nothing until they move"
    lines = {}
    moves = {
        "5": ("cabinet", lambda: cabinet.set("north-in", InputKind.TAMPER, True)),
        "6": ("modbus", lambda: bus.set_input(1, 6, True)),
    }
    for terminal, (port, move) in moves.items():
        move()
        said = identify.next("heard")
        assert f"terminal {terminal}, where [inputs." in str(said["what"])
        lines[terminal] = "".join(map(str, said["tables"]))  # type: ignore[arg-type]  # a list
        assert said["port"] == str(tmp_path / port)
    identify.end()
    pasted = BOARDS.format(root=tmp_path)
    for named, terminal in (("normally_closed = true },", "5"), ('kind = "exit_button" },', "6")):
        pasted = pasted.replace(named, f"{named}\n{lines[terminal].replace('door_open', 'tamper')}")
    path = site_file(tmp_path, pasted)
    wait_for_contacts(path, lambda: None, ("5", True))
    wait_for_contacts(path, lambda: bus.set_input(1, 6, False), ("6", False))


def test_a_contact_that_the_site_file_names_is_reported_with_port_terminal_and_lane(
    boards: Boards, tmp_path: Path, running: ExitStack
) -> None:
    identify = Identify(tmp_path, str(site_file(tmp_path, BOARDS.format(root=tmp_path))))
    running.callback(identify.end)
    assert {str(identify.next("contact")["terminal"]) for _ in range(2)} == {"1", "2"}
    boards[0].set("north-in", InputKind.DOOR_OPEN, True)
    said = identify.next("contact")
    assert (said["port"], said["terminal"]) == (str(tmp_path / "cabinet"), "1")
    wanted = f"cabinet ({tmp_path}/cabinet, terminal 1, lane north-in): door_open is active"
    assert said["what"] == wanted


def test_a_wrong_baud_rate_in_the_site_file_is_found(tmp_path: Path, running: ExitStack) -> None:
    reader = running.enter_context(FastReader(tmp_path / "ports" / "card", name="card"))
    path = site_file(tmp_path, READER.format(root=tmp_path, byte_order="msb", baud=9600))
    identify = started(tmp_path, running, str(path))
    reader.tap(NUMBER)
    assert "[reader.north-card] in the site file says baud = 9600" in str(identify.next("heard")["notes"])
    assert identify.next("port")["open"]
    reader.tap(NUMBER)
    said = identify.next("heard")
    assert said["site_file_is_right"] is False
    assert "[reader.north-card]" in str(said["tables"])
    assert "baud = 19200" in str(said["tables"])


def test_a_port_held_by_another_program_is_reported_with_its_name(tmp_path: Path, running: ExitStack) -> None:
    running.enter_context(Keypad(tmp_path / "ports" / "keys", name="keys"))
    first = Identify(tmp_path)
    running.callback(first.end)
    assert first.next("port")["open"]
    second = Identify(tmp_path)
    running.callback(second.end)
    said = second.next("port")
    assert not said["open"]
    assert f"process {first.process.pid}" in str(said["what"])


def test_a_reader_plugged_in_later_and_one_pulled_out_are_reported(
    tmp_path: Path, running: ExitStack
) -> None:
    identify = Identify(tmp_path)
    running.callback(identify.end)
    identify.next("nothing")
    keys = running.enter_context(Keypad(tmp_path / "ports" / "keys", name="keys"))
    assert identify.next("port")["open"]
    keys.unplug()
    assert identify.next("port")["what"] == "unplugged"
    keys.replug()
    assert identify.next("port")["open"]
    keys.type("1")
    assert "one byte a key" in str(identify.next("heard")["what"])


def test_a_card_number_that_is_none_is_refused_with_the_forms_it_takes(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-c", COMMAND, "identify", "--card", "my card"],
        check=False,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 2
    assert "'my card' is no card number; type what is printed on the card" in refused.stderr
