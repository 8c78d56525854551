"""The main loop of a gate: one queue, one thread that owns all state, one way to the lock.

    device bytes ─> report ─> queue ─> identify ─> decide ─> journal (on disk) ─> relay ─> screen

Slow work (hashing a PIN, looking for a code or a face) runs in workers and comes back through the
queue. What is shown at a lane is followed to its end in `presentations.py`. Calls go down alone:

    Controller ─> Keypad ─> ScreenActions ─> HomeCalls ─> Presentations ─> FaceRecognition
                                                              ├─> Holds, Passages, PinStops ─┐
                                                              └─> FaceDialog ────────────────┴─> Recorder
"""

import dataclasses
import gc
import logging
import queue
import sqlite3

import msgspec

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.messages import MAX_TROUBLE_CHARS, SignedOrder, open_order
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.control.call_sound import CallSound
from gate_controller.control.face_dialog import FaceDialog
from gate_controller.control.face_recognition import FaceRecognition, show_step
from gate_controller.control.guard_calls import GuardCalls
from gate_controller.control.holds import Holds
from gate_controller.control.home_calls import HomeCalls
from gate_controller.control.keypad import Keypad
from gate_controller.control.messages import Message, ScreenAction, Stop, TypedHashed
from gate_controller.control.parts import GateParts, GateState
from gate_controller.control.passages import Passages
from gate_controller.control.pin_stops import PinStops
from gate_controller.control.presentations import Presentations
from gate_controller.control.quiet import QuietTime
from gate_controller.control.remote_orders import check_order, lane_shut
from gate_controller.control.screen_actions import ScreenActions
from gate_controller.control.systemd import notify
from gate_controller.control.telephone_line import TelephoneLine
from gate_controller.control.telephone_tasks import TelephoneTasks
from gate_controller.face_control.messages import FaceEnded, FaceMessage, FaceProgress, FaceUnavailable
from gate_controller.lane.attempts import Attempts
from gate_controller.lane.camera_codes import CameraCode
from gate_controller.lane.camera_lease import CameraLent
from gate_controller.lane.camera_watch import CameraSight, take_sight
from gate_controller.lane.hands_free import HandsFree
from gate_controller.lane.state import RESULT_SECONDS
from gate_controller.lane.status import GateStatus
from gate_controller.rules.decision import Reason
from gate_controller.rules.identify import GateKeys
from gate_controller.rules.postures import without_ended_overrides
from gate_controller.site_file.pulse_limits import log_cut_times
from gate_controller.sync.news import (
    CallSaid,
    CallsOffered,
    DirectoryCame,
    LinkChanged,
    OrderArrived,
    PassKeyChanged,
    PolicyFresh,
    PolicyRejected,
    PolicyTaken,
    TasksCame,
)
from gate_controller.terminal.call_sound import SoundSaid
from gate_controller.terminal.view import KeyTyped, Screen, TerminalAction
from hardware.cameras.trouble import Trouble
from hardware.interfaces import CallChange, CardRead, CodeRead, DeviceState, InputChange, InputKind, KeyPress

log = logging.getLogger(__name__)

TICK_SECONDS = 0.2
UNCOUNTED = frozenset({InputKind.EXIT_BUTTON, InputKind.GUARD_BUTTON, InputKind.INTERCOM, InputKind.FIRE})
"""Wires by which a person may have left uncounted by any reader."""
ALIVE_SECONDS = 5.0
"""At most half of the unit's WatchdogSec, so that one late word restarts nothing."""


class Controller:
    """One gate. Everything below `run` happens in the thread that calls `run`."""

    def __init__(
        self,
        parts: GateParts,
        inbox: "queue.SimpleQueue[Message]",
        keys: GateKeys | None,
        snapshot: PolicySnapshot | None,
        *,
        card_key: bytes,
        pin_key: bytes,
    ) -> None:
        """Start from the last good policy; without keys or policy every lane stays shut."""
        self._parts = parts
        self._inbox = inbox
        self._card_key, self._pin_key = card_key, pin_key
        if snapshot is not None:
            snapshot = without_ended_overrides(snapshot, parts.clock.surely_past)
        self._state = GateState(snapshot, keys)
        self._attempts = Attempts()
        self._pin_stops = PinStops(parts)
        self._holds = Holds(parts, self._state)
        self._passages = Passages(parts, self._state, self._holds.is_held)
        self._dialog = FaceDialog(parts, self._state)
        recognition = FaceRecognition(parts, self._state, self._dialog, self._attempts)
        self._presentations = Presentations(
            parts,
            self._state,
            self._attempts,
            self._pin_stops,
            self._holds,
            self._passages,
            self._dialog,
            recognition,
        )
        self._line = line = TelephoneLine(parts, self._state)
        self._guard_calls = GuardCalls(parts, line)
        self._telephone_tasks = TelephoneTasks(parts, self._state, line)
        self._home_calls = HomeCalls(parts, self._state, self._presentations, self._guard_calls, line)
        self._call_sound = CallSound(parts)
        self._screen_actions = ScreenActions(
            parts, self._presentations, self._dialog, recognition, self._guard_calls, self._home_calls
        )
        self._keypad = Keypad(
            parts,
            self._state,
            inbox,
            self._attempts,
            self._presentations,
            self._screen_actions,
            self._dialog,
            recognition,
        )
        self._last_failure: tuple[str, type[Exception]] | None = None
        self._quiet = QuietTime(parts, self._holds.is_held)
        self.ends_for_another = False
        """True once the loop has ended so that another version of the program runs."""
        gc.freeze()

    def run(self) -> None:
        """Handle messages until `Stop` or another version's turn; put every output to rest at the end."""
        try:
            self._parts.recorder.record(EventKind.STARTED, {"policy": self._state.snapshot is not None}, {})
            if self._state.snapshot is not None:
                self._pin_stops.policy_taken(self._state.snapshot.policy)
        except sqlite3.Error as err:
            self._failed(None, err)
        next_tick = next_alive = 0.0
        while True:
            try:
                message = self._inbox.get(timeout=TICK_SECONDS)
            except queue.Empty:
                message = None
            if isinstance(message, Stop):
                self._stopped()
                return
            now_seconds = self._parts.clock.monotonic_seconds()
            ticks = message is None or now_seconds >= next_tick
            if now_seconds >= next_alive:
                next_alive = now_seconds + ALIVE_SECONDS
                notify("WATCHDOG=1")
            try:
                if message is not None:
                    self._handle(message)
                if ticks:
                    next_tick = now_seconds + TICK_SECONDS
                    self._tick(now_seconds)
                self._refresh_screens(self._parts.clock.monotonic_seconds())
                if ticks and self._is_to_end(now_seconds):
                    self.ends_for_another = True
                    self._stopped()
                    return
            except Exception as err:  # noqa: BLE001 - reported in full by _failed
                self._failed(message, err)

    def _is_to_end(self, now_seconds: float) -> bool:
        """Let an update go on; return whether the gate ends now for another version of the program."""
        updates = self._parts.updates
        if updates is None:
            return False
        return updates.time_passed(
            self._parts.recorder.record,
            is_quiet=self._quiet.is_quiet(now_seconds) and self._inbox.empty(),
            well=self._parts.watch.well(),
            has_policy=self._state.snapshot is not None,
        )

    def _stopped(self) -> None:
        try:
            self._telephone_tasks.give_way()
            self._home_calls.stopped(self._parts.clock.monotonic_seconds())
            self._guard_calls.stopped(self._parts.clock.monotonic_seconds())
            self._holds.stopped()
        except sqlite3.Error:
            log.exception("the journal cannot be written: what is held open ends unrecorded")

    def _failed(self, message: Message | None, err: Exception) -> None:
        """Go on after a step that failed, with every lane shut; report it on screens, in log and journal."""
        what = type(message).__name__ if message is not None else "time"
        # Ids only: the message itself may hold a card's number or a code.
        log.exception("the gate failed at %s and goes on", what)
        now_seconds = self._parts.clock.monotonic_seconds()
        for desk in self._parts.desks.values():
            desk.show_result(Screen.FAULT, now_seconds, seconds=RESULT_SECONDS)
        if self._last_failure == (what, type(err)):
            return
        try:
            facts: Facts = {"at": what, "error": type(err).__name__}
            self._parts.recorder.record(EventKind.ALARM_GATE_FAILED, facts, {})
            self._last_failure = (what, type(err))
        except sqlite3.Error:
            log.exception("the journal cannot be written: no lane opens until it can")

    def _handle(self, message: Message) -> None:
        match message:
            case CardRead():
                self._presentations.card_read(message)
            case KeyPress(device, key, read_at_ns):
                self._keypad.key_pressed(self._parts.lane_of_device[device], key, read_at_ns)
            case CodeRead(device, text):
                self._screen_actions.code_shown(self._parts.lane_of_device[device], text)
            case CameraCode() | CameraSight() | CameraLent() | HandsFree():
                self._camera_message(message)
            case TypedHashed():
                self._presentations.typed_hashed(message)
            case FaceProgress() | FaceEnded() | FaceUnavailable():
                self._face_message(message)
            case ScreenAction(lane_id, action):
                self._screen_action(lane_id, action)
            case InputChange() | DeviceState() | CallChange():
                self._device_report(message)
            case OrderArrived():
                self._order_arrived(message.signed)
            case _:
                self._sync_news(message)

    def _camera_message(self, message: CameraCode | CameraSight | CameraLent | HandsFree) -> None:
        match message:
            case CameraCode(lane_id, text, trouble=trouble):
                self._parts.desks[lane_id].camera.look_ended()
                if text is not None:
                    self._screen_actions.code_shown(lane_id, text)
                elif trouble:
                    facts: Facts = {"lane_id": lane_id, "detail": trouble[:200]}
                    self._parts.recorder.record(EventKind.ALARM_CAMERA, facts, {})
            case CameraSight():
                desk, now_seconds = self._parts.desks[message.lane_id], self._parts.clock.monotonic_seconds()
                # In the dark it reads the lit screen of a phone.
                is_well = message.trouble in (None, Trouble.DARK)
                self._parts.lost_readers.note(message.device, is_well=is_well)
                take_sight(message, desk, self._parts.watch, self._parts.recorder.record, now_seconds)
                self._settle_lost_readers()
            case CameraLent():
                self._call_sound.camera_lent(message)
            case HandsFree():
                self._parts.desks[message.lane_id].camera.hands_free = message.is_on

    def _device_report(self, report: InputChange | DeviceState | CallChange) -> None:
        if isinstance(report, CallChange):
            self._guard_calls.call_changed(report, self._parts.clock.monotonic_seconds())
            self._home_calls.call_changed(report, self._parts.clock.monotonic_seconds())
            self._telephone_tasks.call_changed(report, self._parts.clock.monotonic_seconds())
            return
        if isinstance(report, DeviceState):
            self._parts.lost_readers.note(report.device, is_well=not report.is_lost)
            self._line.device_said(report)
        self._parts.watch.handle(report, self._parts.desks, self._parts.recorder.record)
        self._settle_lost_readers()
        if isinstance(report, InputChange) and report.active and report.kind in UNCOUNTED:
            self._parts.lane_memory.keep_only(())

    def _settle_lost_readers(self) -> None:
        policy = self._state.snapshot.policy if self._state.snapshot is not None else None
        self._parts.lost_readers.settle(policy, self._parts.recorder.record)

    def _screen_action(self, lane_id: str, action: TerminalAction) -> None:
        if isinstance(action, KeyTyped):
            read_at_ns = int(self._parts.clock.monotonic_seconds() * 1e9)
            self._keypad.key_pressed(lane_id, action.key, read_at_ns)
        elif isinstance(action, SoundSaid):
            self._call_sound.page_said(lane_id, action, self._parts.clock.monotonic_seconds())
        else:
            self._screen_actions.handle(lane_id, action)

    def _face_message(self, message: FaceMessage) -> None:
        match message:
            case FaceProgress():
                show_step(self._parts.desks[message.lane_id], message.step)
            case FaceEnded():
                self._presentations.face_ended(message)
            case FaceUnavailable(detail):
                facts: Facts = {"detail": detail[:MAX_TROUBLE_CHARS]}
                self._parts.recorder.record(EventKind.ALARM_FACE_UNAVAILABLE, facts, {})

    def _order_arrived(self, signed: SignedOrder) -> None:
        clock, now = self._parts.clock, self._parts.clock.now()
        order, reason = check_order(
            open_order, signed, self._parts.store, self._parts.journal, now, clock_sure=clock.is_sure
        )
        lane_id = order.lane_id if order is not None else ""
        policy = self._state.snapshot.policy if self._state.snapshot is not None else None
        lane = policy.lanes.get(lane_id) if policy is not None else None
        if reason is None and (lane is None or policy is None or lane_id not in self._parts.desks):
            reason = Reason.UNKNOWN_LANE
        elif reason is None and lane is not None and policy is not None:
            reason = lane_shut(lane, policy, self._passages.memory(lane, now), now)
        self._parts.recorder.record(
            EventKind.ACCESS,
            {
                "lane_id": lane_id,
                "method": "order",
                "opens": reason is None,
                "reason": (reason or Reason.GRANTED).value,
            },
            {"author_id": order.author_id, "why": order.reason} if order is not None else {},
        )
        if reason is None and lane is not None:
            self._presentations.release(lane_id, lane.pulse_seconds)
        if order is not None and reason is not Reason.ORDER_REPEATED:
            refused = reason.value if reason is not None else None
            self._home_calls.guard_ordered(lane_id, order.order_id, refused, clock.monotonic_seconds())

    def _sync_news(self, news: Message) -> None:
        match news:
            case PolicyTaken(snapshot):
                before, self._state.snapshot = self._state.snapshot, snapshot
                self._holds.policy_taken(before, snapshot)
                self._pin_stops.policy_taken(snapshot.policy)
                known = before.policy.lanes if before is not None else {}
                log_cut_times(self._parts.relays, snapshot.policy.lanes, known)
                self._parts.lane_memory.keep_only(snapshot.policy.persons.keys())
                # A large policy lives for days; the collector's pauses would fall between card and relay.
                gc.freeze()
                policy = snapshot.policy
                facts: Facts = {"epoch": policy.epoch, "version": policy.version}
                self._parts.recorder.record(EventKind.POLICY_TAKEN, facts, {})
            case PolicyFresh(issued_at) if self._state.snapshot is not None:
                policy = dataclasses.replace(self._state.snapshot.policy, issued_at=issued_at)
                self._state.snapshot = dataclasses.replace(self._state.snapshot, policy=policy)
            case PolicyRejected(detail):
                self._parts.recorder.record(EventKind.ALARM_POLICY_REFUSED, {"detail": detail[:200]}, {})
            case PassKeyChanged(public_key):
                self._state.keys = GateKeys(self._card_key, self._pin_key, public_key)
            case LinkChanged(online, _):
                self._state.online = online
            case CallsOffered(is_offered):
                self._state.calls_offered = is_offered
            case CallSaid(state):
                self._call_sound.server_said(state)
                self._home_calls.said(state, self._parts.clock.monotonic_seconds())
            case TasksCame(tasks):
                self._telephone_tasks.came(tasks)
            case DirectoryCame(lane_id, entries) if lane_id in self._parts.desks:
                self._parts.desks[lane_id].calls.entries = entries

    def status(self) -> GateStatus:
        """Return the status for the manager's page; safe to call from the sync thread."""
        postures = {lane_id: self._holds.posture(lane_id) for lane_id in self._parts.desks}
        status = self._parts.watch.status(
            {lane_id: posture.value for lane_id, posture in postures.items() if posture is not None}
        )
        face = self._parts.faces.status(self._state.snapshot, self._parts.clock.now())
        lanes = tuple(
            msgspec.structs.replace(lane, lost=self._parts.lost_readers.said(lane.lane_id) or msgspec.UNSET)
            for lane in status.lanes
        )
        return dataclasses.replace(status, lanes=lanes, face=face)

    # -- time --------------------------------------------------------------------------------------

    def _tick(self, now_seconds: float) -> None:
        if self._state.snapshot is not None:
            past = self._parts.clock.surely_past
            self._state.snapshot = without_ended_overrides(self._state.snapshot, past)
        for desk in self._parts.desks.values():
            self._presentations.admit(desk.lane_id, self._dialog.time_passed(desk))
            desk.time_passed(now_seconds)
        self._settle_lost_readers()
        self._parts.watch.time_passed(self._parts.desks, self._parts.recorder.record)
        self._holds.time_passed(now_seconds)
        self._guard_calls.time_passed(now_seconds)
        self._home_calls.time_passed(now_seconds)
        self._telephone_tasks.time_passed(now_seconds)

    def _refresh_screens(self, now_seconds: float) -> None:
        now = self._parts.clock.now()
        self._call_sound.settle(now_seconds)
        for desk in self._parts.desks.values():
            self._parts.screens.refresh(
                desk,
                self._state.snapshot.policy if self._state.snapshot is not None else None,
                now,
                now_seconds,
                posture=self._holds.posture(desk.lane_id),
                online=self._state.online,
                calls_offered=self._state.calls_offered,
                clock_sure=self._parts.clock.is_sure,
                face_ready=self._parts.faces.ready_at(desk.lane_id) and desk.may_look(now_seconds),
                fire=self._parts.reads_fire,
                lost=self._parts.lost_readers.lost(desk.lane_id),
                paused=self._parts.lost_readers.paused(desk.lane_id),
            )
