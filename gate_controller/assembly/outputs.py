"""Make the outputs and the watched inputs that a site file names; boards on one line share it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gate_controller.assembly.readers import OsdpPart, make_osdp_readers, osdp_relay
from gate_controller.lane.door import DRIVE_OPENS_WITHIN_SECONDS, MOMENT_SECONDS, Door, DoorState
from gate_controller.lane.memory import Wire
from gate_controller.site_file.config import GateConfig, lock_of
from gate_controller.site_file.outputs import InputBoardSection, LaneSection, RelayBoardSection
from gate_controller.site_file.pulse_limits import limits_of
from hardware.inputs.gpio import GpioInputs
from hardware.inputs.modbus import ModbusInputs
from hardware.inputs.serial import InputWire, ModemControlInputs, SerialInputBoard
from hardware.interfaces import Device, DeviceState, InputKind, Relay
from hardware.lines.gpio import KernelChip
from hardware.lines.modbus import ModbusLine
from hardware.relays.board import BoardRelay, RelayBoard
from hardware.relays.gpio import GpioRelayBoard
from hardware.relays.modbus import BoardFamily, Eletechsup, ModbusRelayBoard, Waveshare
from hardware.relays.usb import UsbRelayBoard

FAMILIES: Mapping[str, type[BoardFamily]] = {"waveshare": Waveshare, "eletechsup": Eletechsup}
DEFAULT_BAUD = 9600


class ModbusLines:
    """The Modbus lines of a gate, one for each port."""

    def __init__(self) -> None:
        """Begin without a line."""
        self._lines: dict[Path | None, ModbusLine] = {}

    def at(self, port: Path | None, baud: int | None) -> ModbusLine:
        """Return the line at a port, made when it is first asked for."""
        if port not in self._lines:
            self._lines[port] = ModbusLine(str(port), name=f"Modbus line {port}", baud=baud or DEFAULT_BAUD)
        return self._lines[port]


def make_relays(
    config: GateConfig,
    lines: ModbusLines,
    report: Callable[[DeviceState], None],
    osdp: Mapping[str, OsdpPart] | None = None,
) -> dict[str, Relay]:
    """Return each lane's output, not yet opened; raise BadDeviceSetting.

    `osdp` are the OSDP readers that also listen for cards; without them, ones for outputs alone are
    made.
    """
    if osdp is None:
        osdp = make_osdp_readers(config)
    boards = {name: _relay_board(name, section, lines, report) for name, section in config.relay.items()}
    return {
        lane_id: _relay(lane, boards[lane.relay])
        if lane.relay in boards
        else osdp_relay(config, lane_id, osdp)
        for lane_id, lane in config.lane.items()
    }


def lanes_never_held(config: GateConfig) -> frozenset[str]:
    """Return the lanes whose drive only accepts the order to open: no posture holds them."""
    locks = {lane_id: lock_of(lane) for lane_id, lane in config.lane.items()}
    return frozenset(
        lane_id for lane_id, lock in locks.items() if lock is not None and not lock.rules.may_hold
    )


def wires_watched(config: GateConfig) -> frozenset[Wire]:
    """Return every wire that the site file has, and the tamper contact that each OSDP reader brings."""
    wired = {
        Wire(wire.lane, wire.kind, f"{name}:{wire.terminal}")
        for name, board in config.inputs.items()
        for wire in board.wires
    }
    tampers = {Wire(reader.lane, InputKind.TAMPER.value, name) for name, reader in config.osdp_reader.items()}
    return frozenset(wired | tampers)


def make_door(config: GateConfig, lane_id: str, remembered: DoorState) -> Door:
    """Return a lane's door as it was when the gate last knew; without a contact it is taken as shut."""
    has_contact = any(
        wire.lane == lane_id and wire.kind == "door_open"
        for board in config.inputs.values()
        for wire in board.wires
    )
    # A drive goes on opening, and a turnstile stays free, after its pulse is over.
    is_drive = lane_id in lanes_never_held(config)
    return Door(
        state=remembered if has_contact else DoorState.CLOSED,
        held_after_seconds=config.lane[lane_id].held_after_seconds,
        opens_within_seconds=DRIVE_OPENS_WITHIN_SECONDS if is_drive else MOMENT_SECONDS,
    )


def make_inputs(
    name: str, section: InputBoardSection, lines: ModbusLines, *, size_is_known: bool = True
) -> Device:
    """Return a board of inputs, not yet started; raise BadDeviceSetting.

    `size_is_known`: whether every terminal among its wires is there, as a site file says.
    """
    wires = tuple(
        InputWire(wire.terminal, wire.lane, InputKind(wire.kind), wire.normally_closed)
        for wire in section.wires
    )
    if section.kind == "modbus_inputs":
        line = lines.at(section.port, section.baud)
        return ModbusInputs(line, section.address or 1, wires, name=name, size_is_known=size_is_known)
    if section.kind == "gpio_inputs":
        return GpioInputs(
            KernelChip(str(section.chip)),
            wires,
            name=name,
            closed_is_low=section.closed_is_low is not False,
            bias=section.bias or "pull_up",
        )
    if section.kind == "serial_inputs":
        return SerialInputBoard(str(section.port), wires, name=name, baud=section.baud or DEFAULT_BAUD)
    return ModemControlInputs(str(section.port), wires, name=name)


def _relay_board(
    name: str, section: RelayBoardSection, lines: ModbusLines, report: Callable[[DeviceState], None]
) -> RelayBoard:
    def tell(state: object) -> None:
        if isinstance(state, DeviceState):
            report(state)

    if section.kind == "modbus_relay":
        family = FAMILIES[section.family or "waveshare"]()
        line = lines.at(section.port, section.baud)
        return ModbusRelayBoard(line, section.address or 1, family, name=name, report=tell)
    if section.kind == "gpio_relay":
        channels = dict(enumerate(section.lines or (), 1))
        chip = KernelChip(str(section.chip))
        return GpioRelayBoard(chip, channels, name=name, active_low=bool(section.active_low), report=tell)
    return UsbRelayBoard(str(section.port), name=name, baud=section.baud or DEFAULT_BAUD, report=tell)


def _relay(lane: LaneSection, board: RelayBoard) -> Relay:
    limits = limits_of(lane)
    return BoardRelay(
        board,
        lane.channel,
        name=f"{lane.relay}-{lane.channel}",
        max_pulse_seconds=limits.pulse_seconds,
        max_on_seconds=limits.on_seconds,
        may_hold=limits.may_hold,
    )
