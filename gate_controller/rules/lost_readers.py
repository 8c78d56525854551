"""Count for how long a way in has no reader at a lane, and decide when face pauses there. Pure.

    works ── every reader lost ──> LOST, the time runs ── pause hours ──> PAUSED: counts as no way in
      ^                                 ^      │                             │
      │                                 │      └───── a reader works ────────┘
      │                          lost again            │
      └──────────── one hour without a loss ── BACK: opens as usual, the time runs on

A plug that is put back for a moment gains nothing: the time is forgotten after an hour in which a reader
worked without a break. No clock makes it shorter: seconds while the gate runs are counted by a clock that
cannot be set, and a sure wall clock may only add those in which the gate was off.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate_controller.contract.calendars import DAY_KINDS, WeeklyHours
from gate_controller.contract.policy import offered_methods
from gate_controller.contract.records import LaneRecord, Method

PAUSE_AFTER_HOURS_AT_MOST = 48
"""Promise 1: a site may choose less, never more."""
STEADY_SECONDS = 3600.0
BEGAN_OFF_BY_SECONDS = 600.0
"""How much later than what was counted a beginning may be; more, and it is worked out again."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A way in without a reader at one lane, or one whose reader has not worked for an hour again."""

    counted_seconds: float = 0.0
    """At least as long as it has lasted while the gate ran."""
    began_at: datetime | None = None
    """Aware; None until the clock was sure once."""
    is_lost: bool = True
    well_seconds: float = 0.0


def went_on(
    loss: Loss | None, *, is_lost: bool | None, passed_seconds: float, sure_now: datetime | None
) -> Loss | None:
    """Return a loss after some seconds; None where there is none, or where it is forgotten.

    `is_lost` is None while no reader has been heard since the start: then it is as it was. `sure_now` is None
    while the clock is not sure.
    """
    if loss is None:
        return Loss(began_at=sure_now) if is_lost else None
    counted, began_at = loss.counted_seconds + passed_seconds, loss.began_at
    if sure_now is not None:
        latest = sure_now - timedelta(seconds=counted)
        # A clock that was set back would let pages name a pause that comes too late, or a day to come.
        if began_at is None or began_at > latest + timedelta(seconds=BEGAN_OFF_BY_SECONDS):
            began_at = latest
        counted = max(counted, (sure_now - began_at).total_seconds())
    was_well = is_lost is False and not loss.is_lost
    if is_lost is None:
        is_lost = loss.is_lost
    well_seconds = loss.well_seconds + passed_seconds if was_well else 0.0
    if well_seconds >= STEADY_SECONDS:
        return None
    return Loss(counted, began_at, is_lost, well_seconds)


def pauses_face(loss: Loss, pause_hours: int) -> bool:
    """Return whether a way counts as none by now; `pause_hours` is what the site chose, capped here."""
    hours = min(max(pause_hours, 0), PAUSE_AFTER_HOURS_AT_MOST)
    return loss.is_lost and loss.counted_seconds >= hours * 3600


def leaves_face_alone(lane: LaneRecord, hours: Mapping[str, WeeklyHours], lost: Collection[Method]) -> bool:
    """Return whether face is the only way with a reader at a lane, at some minute of some day."""
    if Method.FACE not in lane.methods:
        return False
    tables = [hours[hours_id] for hours_id in lane.method_hours.values()]
    edges = sorted({0, *(edge for table in tables for edge in table.edges())})
    return any(
        set(offered_methods(lane, hours, day_kind, eve_kind, minute)) - set(lost) == {Method.FACE}
        for day_kind in DAY_KINDS
        for eve_kind in DAY_KINDS
        for minute in edges
    )
