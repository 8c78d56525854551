"""Tell the state of a gate and of a lane: the one place that all pages ask."""

from datetime import datetime
from typing import Literal, cast

from web_admin.compound.models import Gate, Lane
from web_admin.gates.silence import is_silent

GateWord = Literal["in_contact", "silent", "unheard", "forked", "new", "retired", "stolen"]


def gate_status(gate: Gate, now: datetime) -> GateWord:
    """Return the one word for a gate; `unheard` is paired and has never called."""
    if gate.state != "paired":
        return cast(GateWord, gate.state)
    if gate.forked_at is not None:
        return "forked"
    if gate.last_seen_at is None:
        return "unheard"
    return "silent" if is_silent(gate, now) else "in_contact"


def lane_posture(lane: Lane, posture: str) -> str:
    """Return the posture to show of a lane; `unheard` for a normal one whose gate has never called."""
    heard = lane.gate.state == "paired" and lane.gate.last_seen_at is not None
    return posture if heard or posture != "normal" else "unheard"
