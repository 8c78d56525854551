"""Follow doors, buttons and the devices themselves; record what they say and raise alarms."""

import threading
from collections.abc import Callable, Mapping

from gate_controller.clock import GateClock
from gate_controller.journal_chain import Facts
from gate_controller.lane import DoorState, contact_changed, exit_requested, time_passed
from gate_controller.lane_desk import LaneDesk
from gate_controller.sync_client import GateStatus
from gate_controller.sync_contract import DeviceHealth, LaneState
from hardware.interfaces import DeviceState, Health, InputChange, InputKind

Record = Callable[[str, Facts, Facts], None]
CONTACT_KINDS = {InputKind.TAMPER: "alarm_tamper", InputKind.FIRE: "alarm_fire"}
MAX_DETAIL_CHARS = 200


class DeviceWatch:
    """Door states and device health; handled in the controller's thread, read by the sync thread."""

    def __init__(self, clock: GateClock) -> None:
        """Begin with nothing heard."""
        self._clock = clock
        self._lock = threading.Lock()
        self._devices: dict[str, DeviceHealth] = {}
        self._doors: dict[str, DoorState] = {}

    def handle(
        self, report: InputChange | DeviceState, desks: Mapping[str, LaneDesk], record: Record
    ) -> None:
        """Take one report of an input or a device."""
        if isinstance(report, DeviceState):
            self._device(report, record)
            return
        desk = desks[report.lane_id]
        now = self._clock.monotonic_seconds()
        kinds: tuple[str, ...] = ()
        if report.kind is InputKind.DOOR_OPEN:
            # A fire releases the doors in hardware: whoever leaves then forces nothing.
            desk.door = exit_requested(desk.door, now) if desk.fire else desk.door
            desk.door, kinds = contact_changed(desk.door, report.active, now)
        elif report.kind is InputKind.EXIT_BUTTON:
            if report.active:
                desk.door, kinds = exit_requested(desk.door, now), ("exit_request",)
        else:
            desk.fire = report.active if report.kind is InputKind.FIRE else desk.fire
            alarm = CONTACT_KINDS[report.kind]
            kinds = (alarm,) if report.active else (f"{report.kind.value}_clear",)
        self._note(desk, kinds, record)

    def time_passed(self, desks: Mapping[str, LaneDesk], record: Record) -> None:
        """Let doors become held, and expected openings not happen."""
        now = self._clock.monotonic_seconds()
        for desk in desks.values():
            desk.door, kinds = time_passed(desk.door, now)
            self._note(desk, kinds, record)

    def _note(self, desk: LaneDesk, kinds: tuple[str, ...], record: Record) -> None:
        for kind in kinds:
            record(kind, {"lane_id": desk.lane_id}, {})
        with self._lock:
            self._doors[desk.lane_id] = desk.door.state

    def _device(self, state: DeviceState, record: Record) -> None:
        detail = state.detail[:MAX_DETAIL_CHARS]
        with self._lock:
            before = self._devices.get(state.device)
            self._devices[state.device] = DeviceHealth(
                device=state.device, health=state.health.value, detail=detail
            )
        if state.health is not Health.OK:
            record("alarm_device_lost", {"device": state.device, "detail": detail}, {})
        elif before is not None and before.health != Health.OK.value:
            record("device_back", {"device": state.device}, {})

    def status(self, postures: Mapping[str, str]) -> GateStatus:
        """Return what the manager's page is told; `postures` by lane."""
        with self._lock:
            lanes = tuple(
                LaneState(
                    lane_id=lane_id,
                    door=self._doors.get(lane_id, DoorState.CLOSED).value,
                    posture=posture,
                )
                for lane_id, posture in postures.items()
            )
            return GateStatus(lanes, tuple(self._devices.values()))
