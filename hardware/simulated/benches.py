"""Plug in the twin of each of Menjin's own drivers, for `menjin driver check`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.driver import Bench
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind
from hardware.osdp.line import OsdpLine
from hardware.readers.cards import CardFormat
from hardware.readers.matrix_keypads import KeyFrame
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated import framed_readers, readers, wedge
from hardware.simulated.gpio_file import GpioFile
from hardware.simulated.input_board import InputBoard
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.relay_board import RelayBoard
from hardware.simulated.twin import Twin
from hardware.simulated.without_kernel import twins_for_the_kernel

NUMBER, KEY, CODE = 0x12AB34CD, "7", "MJ1:WHAT A PHONE SHOWS"
PRINTED = CardFormat(34, "hex")
LANE = "lane"
OPENED = (InputKind.DOOR_OPEN.value, True)
OSDP_KEY = bytes(range(16))
GPIO_LINE = 5


def _reader(twin: Twin, act: Callable[[], object], reads: object, **settings: object) -> Bench:
    return Bench(
        twin=twin, settings={"port": twin.path, **settings}, act=act, reads=reads, send=twin.wire.write
    )


@contextmanager
def serial_card(folder: Path) -> Iterator[Bench]:
    """Plug in a reader that prints a line a card."""
    with readers.LineCardReader(folder / "card", PRINTED, name="card") as twin:
        yield _reader(twin, lambda: twin.tap(NUMBER), NUMBER, bits=34)


@contextmanager
def tag_reader(folder: Path) -> Iterator[Bench]:
    with framed_readers.TagReader(folder / "tag", name="tag") as twin:
        yield _reader(twin, lambda: twin.tap(NUMBER), NUMBER)


@contextmanager
def frame_reader(folder: Path) -> Iterator[Bench]:
    """Plug in a converter of whole Wiegand frames."""
    with framed_readers.RawFrameReader(folder / "frames", RawFrameFormat(34), name="frames") as twin:
        yield _reader(twin, lambda: twin.tap(NUMBER), NUMBER, bits=34)


@contextmanager
def serial_keypad(folder: Path) -> Iterator[Bench]:
    """Plug in a keypad that sends a byte a key."""
    with readers.Keypad(folder / "keys", name="keys") as twin:
        yield _reader(twin, lambda: twin.type(KEY), KEY)


@contextmanager
def stx_keypad(folder: Path) -> Iterator[Bench]:
    """Plug in a keypad that frames each key."""
    with _framed_keypad(folder, "stx") as bench:
        yield bench


@contextmanager
def stx_sum_keypad(folder: Path) -> Iterator[Bench]:
    """Plug in a keypad that frames each key with its complement."""
    with _framed_keypad(folder, "stx_sum") as bench:
        yield bench


@contextmanager
def _framed_keypad(folder: Path, frame: KeyFrame) -> Iterator[Bench]:
    with framed_readers.FramedKeypad(folder / "keys", frame, name="keys") as twin:
        yield _reader(twin, lambda: twin.type(KEY), KEY)


@contextmanager
def serial_code(folder: Path) -> Iterator[Bench]:
    with readers.QrScanner(folder / "scan", name="scan") as twin:
        yield _reader(twin, lambda: twin.scan(CODE), CODE)


@contextmanager
def usb_card(folder: Path) -> Iterator[Bench]:
    """Plug in a reader that types a line a card."""
    with twins_for_the_kernel(), wedge.WedgeReader(folder / "card", PRINTED, name="card") as twin:
        settings = {"port": twin.path, "bits": 34}
        act: Callable[[], object] = lambda: twin.tap(NUMBER)  # noqa: E731 - as beside it
        yield Bench(twin=twin, settings=settings, act=act, reads=NUMBER, send=twin.send)


@contextmanager
def usb_keypad(folder: Path) -> Iterator[Bench]:
    """Plug in a USB number pad."""
    with twins_for_the_kernel(), wedge.Wedge(folder / "pad", name="pad") as twin:
        yield Bench(
            twin=twin,
            settings={"port": twin.path},
            act=lambda: twin.type(KEY),
            reads=KEY,
            send=twin.send,
        )


@contextmanager
def osdp_reader(folder: Path) -> Iterator[Bench]:
    """Plug in an RS-485 line with one OSDP reader, which has its key."""
    with OsdpBus(folder / "rs485", name="rs485") as bus:
        reader = bus.add(1, OSDP_KEY)
        yield Bench(
            twin=bus,
            settings={"line": "rs485", "address": 1, "bits": 34},
            act=lambda: reader.tap(NUMBER),
            reads=NUMBER,
            send=bus.send,
            place=lambda: {"bus": OsdpLine(bus.path, name="rs485"), "key": OSDP_KEY},
        )


@contextmanager
def usb_relay(folder: Path) -> Iterator[Bench]:
    """Plug in a board of the LCUS type."""
    with RelayBoard(folder / "relay", name="relay") as twin:
        yield Bench(
            twin=twin,
            settings={"port": twin.path},
            send=twin.wire.write,
            is_on=lambda: twin.is_on(1),
            heard=lambda: twin.heard,
        )


@contextmanager
def modbus_relay(folder: Path) -> Iterator[Bench]:
    """Plug in an RS-485 line with one Waveshare board."""
    with ModbusBus(folder / "modbus", [ModbusBoard(1)], name="modbus") as bus:
        yield Bench(
            twin=bus,
            settings={"port": bus.path, "family": "waveshare"},
            send=bus.wire.write,
            is_on=lambda: bus.is_on(1, 1),
            heard=lambda: b"".join(bus.requests),
        )


@contextmanager
def gpio_relay(folder: Path) -> Iterator[Bench]:
    """Plug in a relay hat whose lines are low while on."""
    with twins_for_the_kernel(), GpioFile(folder / "chip", name="chip", high=[GPIO_LINE]) as chip:
        yield Bench(
            twin=chip,
            settings={"chip": str(folder / "chip"), "lines": [GPIO_LINE], "active_low": True},
            is_on=lambda: not chip.is_high(GPIO_LINE),
        )


def _wires(terminal: str) -> list[dict[str, object]]:
    return [{"terminal": terminal, "lane": LANE, "kind": InputKind.DOOR_OPEN.value, "normally_closed": True}]


@contextmanager
def serial_inputs(folder: Path) -> Iterator[Bench]:
    """Plug in a serial input board with a door contact."""
    wires = [InputWire("1", LANE, InputKind.DOOR_OPEN, True)]
    with InputBoard(folder / "inputs", wires, name="inputs") as twin:
        yield Bench(
            twin=twin,
            settings={"port": twin.path, "wires": _wires("1")},
            act=lambda: twin.set(LANE, InputKind.DOOR_OPEN, True),
            rest=lambda: twin.set(LANE, InputKind.DOOR_OPEN, False),
            reads=OPENED,
            send=twin.wire.write,
        )


@contextmanager
def modbus_inputs(folder: Path) -> Iterator[Bench]:
    """Plug in an RS-485 line with one board of inputs, a door contact at the first."""
    with ModbusBus(folder / "modbus", [ModbusBoard(1)], name="modbus") as bus:
        bus.set_input(1, 1, True)
        yield Bench(
            twin=bus,
            settings={"port": bus.path, "wires": _wires("1")},
            act=lambda: bus.set_input(1, 1, False),
            rest=lambda: bus.set_input(1, 1, True),
            reads=OPENED,
            send=bus.wire.write,
            heard=lambda: b"".join(bus.requests),
        )


@contextmanager
def gpio_inputs(folder: Path) -> Iterator[Bench]:
    """Plug in a chip with a door contact to ground."""
    with twins_for_the_kernel(), GpioFile(folder / "chip", name="chip") as chip:
        yield Bench(
            twin=chip,
            settings={"chip": str(folder / "chip"), "wires": _wires(str(GPIO_LINE))},
            act=lambda: chip.set_pin(GPIO_LINE, True),
            rest=lambda: chip.set_pin(GPIO_LINE, False),
            reads=OPENED,
        )
