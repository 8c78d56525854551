"""Judge whether a lane opened or refused, by bytes at the relay and the reason in the server's events."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from demo.actors.office import ListedEvent
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.compound import PULSE_SECONDS

OPEN_SECONDS = 3.0
EVENT_SECONDS = 4.0
NO_LATE_PULSE_SECONDS = 0.15
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
    event = event_after(stage, gate_id, before_seq, "access", lane_id=lane_id)
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


def refused(stage: Stage, gate_id: str, lane_id: str, doing: Callable[[], object], reason: str) -> None:
    """Do something that must stay shut for exactly this reason."""
    ends = stage.gates[gate_id]
    before_seq, before_ns = ends.journal_seq(), time.monotonic_ns()
    doing()
    event = event_after(stage, gate_id, before_seq, "access", lane_id=lane_id)
    time.sleep(NO_LATE_PULSE_SECONDS)
    require_shut(ends, lane_id, before_ns)
    require(
        not event.opens and event.reason == reason, f"{lane_id}: refused for {event.reason}, not {reason}"
    )


def require_shut(ends: GateEnds, lane_id: str, since_ns: int) -> None:
    """Raise StepFailed when the lane's relay was switched on since then."""
    channel = ends.plan.lane(lane_id).channel
    pulses = [c for c in ends.metal.relays.changes if c.on and c.channel == channel and c.at_ns >= since_ns]
    require(not pulses, f"{lane_id}: the relay got an ON byte")


def event_after(
    stage: Stage,
    gate_id: str,
    seq: int,
    kind: str,
    *,
    lane_id: str | None = None,
    timeout_seconds: float = EVENT_SECONDS,
) -> ListedEvent:
    """Return the first event of a kind after a journal number; raise StepFailed when none comes."""
    found: list[ListedEvent] = []

    def came() -> bool:
        events = stage.office.events(gate_id, seq)
        found[:] = [event for event in events if event.kind == kind and lane_id in (None, event.lane_id)]
        return bool(found)

    try:
        wait_until(came, timeout_seconds, kind)
    except TimeoutError as err:
        raise StepFailed(
            f"{lane_id or gate_id}: the server's list got no {kind!r} event within {timeout_seconds:g} s"
        ) from err
    return found[0]
