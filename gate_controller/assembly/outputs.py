"""Make the outputs that a site file names, and say what is watched; boards on one line share it."""

from collections.abc import Callable, Mapping

from gate_controller.assembly.devices import make_by_driver, of_kind
from gate_controller.assembly.readers import OsdpPart, make_osdp_readers, osdp_relay
from gate_controller.lane.door import DRIVE_OPENS_WITHIN_SECONDS, MOMENT_SECONDS, Door, DoorState
from gate_controller.lane.memory import Wire
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.outputs import LaneSection, lock_of
from gate_controller.site_file.pulse_limits import limits_of
from hardware.driver import Place, RelaySettings
from hardware.interfaces import DeviceState, InputKind, Relay
from hardware.lines.modbus_lines import ModbusLines
from hardware.relays.board import BoardRelay, RelayBoard


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


def _relay_board(
    name: str, section: RelaySettings, lines: ModbusLines, report: Callable[[DeviceState], None]
) -> RelayBoard:
    def tell(state: object) -> None:
        if isinstance(state, DeviceState):
            report(state)

    place = Place(name=name, modbus=lines, report=tell)
    return of_kind(make_by_driver("relay", section, place), RelayBoard, place)  # type: ignore[type-abstract]


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
