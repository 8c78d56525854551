"""Listen to every reader and input of a site file for some seconds, and judge what they send."""

import queue
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gate_controller.assembly.assemble import make_devices
from gate_controller.assembly.devices import found_by_driver
from gate_controller.assembly.reader_keys import key_name
from gate_controller.command_line.command_names import gate_command
from gate_controller.installer.lines import CheckLine, Verdict, fine, warning, wrong
from gate_controller.installer.port_trouble import port_trouble
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.outputs import baud_of, chip_of, port_of
from hardware.driver import InputSettings, Place, Settings, WireSettings
from hardware.errors import HardwareError
from hardware.interfaces import (
    Device,
    DeviceReport,
    DeviceState,
    Health,
    InputChange,
)
from hardware.lines.modbus_lines import ModbusLines
from hardware.lines.serial import CANNOT_OPEN
from hardware.osdp.pairing import Answer, ask_stranger

ASK_SECONDS = 1.5
NOT_AT_REST = {
    "door_open": "is the door open",
    "exit_button": "is the button pressed",
    "tamper": "is the casing open",
    "fire": "is the fire panel in alarm",
    "guard_button": "is the button pressed",
    "intercom": "is the intercom opening just now",
    "on_battery": "is the mains off",
    "battery_low": "is the battery empty",
    "obstacle": "is something in the way",
}
SHOULD_BE_CLOSED = frozenset({"tamper", "fire"})


class DeviceReports:
    """Reports of devices, by name."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.states: dict[str, DeviceState] = {}
        self.reads: dict[str, Counter[str]] = {}
        self.levels: dict[tuple[str, str, str, str], bool] = {}

    def take(self, report: DeviceReport) -> None:
        """Take one report; the newest state of a device or a wire counts."""
        if isinstance(report, DeviceState):
            self.states[report.device] = report
        elif isinstance(report, InputChange):
            wire = (report.device, report.lane_id, report.kind.value, report.terminal)
            self.levels[wire] = report.active
        else:
            self.reads.setdefault(report.device, Counter())[report.word] += 1


def check_devices(config: GateConfig, seconds: float, monotonic: Callable[[], float]) -> Iterator[CheckLine]:
    """Yield a line for each reader, keypad, scanner and board of inputs, and each wire not at rest."""
    devices, _lanes = make_devices(config, ModbusLines())
    heard = _listen(devices, seconds, monotonic)
    for device in devices:
        yield _judged(config, device, heard)
        yield from _found_by_driver(config, device.name)
        board = config.inputs.get(device.name)
        state = heard.states.get(device.name)
        if board is not None and state is not None and state.health is Health.OK:
            yield from check_wires(device.name, board, heard)


def _found_by_driver(config: GateConfig, name: str) -> Iterator[CheckLine]:
    """Yield what the device's own driver looks at beside what the device sends."""
    part, _port, _baud = _place(config, name)
    section: Settings = getattr(config, part)[name]
    place = Place(name=name, card_bits=config.gate.card_bits)
    for finding in found_by_driver(part, section, place):
        yield fine(part, name, finding.text) if finding.well else wrong(part, name, finding.text)


def _listen(devices: Sequence[Device], seconds: float, monotonic: Callable[[], float]) -> DeviceReports:
    reports: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    heard = DeviceReports()
    deadline = monotonic() + seconds
    for device in devices:
        device.start(reports.put)
    try:
        while devices and (left := deadline - monotonic()) > 0:
            try:
                heard.take(reports.get(timeout=left))
            except queue.Empty:
                break
    finally:
        # At once, because each one takes up to a tenth of a second.
        with ThreadPoolExecutor(max(1, len(devices))) as workers:
            list(workers.map(lambda device: device.stop(), devices))
    return heard


def _judged(config: GateConfig, device: Device, heard: DeviceReports) -> CheckLine:
    name, state = device.name, heard.states.get(device.name)
    part, port, baud = _place(config, name)
    if state is None:
        return wrong(part, name, "it sent nothing; check its cable and its supply")
    detail = state.detail.removeprefix(f"{name}: ")
    if state.health is Health.LOST:
        return wrong(part, name, _why_lost(config, name, port, detail))
    dropped = max(state.dropped_frames, int(getattr(device, "dropped_frames", 0)))
    if dropped and not heard.reads.get(name):
        speed = f" at {baud} baud" if baud else ""
        text = (
            f"{dropped} times something came{speed} that is none of what its lines in the site file say: "
            f"wrong baud rate, wrong format or a bad wire. Find out with `{gate_command('identify')}`"
        )
        return wrong(part, name, text)
    if state.health is not Health.OK:
        return wrong(part, name, detail)
    reads = heard.reads.get(name, Counter())
    said = " and ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in reads.items())
    if part == "inputs":
        return fine(part, name, "answers")
    if part == "osdp_reader":
        return fine(part, name, f"in its secure channel{', read ' + said if said else ''}")
    return fine(part, name, f"read {said}" if said else "its port is open; nothing was shown to it meanwhile")


def _place(config: GateConfig, name: str) -> tuple[str, Path | None, int | None]:
    """Return the table a device is in, its device file and its baud rate."""
    if name in config.osdp_reader:
        line = config.osdp_line[config.osdp_reader[name].line]
        return "osdp_reader", line.port, line.baud
    if name in config.inputs:
        board = config.inputs[name]
        return "inputs", port_of(board) or chip_of(board), None
    tables: tuple[tuple[str, Mapping[str, Settings]], ...] = (
        ("reader", config.reader),
        ("keypad", config.keypad),
        ("scanner", config.scanner),
        ("tag_reader", config.tag_reader),
        ("frame_reader", config.frame_reader),
    )
    part, section = next((part, parts[name]) for part, parts in tables if name in parts)
    is_keyboard = getattr(section, "kind", "") in ("usb_card", "usb_keypad")
    return part, port_of(section), None if is_keyboard else baud_of(section)


def _why_lost(config: GateConfig, name: str, port: Path | None, detail: str) -> str:
    if port is not None and CANNOT_OPEN in detail:
        trouble = port_trouble(port)
        if trouble is not None:
            return trouble
    return _why_osdp_lost(config, name, detail) if name in config.osdp_reader else detail


def _why_osdp_lost(config: GateConfig, name: str, detail: str) -> str:
    reader = config.osdp_reader[name]
    line = config.osdp_line[reader.line]
    try:
        answer = ask_stranger(str(line.port), line.baud, reader.address, name=name, seconds=ASK_SECONDS)
    except HardwareError as err:
        return str(err)
    pair = gate_command("pair-reader", name)
    if not (config.gate.secrets_dir / key_name(name)).exists():
        found = "no reader" if answer is Answer.SILENT else "a reader"
        return f"{detail}. At address {reader.address} {found} answers"
    match answer:
        case Answer.SILENT:
            return (
                f"no reader at address {reader.address} at {line.baud} baud; check power, the wires A "
                "and B, address and baud rate"
            )
        case Answer.NO_SECURE_CHANNEL:
            return "the reader has no secure channel; Menjin does not use such readers"
        case Answer.DEFAULT_KEY:
            return (
                "the reader speaks under the published default key, which everybody knows, and is not "
                f"listened to; put it into install mode and give it a key of its own: {pair}"
            )
        case _:
            return (
                "the reader answers, but not under its key: it was reset, or is another reader. If that was "
                f"you, put it into install mode and run {pair}; if not, find out who changed it"
            )


def check_wires(name: str, board: InputSettings, heard: DeviceReports) -> Iterator[CheckLine]:
    """Yield a line for each wire of a board that is not at rest or was not heard, one for those at rest."""
    resting = []
    for wire in board.wires:
        active = heard.levels.get((name, wire.lane, wire.kind, wire.terminal))
        if active is None:
            text = f"terminal {wire.terminal}: no state came for {wire.kind}; check the terminal's number"
            yield wrong("inputs", name, text)
        elif active:
            yield wrong("inputs", name, _not_at_rest(wire))
        else:
            resting.append(f"{wire.kind} ({wire.terminal})")
        if wire.kind in SHOULD_BE_CLOSED and not wire.normally_closed:
            text = (
                f"terminal {wire.terminal}: {wire.kind} is wired normally open, so a cut wire is never "
                "noticed; use the contact that is closed at rest and say normally_closed = true"
            )
            yield warning("inputs", name, text)
    if resting:
        yield CheckLine(Verdict.OK, "inputs", name, f"at rest: {', '.join(resting)}")


def _not_at_rest(wire: WireSettings) -> str:
    reads = f"terminal {wire.terminal}: {wire.kind} reads active: {NOT_AT_REST[wire.kind]}"
    if wire.normally_closed:
        return f"{reads}, or the wire cut? If neither, the contact is open at rest: normally_closed = false"
    return f"{reads}? If not, the contact is closed at rest: normally_closed = true"
