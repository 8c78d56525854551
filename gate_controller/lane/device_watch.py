"""Follow doors, buttons, wires and the devices themselves; record their reports and raise alarms.

A wire's alarm is recorded once when it begins and once when it ends, however often a device that was
plugged in again reports the same level, and also when the gate was restarted between.

A device that is LOST reports nothing: its doors are not seen until it reports again. One that is FAULTY is
still read, and no noise on its line may turn a forced door into one that was only found open: its doors
stay as last reported, and an opening that gets through is judged like any other. Either way its
buttons count as let go, so that none excuses an opening for longer than it was reported.
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import cast

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.messages import DeviceHealth, LaneState
from gate_controller.lane import contact_flapping
from gate_controller.lane.door import (
    Door,
    DoorState,
    Kinds,
    contact_changed,
    contact_lost,
    fire_changed,
    opening_asked,
    time_passed,
)
from gate_controller.lane.memory import LaneMemory, Wire
from gate_controller.lane.pending_events import PendingEvents, Record
from gate_controller.lane.state import LaneDesk
from gate_controller.lane.status import GateStatus
from gate_controller.storage.clock import GateClock
from hardware.interfaces import DeviceState, Health, InputChange, InputKind

PRESSES = {
    InputKind.EXIT_BUTTON.value: EventKind.EXIT_REQUEST,
    InputKind.GUARD_BUTTON.value: EventKind.GUARD_BUTTON,
    InputKind.INTERCOM.value: EventKind.INTERCOM_OPENING,
}
ALARMS_AT_ONCE = {
    InputKind.TAMPER.value: (EventKind.ALARM_TAMPER, EventKind.TAMPER_CLEAR),
    InputKind.FIRE.value: (EventKind.ALARM_FIRE, EventKind.FIRE_CLEAR),
    InputKind.ON_BATTERY.value: (EventKind.ALARM_ON_BATTERY, EventKind.ON_BATTERY_CLEAR),
    InputKind.BATTERY_LOW.value: (EventKind.ALARM_BATTERY_LOW, EventKind.BATTERY_LOW_CLEAR),
}
ALARMS_WHEN_LONG = {
    # Something in the way for a while is traffic; for two minutes it is a fault or a parked car.
    InputKind.OBSTACLE.value: (EventKind.ALARM_OBSTACLE, EventKind.OBSTACLE_CLEAR),
    # A button that hangs excuses every opening, so it must not hang unseen.
    **dict.fromkeys(PRESSES, (EventKind.ALARM_BUTTON_STUCK, EventKind.BUTTON_STUCK_CLEAR)),
}
ALARMS = ALARMS_AT_ONCE | ALARMS_WHEN_LONG
FLAPPING = "contact_flapping"
CHANGES_OF_A_LOOSE_WIRE = 60
"""Within a minute: more than people press at the busiest gate, far fewer than a loose wire makes."""
ENDS: Mapping[str, EventKind] = {
    **{kind: ended for kind, (_, ended) in ALARMS.items()},
    FLAPPING: contact_flapping.ENDED,
}
LONG_SECONDS = 120.0
NOT_WATCHED = "not_watched"
MAX_DETAIL_CHARS = 200


class DeviceWatch:
    """Door states and device health; handled in the controller's thread, read by the sync thread."""

    def __init__(
        self, clock: GateClock, memory: LaneMemory, on_tamper: Callable[[Collection[str]], None]
    ) -> None:
        """Begin with what was remembered, and nothing heard.

        `on_tamper` gets the ends of all active tamper contacts whenever one changes, before the entry is
        written.
        """
        self._clock = clock
        self._on_tamper = on_tamper
        self._memory = memory
        self._lock = threading.Lock()
        self._devices: dict[str, DeviceHealth] = {}
        self._doors: dict[str, DoorState] = {}
        self._reported: dict[str, tuple[Health, str]] = {}
        self._pending = PendingEvents()
        self._contacts: dict[str, set[str]] = {}
        """The lanes whose door contact a device has reported."""
        self._active_since: dict[Wire, float] = {}
        self._changes: dict[Wire, contact_flapping.Contact] = {}
        self._raised = set(memory.raised)
        now = clock.monotonic_seconds()
        self._flapping = {
            wire.lane_id: contact_flapping.still_flapping(now)
            for wire in self._raised
            if wire.kind == FLAPPING
        }

    def settle(self, watched: Collection[Wire], record: Record) -> None:
        """Clear the alarms of wires that the site file no longer has: nothing else ever would."""
        doors = {wire.lane_id for wire in watched if wire.kind == InputKind.DOOR_OPEN}
        for wire in sorted(self._raised.difference(watched)):
            if wire.kind == FLAPPING:
                if wire.lane_id in doors:
                    continue
                del self._flapping[wire.lane_id]
            facts: Facts = {"lane_id": wire.lane_id, "detail": wire.end, "ended_by": NOT_WATCHED}
            # What a newer program raised and this one does not know ends by its own word all the same.
            record(ENDS.get(wire.kind) or cast("EventKind", f"{wire.kind}_clear"), facts, {})
            self._keep(wire, raised=False)

    def handle(
        self, report: InputChange | DeviceState, desks: Mapping[str, LaneDesk], record: Record
    ) -> None:
        """Take one report of an input or a device; what `record` raises is written again as time passes."""
        if isinstance(report, DeviceState):
            self._device(report, desks)
        else:
            self._input(report, desks[report.lane_id])
        self._pending.write(record, self._clock.monotonic_seconds())

    def _input(self, report: InputChange, desk: LaneDesk) -> None:
        now = self._clock.monotonic_seconds()
        if report.kind is InputKind.DOOR_OPEN:
            self._contacts.setdefault(report.device, set()).add(desk.lane_id)
            door, kinds = contact_changed(desk.door, report.active, now)
            before = self._flapping.get(desk.lane_id, contact_flapping.Contact())
            after, reported = contact_flapping.changed(before, kinds, now)
            self._flapping[desk.lane_id] = after
            self._door(desk, (door, kinds), reported=reported)
            if after.is_flapping and not before.is_flapping:
                self._keep(Wire(desk.lane_id, FLAPPING, ""), raised=True)
        else:
            end = f"{report.device}:{report.terminal}" if report.terminal else report.device
            self._wire(desk, Wire(desk.lane_id, report.kind.value, end), report.active, now)

    def time_passed(self, desks: Mapping[str, LaneDesk], record: Record) -> None:
        """Report doors held too long, expected openings that did not happen, and wires active too long."""
        now, waiting = self._clock.monotonic_seconds(), len(self._pending)
        for desk in desks.values():
            self._door(desk, time_passed(desk.door, now))
            self._steady_again(desk, now)
        self._at_rest_again(now)
        for wire, since in self._active_since.items():
            if now - since > LONG_SECONDS and wire.kind in ALARMS_WHEN_LONG:
                self._raise(wire, raised=True)
        self._memory.forget_old(self._clock.now())
        try:
            self._pending.write(record, now)
        except sqlite3.Error:
            # What waited already was an error when it was new; everything else goes on meanwhile.
            if len(self._pending) > waiting:
                raise

    # -- doors -------------------------------------------------------------------------------------

    def _door(self, desk: LaneDesk, change: tuple[Door, Kinds], *, reported: Kinds | None = None) -> None:
        """Take a change of the door; `reported` are the kinds to record where those are not all."""
        desk.door, kinds = change
        reported = kinds if reported is None else reported
        keep = partial(self._memory.keep_door, desk.lane_id, desk.door.state)
        for kind in reported:
            self._tell(kind, {"lane_id": desk.lane_id}, then=keep)
        if not reported and not self._pending and not self._is_flapping(desk.lane_id):
            # A contact that flutters for hours must not wear out the disk.
            keep()
        with self._lock:
            self._doors[desk.lane_id] = desk.door.state
        if desk.passage is None:
            return
        if EventKind.NO_ENTRY in kinds:
            desk.passage = None
        elif desk.door.is_open or not desk.door.is_seen:
            # Without a contact the granted person counts as gone through.
            self._memory.passed(desk.passage, self._clock.now())
            desk.passage = None

    def _is_flapping(self, lane_id: str) -> bool:
        contact = self._flapping.get(lane_id)
        return contact is not None and contact.is_flapping

    def _steady_again(self, desk: LaneDesk, now: float) -> None:
        contact = self._flapping.get(desk.lane_id)
        steady = contact_flapping.quiet(contact, now) if contact is not None else None
        if contact is not None and steady is not None and desk.door.is_seen:
            facts: Facts = {"lane_id": desk.lane_id, "count": contact.counted, "door": desk.door.state.value}
            keep = partial(self._memory.keep_door, desk.lane_id, desk.door.state)
            self._tell(contact_flapping.ENDED, facts, then=keep)
            self._flapping[desk.lane_id] = steady
            self._keep(Wire(desk.lane_id, FLAPPING, ""), raised=False)

    # -- wires -------------------------------------------------------------------------------------

    def _wire(self, desk: LaneDesk, wire: Wire, active: bool, now: float) -> None:
        began = active and wire not in self._active_since
        ended = not active and wire in self._active_since
        if began:
            self._active_since[wire] = now
        elif ended:
            del self._active_since[wire]
        if wire.kind == InputKind.TAMPER and (began or ended):
            self._on_tamper([one.end for one in self._active_since if one.kind == wire.kind])
        if wire.kind in PRESSES and (began or ended):
            desk.door = opening_asked(desk.door, now, still=self._any_active(desk.lane_id, PRESSES))
        elif wire.kind == InputKind.FIRE:
            fire = self._any_active(desk.lane_id, (wire.kind,))
            desk.door = fire_changed(desk.door, now, active=fire)
        if began and self._is_news(wire, now) and wire.kind in PRESSES:
            self._tell(PRESSES[wire.kind], {"lane_id": desk.lane_id})
        if self._chatters(wire):
            self._raise(wire, raised=True)
        elif not active or wire.kind in ALARMS_AT_ONCE:
            self._raise(wire, raised=active)

    def _is_news(self, wire: Wire, now: float) -> bool:
        """Return whether a wire's becoming active is written down: a loose one would fill the journal."""
        before = self._changes.get(wire, contact_flapping.Contact())
        kinds = ALARMS[wire.kind][:1]
        after, reported = contact_flapping.changed(before, kinds, now, fewest=CHANGES_OF_A_LOOSE_WIRE)
        self._changes[wire] = after
        return bool(reported)

    def _chatters(self, wire: Wire) -> bool:
        contact = self._changes.get(wire)
        return contact is not None and contact.is_flapping

    def _at_rest_again(self, now: float) -> None:
        """Clear the alarm of wires that chattered, once one has not changed for a minute."""
        for wire, contact in self._changes.items():
            steady = contact_flapping.quiet(contact, now)
            if steady is not None:
                self._changes[wire] = steady
                if wire not in self._active_since:
                    self._raise(wire, raised=False)

    def _any_active(self, lane_id: str, kinds: Collection[str]) -> bool:
        return any(wire.lane_id == lane_id and wire.kind in kinds for wire in self._active_since)

    def _raise(self, wire: Wire, *, raised: bool) -> None:
        """Record that a wire's alarm begins or ends, where that is news."""
        if raised is (wire in self._raised):
            return
        began, ended = ALARMS[wire.kind]
        facts: Facts = {"lane_id": wire.lane_id, "detail": wire.end}
        (self._raised.add if raised else self._raised.discard)(wire)
        keep = partial(self._memory.keep_raised, wire, raised=raised)
        self._tell(began if raised else ended, facts, then=keep)

    def _keep(self, wire: Wire, *, raised: bool) -> None:
        (self._raised.add if raised else self._raised.discard)(wire)
        self._memory.keep_raised(wire, raised=raised)

    def _tell(self, kind: EventKind, facts: Facts, *, then: Callable[[], None] = lambda: None) -> None:
        self._pending.add(kind, facts, self._clock.monotonic_seconds(), then)

    # -- devices -----------------------------------------------------------------------------------

    def note(self, state: DeviceState) -> DeviceHealth | None:
        """Remember how a device is, and record nothing; return how it was."""
        with self._lock:
            before = self._devices.get(state.device)
            self._devices[state.device] = DeviceHealth(
                device=state.device, health=state.health.value, detail=state.detail[:MAX_DETAIL_CHARS]
            )
        return before

    def _device(self, state: DeviceState, desks: Mapping[str, LaneDesk]) -> None:
        health, detail = self._reported.get(state.device, (Health.OK, state.detail))
        # A device LOST for another reason is news: another device may answer in its place.
        is_news = state.health is not health or (health is Health.LOST and state.detail != detail)
        if is_news:
            detail = state.detail
            self._reported[state.device] = (state.health, detail)
        dropped = f"; {state.dropped_frames} frames dropped" if state.dropped_frames else ""
        self.note(replace(state, detail=f"{detail[: MAX_DETAIL_CHARS - len(dropped)]}{dropped}"))
        if is_news and state.health is not Health.OK:
            facts: Facts = {"device": state.device, "detail": detail[:MAX_DETAIL_CHARS]}
            self._tell(EventKind.ALARM_DEVICE_LOST, facts)
        elif is_news:
            self._tell(EventKind.DEVICE_BACK, {"device": state.device})
        if state.health is Health.LOST:
            for lane_id in self._contacts.get(state.device, ()):
                desks[lane_id].door = contact_lost(desks[lane_id].door)
        if state.health is not Health.OK:
            self._let_go(state.device, desks)

    def _let_go(self, device: str, desks: Mapping[str, LaneDesk]) -> None:
        pressed = [wire for wire in self._active_since if wire.kind in PRESSES and wire.device == device]
        for wire in pressed:
            del self._active_since[wire]
            desk = desks[wire.lane_id]
            still = self._any_active(wire.lane_id, PRESSES)
            desk.door = opening_asked(desk.door, self._clock.monotonic_seconds(), still=still)

    def well(self) -> tuple[str, ...]:
        """Return the devices that work."""
        with self._lock:
            return tuple(name for name, one in self._devices.items() if one.health == Health.OK.value)

    def status(self, postures: Mapping[str, str]) -> GateStatus:
        """Return the status for the manager's page; `postures` by lane."""
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
