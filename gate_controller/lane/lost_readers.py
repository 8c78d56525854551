"""Follow which ways in have no reader at each lane, for how long, and raise the alarm for the last one.

A way is lost at a lane when no device that could take it there reads anything: each is lost, or faulty so
that nothing comes from it. One that is offered and has no device is lost from the start. A camera in the
dark still reads the lit screen of a phone, so dark is no loss. How long a loss lasts is on the disk ahead
of time: a restart makes it longer, never shorter.
"""

import logging
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.messages import LostMethod
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import Method
from gate_controller.lane.memory import LaneMemory
from gate_controller.lane.pending_events import PendingEvents, Record
from gate_controller.rules.lost_readers import (
    PAUSE_AFTER_HOURS_AT_MOST,
    Loss,
    leaves_face_alone,
    pauses_face,
    went_on,
)
from gate_controller.storage.clock import GateClock

log = logging.getLogger(__name__)

WAYS = (Method.CARD, Method.PIN, Method.QR)
WRITTEN_AHEAD_SECONDS = 300.0

Place = tuple[str, Method]
Takes = Mapping[str, Mapping[Method, Collection[str]]]
"""By lane and method, the devices that take it there."""


class LostReaders:
    """The losses of one gate; used from the controller's thread, `said` from the sync thread as well."""

    def __init__(
        self, clock: GateClock, memory: LaneMemory, takes: Takes, well_until_said: Collection[str] = ()
    ) -> None:
        """Begin with what was kept; `well_until_said` are the devices that report troubles alone."""
        self._clock = clock
        self._memory = memory
        self._takes = takes
        self._well = dict.fromkeys(well_until_said, True)
        self._losses = {place: loss for place, loss in memory.losses.items() if place[0] in takes}
        if memory.damaged is not None:
            # The file that would say since when is gone: as long as may be, until an hour of work ends it.
            longest = Loss(PAUSE_AFTER_HOURS_AT_MOST * 3600.0, is_lost=False)
            self._losses = {(lane_id, method): longest for lane_id in takes for method in WAYS}
        self._kept = {place: loss for place, loss in self._losses.items() if place in memory.losses}
        self._alarmed = set(memory.without_reader)
        self._at_seconds = clock.monotonic_seconds()
        self._judged: dict[str, tuple[object, ...]] = {}
        self._pending = PendingEvents()
        self._lost: Mapping[str, frozenset[Method]] = {}
        self._paused: Mapping[str, frozenset[Method]] = {}
        self._said: Mapping[str, tuple[LostMethod, ...]] = {}

    def note(self, device: str, *, is_well: bool) -> None:
        """Remember whether a device can read what people show."""
        self._well[device] = is_well

    def settle(self, policy: Policy | None, record: Record) -> None:
        """Count the time that has passed, and record alarms that begin or end."""
        now_seconds = self._clock.monotonic_seconds()
        passed, self._at_seconds = now_seconds - self._at_seconds, now_seconds
        now = self._clock.now()
        sure_now = now if self._clock.is_sure else None
        for lane_id in self._takes:
            for method in WAYS:
                self._count((lane_id, method), self._is_lost(lane_id, method, policy), passed, sure_now)
        hours = policy.site.face_pause_hours if policy is not None else 0
        lost = {place: loss for place, loss in self._losses.items() if loss.is_lost}
        self._lost = _by_lane(lost)
        self._paused = _by_lane({place: loss for place, loss in lost.items() if pauses_face(loss, hours)})
        self._said = {
            lane_id: tuple(self._reported(lane_id, method) for method in WAYS if method in methods)
            for lane_id, methods in self._lost.items()
        }
        if policy is not None:
            self._judge(policy, now_seconds)
        try:
            self._pending.write(record, now_seconds)
        except sqlite3.Error as err:
            # It waits, is written once the disk takes it, and holds up no lane.
            log.error("the alarm of a lane without a reader cannot be written yet: %s", err)

    def lost(self, lane_id: str) -> frozenset[Method]:
        """Return the ways in that have no reader at a lane now."""
        return self._lost.get(lane_id, frozenset())

    def paused(self, lane_id: str) -> frozenset[Method]:
        """Return those that have had none for so long that face may not open beside them alone."""
        return self._paused.get(lane_id, frozenset())

    def said(self, lane_id: str) -> tuple[LostMethod, ...]:
        """Return what is reported to the server about a lane; safe to call from any thread."""
        return self._said.get(lane_id, ())

    # -- time --------------------------------------------------------------------------------------

    def _count(self, place: Place, is_lost: bool | None, passed: float, sure_now: datetime | None) -> None:
        loss = went_on(self._losses.get(place), is_lost=is_lost, passed_seconds=passed, sure_now=sure_now)
        if loss is None:
            self._losses.pop(place, None)
        else:
            self._losses[place] = loss
        self._keep(place, loss)

    def _is_lost(self, lane_id: str, method: Method, policy: Policy | None) -> bool | None:
        """Return whether no device takes a way at a lane; None while that is not known yet."""
        devices = self._takes[lane_id].get(method, ())
        if not devices:
            lane = policy.lanes.get(lane_id) if policy is not None else None
            return None if policy is None else lane is not None and method in lane.methods
        health = [self._well.get(device) for device in devices]
        if True in health:
            return False
        return None if None in health else True

    def _keep(self, place: Place, loss: Loss | None) -> None:
        kept = self._kept.get(place)
        if loss is None:
            if kept is not None:
                del self._kept[place]
                self._memory.keep_loss(*place, None)
            return
        same = kept is not None and (kept.is_lost, kept.began_at) == (loss.is_lost, loss.began_at)
        if kept is not None and same and loss.counted_seconds <= kept.counted_seconds:
            return
        ahead = Loss(loss.counted_seconds + WRITTEN_AHEAD_SECONDS, loss.began_at, loss.is_lost)
        self._kept[place] = ahead
        self._memory.keep_loss(*place, ahead)

    # -- the last reader ---------------------------------------------------------------------------

    def _judge(self, policy: Policy, now_seconds: float) -> None:
        for lane_id in self._alarmed.union(self._takes):
            lane, lost = policy.lanes.get(lane_id), self.lost(lane_id)
            about = (lane, lost, tuple(policy.hours.values()))
            if self._judged.get(lane_id) == about:
                continue
            self._judged[lane_id] = about
            alone = lane is not None and leaves_face_alone(lane, policy.hours, lost)
            if alone is (lane_id in self._alarmed):
                continue
            (self._alarmed.add if alone else self._alarmed.discard)(lane_id)
            kind = EventKind.ALARM_LAST_READER_LOST if alone else EventKind.LAST_READER_CLEAR
            facts: Facts = {"lane_id": lane_id, "detail": ", ".join(m for m in WAYS if m in lost)}
            keep = partial(self._memory.keep_without_reader, lane_id, alarmed=alone)
            self._pending.add(kind, facts, now_seconds, keep)

    def _reported(self, lane_id: str, method: Method) -> LostMethod:
        loss = self._losses[lane_id, method]
        return LostMethod(method=method, since=loss.began_at, counts_as_none=method in self.paused(lane_id))


def _by_lane(losses: Collection[Place]) -> Mapping[str, frozenset[Method]]:
    lanes = {lane_id for lane_id, _ in losses}
    return {lane_id: frozenset(method for where, method in losses if where == lane_id) for lane_id in lanes}
