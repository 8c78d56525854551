"""Judge whether a lane opened or refused, by bytes at the relay and the reason in the server's events."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from demo.actors.office import ListedEvent
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.compound import PULSE_SECONDS
from gate_controller.lane.door import DRIVE_OPENS_WITHIN_SECONDS, EXIT_EXCUSES_SECONDS, MOMENT_SECONDS
from hardware.interfaces import InputKind

OPEN_SECONDS = 3.0
EVENT_SECONDS = 4.0
NO_LATE_PULSE_SECONDS = 0.15
DOOR_SECONDS = 2.0
A_HAIR_SECONDS = 0.1
ASKING_KINDS = frozenset(
    {
        "exit_request",
        "guard_button",
        "intercom_opening",
        "alarm_fire",
        "fire_clear",
        "held_open",
        "hold_ended",
    }
)
"""Entries after which an opened door is not forced."""

Doing = Callable[[], int]
"""Shows something at a gate and returns monotonic ns of the last byte, or of the frame's appearance."""


class StepFailed(Exception):
    """A step did not go as it must; says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a good step went; `ms` is last input byte or frame to first relay byte, None when none opens."""

    ms: float | None
    detail: str


def require(holds: bool, otherwise: str) -> None:
    """Raise StepFailed unless it holds."""
    if not holds:
        raise StepFailed(otherwise)


def opens(
    stage: Stage,
    gate_id: str,
    lane_id: str,
    doing: Doing,
    *,
    person_id: str | None = None,
    timeout_seconds: float = OPEN_SECONDS,
) -> float:
    """Do something that must open a lane; return the milliseconds until the relay's ON byte."""
    ends = stage.gates[gate_id]
    before_seq = ends.journal_seq()
    ms = pulse_after(ends, lane_id, doing, timeout_seconds)
    event = decision_after(stage, gate_id, lane_id, before_seq)
    require(event.opens and event.reason == "granted", f"the relay moved and the server says {event.reason}")
    if person_id is not None:
        require(event.person_id == person_id, f"the server's event names another person ({event.person_id})")
    return ms


def wait_until_locked(ends: GateEnds, lane_id: str) -> None:
    """Return once a lane's lock has caught, or after a pulse and a half where it is held open."""
    channel, give_up = ends.plan.lane(lane_id).channel, time.monotonic() + 1.5 * PULSE_SECONDS
    while ends.metal.relays.is_on(channel) and time.monotonic() < give_up:
        time.sleep(0.02)


def pulse_after(ends: GateEnds, lane_id: str, doing: Doing, timeout_seconds: float = OPEN_SECONDS) -> float:
    """Do something and return the milliseconds until the relay's ON byte; raise StepFailed without one."""
    channel = ends.plan.lane(lane_id).channel
    # What is shown again while its own pulse runs gets no second one.
    wait_until_locked(ends, lane_id)
    before_seq = ends.journal_seq()
    at_ns = doing()
    on_ns: list[int] = []

    def is_decided() -> bool:
        try:
            on_ns.append(ends.metal.relays.wait_for_on(channel, 0.0, after_ns=at_ns))
        except TimeoutError:
            return ends.journal_seq() > before_seq and bool(_refusals(ends, lane_id, before_seq))
        return True

    try:
        wait_until(is_decided, timeout_seconds, f"an ON byte for {lane_id}")
    except TimeoutError as err:
        raise StepFailed(
            f"{lane_id}: no ON byte within {timeout_seconds:g} s; the gate wrote nothing"
        ) from err
    if not on_ns:
        said = _refusals(ends, lane_id, before_seq)
        raise StepFailed(f"{lane_id}: no ON byte; the gate wrote {said}")
    return (on_ns[0] - at_ns) / 1e6


def _refusals(ends: GateEnds, lane_id: str, seq: int) -> list[str]:
    return [
        str(entry.facts.get("reason"))
        for entry in ends.journal()
        if entry.seq > seq
        and entry.kind == "access"
        and not entry.facts.get("opens")
        and entry.facts.get("lane_id") == lane_id
    ]


def refused(
    stage: Stage, gate_id: str, lane_id: str, doing: Callable[[], object], *reasons: str
) -> ListedEvent:
    """Do something that must stay shut for exactly such a reason; return the server's event."""
    ends = stage.gates[gate_id]
    before_seq, before_ns = ends.journal_seq(), time.monotonic_ns()
    doing()
    event = decision_after(stage, gate_id, lane_id, before_seq)
    time.sleep(NO_LATE_PULSE_SECONDS)
    require_shut(ends, lane_id, before_ns)
    require(
        not event.opens and event.reason in reasons,
        f"{lane_id}: refused for {event.reason}, not {' or '.join(reasons)}",
    )
    return event


def require_shut(ends: GateEnds, lane_id: str, since_ns: int) -> None:
    """Raise StepFailed when the lane's relay was switched on since then."""
    channel = ends.plan.lane(lane_id).channel
    pulses = [c for c in ends.metal.relays.changes if c.on and c.channel == channel and c.at_ns >= since_ns]
    require(not pulses, f"{lane_id}: the relay got an ON byte")


def decision_after(stage: Stage, gate_id: str, lane_id: str, seq: int) -> ListedEvent:
    """Return the first decision at a lane after a journal number, from the server's list."""
    return event_after(stage, gate_id, seq, "access", lane_id=lane_id)


def event_after(
    stage: Stage,
    gate_id: str,
    seq: int,
    kind: str,
    *,
    lane_id: str | None = None,
    device: str | None = None,
    timeout_seconds: float = EVENT_SECONDS,
) -> ListedEvent:
    """Return the first event of a kind after a journal number; raise StepFailed when none comes."""
    found: list[ListedEvent] = []

    def came() -> bool:
        found[:] = [
            event
            for event in stage.office.events(gate_id, seq)
            if event.kind == kind
            and lane_id in (None, event.lane_id)
            and device in (None, event.facts.get("device"))
        ]
        return bool(found)

    try:
        wait_until(came, timeout_seconds, kind)
    except TimeoutError as err:
        where = lane_id or device or gate_id
        raise StepFailed(
            f"{where}: the server's list got no {kind!r} event within {timeout_seconds:g} s"
        ) from err
    return found[0]


def kinds_since(ends: GateEnds, seq: int, *, lane_id: str | None = None) -> list[str]:
    """Return the kinds of a gate's own entries after a number, in order."""
    return [
        entry.kind
        for entry in ends.journal()
        if entry.seq > seq and lane_id in (None, entry.facts.get("lane_id"))
    ]


def wait_unexcused(ends: GateEnds, lane_id: str) -> None:
    """Wait until nothing that happened at a lane excuses an opening of its door any more."""
    lane = ends.plan.lane(lane_id)
    moment = MOMENT_SECONDS if lane.lock[0] == "fail_secure_strike" else DRIVE_OPENS_WITHIN_SECONDS
    grant, asked = timedelta(seconds=PULSE_SECONDS + moment), timedelta(seconds=EXIT_EXCUSES_SECONDS)
    ends_at = [
        entry.at + (grant if entry.kind == "access" else asked)
        for entry in ends.journal()
        if entry.facts.get("lane_id") == lane_id
        and (entry.kind in ASKING_KINDS or (entry.kind == "access" and entry.facts.get("opens")))
    ]
    left = max(ends_at, default=datetime.now(UTC)) - datetime.now(UTC)
    time.sleep(max(0.0, left.total_seconds()) + A_HAIR_SECONDS)


def pass_through(ends: GateEnds, lane_id: str) -> None:
    """Go through a lane's door; wait until the gate has seen it open and shut, and the lock is locked."""
    before_seq = ends.journal_seq()
    for is_open, kind in ((True, "door_opened"), (False, "door_closed")):
        ends.metal.inputs.set(lane_id, InputKind.DOOR_OPEN, is_open)
        wait_until(
            lambda kind=kind: kind in kinds_since(ends, before_seq, lane_id=lane_id),  # type: ignore[misc]  # mypy types no defaults of lambdas
            DOOR_SECONDS,
            f"{lane_id}: {kind}",
        )
    wait_until_locked(ends, lane_id)
