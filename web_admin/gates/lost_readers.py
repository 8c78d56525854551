"""Read which ways in have no reader at a lane, as its gate reports, and when face pauses there."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate_controller.contract.records import Method
from gate_controller.rules.lost_readers import PAUSE_AFTER_HOURS_AT_MOST
from web_admin.compound.models import Lane

SAID_AFTER = timedelta(hours=1)
"""Residents read of what lasts longer: a plug that is put back at once concerns no one."""


@dataclass(frozen=True, slots=True)
class LostWay:
    """A way in that no reader takes; `since` None until the gate's clock was sure."""

    method: Method
    since: datetime | None
    pauses_at: datetime | None
    """When face no longer opens beside this way alone."""
    is_paused: bool


@dataclass(frozen=True, slots=True)
class OwnLoss:
    """The effect of a lane without a reader on one person."""

    lane: Lane
    lost: Sequence[LostWay]
    """Of the person's own ways."""
    instead: Sequence[Method]
    """Their other ways, which work there."""
    elsewhere: Sequence[Lane]
    """Where there are none: the other lanes in at which a way of theirs works."""
    face: str
    """State of their face there: "" where it goes on, else `until` or `paused`."""
    face_until: datetime | None

    @property
    def since(self) -> datetime | None:
        """Return since when the first of these ways is lost."""
        return min((way.since for way in self.lost if way.since is not None), default=None)


def lost_ways(lane: Lane, pause_hours: int) -> list[LostWay]:
    """Return the ways that a lane offers and no reader takes there, as its gate last said."""
    hours = min(pause_hours, PAUSE_AFTER_HOURS_AT_MOST)
    found = []
    for state in lane.gate.lane_states or []:
        for one in state.get("lost") or () if state.get("lane_id") == lane.lane_id else ():
            since = datetime.fromisoformat(one["since"]) if one.get("since") else None
            pauses_at = since + timedelta(hours=hours) if since is not None else None
            if one["method"] in lane.methods:
                found.append(LostWay(Method(one["method"]), since, pauses_at, bool(one["counts_as_none"])))
    return found


def own_losses(
    lanes: Iterable[Lane], methods: Collection[Method], pause_hours: int, now: datetime
) -> list[OwnLoss]:
    """Return what a person with these working methods reads of the lanes that they may pass."""
    lanes, own = list(lanes), set(methods) - {Method.FACE}
    lost = {lane.lane_id: lost_ways(lane, pause_hours) for lane in lanes}
    works = {
        lane.lane_id: [
            method
            for method in Method
            if method in own
            and method in lane.methods
            and method not in {way.method for way in lost[lane.lane_id]}
        ]
        for lane in lanes
    }
    losses = []
    for lane in lanes:
        mine = [way for way in lost[lane.lane_id] if way.method in own]
        lasting = [way for way in mine if way.is_paused or way.since is None or now - way.since >= SAID_AFTER]
        if not lasting:
            continue
        instead = works[lane.lane_id]
        elsewhere = [one for one in lanes if one.direction == lane.direction and works[one.lane_id]]
        by_face = Method.FACE in methods and Method.FACE in lane.methods and not instead
        face = ("paused" if all(way.is_paused for way in mine) else "until") if by_face else ""
        ends = [way.pauses_at for way in mine if way.pauses_at is not None]
        losses.append(
            OwnLoss(
                lane,
                lasting,
                instead,
                [] if instead else elsewhere,
                face,
                max(ends) if face == "until" and len(ends) == len(mine) else None,
            )
        )
    return losses
