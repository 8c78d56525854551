"""Rules of a roll-out: which gates get a version, when more of them do, when none does any more. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Stage = Literal["one", "tenth", "all"]
STAGES: Sequence[Stage] = ("one", "tenth", "all")
WATCHED_FOR = timedelta(hours=24)
"""How long a stage's gates run the version before more gates get it; staff may shorten that."""
LEAST_OF_A_TENTH = 2
"""A second stage of the one gate that has the version already would show nothing."""
ON_THE_WAY = ("switched", "trial")


@dataclass(frozen=True, slots=True)
class GateAt:
    gate_id: str
    number: int
    program: str
    """The version that runs."""
    step: str
    """Of its last update, as it reports; empty for a gate that takes none."""
    order_id: str
    """The order that its step is about."""
    why: str
    is_ordered: bool
    """True if this roll-out gave it the version, in any attempt."""
    in_contact: bool


@dataclass(frozen=True, slots=True)
class RollOutStatus:
    """The state of a roll-out at one moment, and the gates that it orders a version for."""

    state: Literal["running", "halted", "done"]
    stage: Stage
    kept_since: datetime | None
    ordered: frozenset[str]
    """The gates that are to have the version now."""
    halted_by: str | None = None
    why: str = ""


def takes_updates(gate: GateAt) -> bool:
    """Return whether a gate can be brought to another version from here."""
    return gate.step != ""


def has_kept(gate: GateAt, version: str) -> bool:
    return gate.program == version and gate.step not in ON_THE_WAY


def size_of(stage: Stage, gates: int) -> int:
    """Return of how many gates a stage consists."""
    if stage == "one":
        return min(1, gates)
    return min(gates, max(LEAST_OF_A_TENTH, math.ceil(gates / 10))) if stage == "tenth" else gates


def settle(
    version: str,
    order_id: str,
    stage: Stage,
    kept_since: datetime | None,
    gates: Sequence[GateAt],
    now: datetime,
    *,
    is_hurried: bool = False,
) -> RollOutStatus:
    """Return what a running roll-out comes to.

    The first gate that went back halts it for all; one that cannot fetch the version tries again, and its
    stage waits for it. The next stage begins when every gate of this one has kept the version for a day, at
    once when `is_hurried`; a stage's gates are those that were ordered before and then those in contact, by
    number.
    """
    takers = sorted((gate for gate in gates if takes_updates(gate)), key=lambda gate: gate.number)
    begun = [gate for gate in takers if gate.is_ordered or has_kept(gate, version)]
    ordered = frozenset(gate.gate_id for gate in begun)
    for gate in begun:
        if gate.order_id == order_id and gate.step == "rolled_back":
            return RollOutStatus("halted", stage, None, ordered, gate.gate_id, gate.why)
    size = size_of(stage, len(takers))
    if len(begun) < size:
        waiting = [gate for gate in takers if gate not in begun and gate.in_contact]
        begun += waiting[: size - len(begun)]
        return RollOutStatus("running", stage, None, frozenset(gate.gate_id for gate in begun))
    if not takers or any(not has_kept(gate, version) for gate in begun):
        return RollOutStatus("running", stage, None, ordered)
    if len(begun) == len(takers):
        return RollOutStatus("done", "all", kept_since or now, ordered)
    since = kept_since or now
    if is_hurried or now - since >= WATCHED_FOR:
        following = STAGES[STAGES.index(stage) + 1]
        return settle(version, order_id, following, None, gates, now)
    return RollOutStatus("running", stage, since, ordered)
