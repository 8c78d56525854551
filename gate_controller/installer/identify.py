"""`menjin gate identify`: report which port sent data, what it is, and the lines of the site file for it.

Ports whose devices speak unasked are only listened to, also those the site file names; what has to be
asked or taken alone (OSDP, Modbus, input boards, USB wedges of the file) goes through its driver.
"""

import os
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import msgspec

from gate_controller.installer.contacts import ContactIdentifier, place_of, whole_boards
from gate_controller.installer.port_trouble import port_trouble
from gate_controller.installer.ports import Answer, PortIdentifier
from gate_controller.installer.report_texts import describe_report
from gate_controller.installer.site_lines import LISTENED_TO, OSDP_LINES, NamedPart, named_parts
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.outputs import port_of
from hardware.driver import LaneDeviceSettings, Settings
from hardware.identify.format_guess import is_card
from hardware.identify.listening import ContactMoved, PortListener, PortSaid, Tap
from hardware.interfaces import CardRead, Device, DeviceReport, InputChange
from hardware.lines.modbus_lines import ModbusLines
from hardware.lines.port_names import may_move, plugged_keyboards, plugged_ports

NO_SITE_CARD_BITS = 32
"""Length of card numbers, in bits, where no site file sets it."""


@dataclass(frozen=True, slots=True)
class Output:
    """One thing to print: its lines for a person, and the same for a program."""

    lines: tuple[str, ...]
    fields: Mapping[str, object]


def identify(
    config: GateConfig | None, *, card: int | None, ports: Path | None, is_over: Callable[[], bool]
) -> Iterator[Output]:
    """Yield what ports and devices show, until it is over; send nothing.

    `card`: the number printed on the card that will be tapped. `ports`: a folder with links to
    ports, instead of the system's. Drivers of the site file's other devices ask them as a gate does.
    """
    search = _Search(config, ports)
    lane_ids = list(config.lane) if config is not None else []
    card_bits = config.gate.card_bits if config is not None else NO_SITE_CARD_BITS
    identifier = PortIdentifier(search.part_at, lanes=lane_ids, card=card, card_bits=card_bits)
    listener = PortListener(search.ports, is_keyboard=search.is_keyboard, baud_of=identifier.baud_of)
    reports: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    devices, lanes = _asked_devices(config)
    boards = config.inputs if config is not None else {}
    contacts = ContactIdentifier(boards, lane_ids)
    places = {name: place_of(board) for name, board in boards.items()}
    spoke: set[Path] = set()
    if not search.ports() and not devices:
        text = "No serial adapter and no USB reader is plugged in. Plug one in: it is noticed at once."
        yield Output((text,), {"kind": "nothing", "what": text})
    for device in devices:
        device.start(reports.put)
    try:
        for heard in listener.listen(is_over):
            while not reports.empty():
                report = reports.get()
                if not isinstance(report, InputChange) or contacts.is_named(report):
                    yield _reported(report, lanes, places, card)
                elif (answer := contacts.take(report)) is not None:
                    yield _answered(answer)
            match heard:
                case PortSaid():
                    yield _port_said(heard, search.part_at(heard.port))
                case ContactMoved():
                    spoke.add(heard.port)
                    yield _answered(identifier.contact(heard))
                case Tap():
                    spoke.add(heard.port)
                    yield _answered(identifier.take(heard))
                    if heard.baud not in (0, identifier.baud_of(heard.port)):
                        listener.open_again(heard.port)
    finally:
        for device in devices:
            device.stop()
    silent = [port for port in search.ports() if port not in spoke and not search.is_keyboard(port)]
    yield from _silent([port for port in silent if search.part_at(port) is None], lane_ids)


class _Search:
    """The ports to listen to: all that are plugged in, but for those a driver has."""

    def __init__(self, config: GateConfig | None, folder: Path | None) -> None:
        self._folder = folder
        self._named = named_parts(config) if config is not None else {}
        self._asked = _asked_ports(config) if config is not None else set()

    def ports(self) -> list[Path]:
        """Return the ports plugged in now, under the site file's name where it has one that stays."""
        driven = {os.path.realpath(port) for port in self._asked}
        by_target = {os.path.realpath(port): port for port in self._plugged()}
        for port in self._named:
            if port.exists() and not may_move(str(port)):
                by_target[os.path.realpath(port)] = port
        return [port for target, port in sorted(by_target.items()) if target not in driven]

    def part_at(self, port: Path) -> NamedPart | None:
        """Return what the site file has at a port, under any of its names."""
        target = os.path.realpath(port)
        for name, part in self._named.items():
            if name == port or os.path.realpath(name) == target:
                return part
        return None

    def is_keyboard(self, port: Path) -> bool:
        """Return whether a port is an input device; a FIFO counts as one."""
        return os.path.realpath(port).startswith("/dev/input/") or port.is_fifo()

    def _plugged(self) -> list[Path]:
        if self._folder is not None:
            return [found.name for found in plugged_ports((self._folder,))]
        return [*(found.name for found in plugged_ports()), *plugged_keyboards()]


def _asked_ports(config: GateConfig) -> set[Path]:
    boards: list[Settings] = [*config.relay.values(), *config.inputs.values(), *config.osdp_line.values()]
    readers = (*config.reader.values(), *config.keypad.values(), *config.scanner.values())
    asked = [part for part in readers if part.kind not in LISTENED_TO]
    return {port for port in map(port_of, (*boards, *asked)) if port is not None}


def _asked_devices(config: GateConfig | None) -> tuple[Sequence[Device], Mapping[str, str]]:
    if config is None:
        return (), {}
    # Imported here because a site file is what needs every driver, and a look at ports should begin at once.
    from gate_controller.assembly.assemble import make_devices  # noqa: PLC0415

    asked = msgspec.structs.replace(
        config,
        reader=_asked(config.reader),
        keypad=_asked(config.keypad),
        scanner=_asked(config.scanner),
        tag_reader={},
        frame_reader={},
        inputs={},
    )
    lines = ModbusLines()
    devices, lanes = make_devices(asked, lines)
    return (*devices, *whole_boards(config, lines)), lanes


def _asked(parts: Mapping[str, LaneDeviceSettings]) -> dict[str, LaneDeviceSettings]:
    return {name: part for name, part in parts.items() if part.kind not in LISTENED_TO}


def _reported(
    report: DeviceReport, lanes: Mapping[str, str], places: Mapping[str, str], card: int | None
) -> Output:
    text = describe_report(report, lanes, places)
    is_right: bool | None = None
    if isinstance(report, CardRead) and card is not None:
        is_right = is_card(report.number, report.bits, card)
        text += (
            ", the card you named"
            if is_right
            else ". That is not the number you gave: if it is the card that was tapped, turn byte_order round"
        )
    kind = "contact" if isinstance(report, InputChange) else type(report).__name__
    fields: dict[str, object] = {
        "device": report.device,
        "kind": kind,
        "what": text,
        "site_file_is_right": is_right,
    }
    if isinstance(report, InputChange):
        fields |= {"port": places.get(report.device, ""), "terminal": report.terminal}
    return Output((text,), fields)


def _port_said(said: PortSaid, part: NamedPart | None) -> Output:
    place = "not in the site file" if part is None else part.header
    text = said.text
    if not said.is_open and text != "unplugged":
        text = port_trouble(said.port) or text
    line = f"{said.port}: {text} ({place})" if said.is_open else f"{said.port}: {text}"
    return Output((line,), {"port": str(said.port), "kind": "port", "open": said.is_open, "what": text})


def _answered(answer: Answer) -> Output:
    return Output(
        ("", *answer.lines()),
        {
            "port": str(answer.port),
            "kind": "heard",
            "what": answer.what,
            "site_file_is_right": answer.is_right,
            "tables": [dedent(table) for table in answer.tables],
            "numbers": list(answer.numbers),
            "notes": list(answer.notes),
        },
    )


def _silent(ports: Sequence[Path], lanes: Sequence[str]) -> Iterator[Output]:
    if not ports:
        return
    lane = lanes[0] if len(lanes) == 1 else "LANE"
    table = OSDP_LINES.format(port=ports[0], lane=lane)
    text = (
        f"Heard nothing from {', '.join(map(str, ports))}. An RS-485 adapter stays silent here, because its "
        "OSDP readers or Modbus boards speak only when asked: see docs/osdp.md and docs/wiring.md. For OSDP:"
    )
    yield Output(
        ("", text, table),
        {"kind": "silent", "ports": [str(port) for port in ports], "what": text, "tables": [dedent(table)]},
    )
