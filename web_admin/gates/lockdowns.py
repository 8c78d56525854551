"""Read the lockdown that is in force: which ways in, since when, by whom, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager

from gate_controller.contract.records import Posture
from web_admin.compound.gate_names import full_name
from web_admin.compound.models import Gate, Lane
from web_admin.core.parameters import moment_of
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import lane_status
from web_admin.journal.queries import entries_of_kinds

ORDERED = ("site_locked_down", "posture_set")
LOOKED_THROUGH = 50
"""How many orders back the beginning is looked for; of an older one no beginning is shown."""


@dataclass(frozen=True, slots=True)
class Lockdown:
    """Lanes that staff locked down; `since` is None where the ledger has it no more among the newest."""

    lanes: Sequence[str]
    is_whole: bool
    since: datetime | None
    until: datetime | None
    author_id: str
    reason: str


def lockdown_now(session: Session, site_id: str, now: datetime) -> Lockdown | None:
    """Return the lockdown of a site's ways in that is in force; None without one."""
    locked = session.scalars(
        select(Lane)
        .join(Gate)
        .where(
            Gate.site_id == site_id,
            Gate.state.not_in(("retired", "stolen")),
            Lane.override_posture == Posture.LOCKDOWN,
            or_(Lane.override_until.is_(None), Lane.override_until > now),
        )
        .order_by(Gate.number, Lane.lane_id)
        .options(contains_eager(Lane.gate))
    ).all()
    if not locked:
        return None
    last = max(locked, key=lambda lane: (lane.override_until or now, lane.lane_id))
    return Lockdown(
        [full_name(lane) for lane in locked],
        not _opens_elsewhere(session, site_id, locked),
        _since(session, site_id, locked),
        last.override_until,
        last.override_author_id or "",
        last.override_reason or "",
    )


def _opens_elsewhere(session: Session, site_id: str, locked: Sequence[Lane]) -> bool:
    """Return whether a way in beside these can open: its gate is paired and its lane is live."""
    others = (
        select(LaneSheetRow)
        .join(Lane, Lane.lane_id == LaneSheetRow.lane_id)
        .join(Gate)
        .where(
            Gate.site_id == site_id,
            Gate.state == "paired",
            Lane.direction == "in",
            Lane.lane_id.not_in([lane.lane_id for lane in locked]),
        )
    )
    return any(lane_status(row).is_live for row in session.scalars(others))


def _since(session: Session, site_id: str, locked: Sequence[Lane]) -> datetime | None:
    """Return when the newest order came that locked one of these lanes until its present end."""
    ids = {lane.lane_id for lane in locked}
    ends = {lane.override_until for lane in locked}
    for entry in entries_of_kinds(session, site_id, ORDERED, LOOKED_THROUGH):
        is_one = entry.kind == "site_locked_down" or (
            entry.facts.get("posture") == Posture.LOCKDOWN and entry.facts.get("lane_id") in ids
        )
        if is_one and moment_of(str(entry.facts.get("until"))) in ends:
            return entry.at
    return None
