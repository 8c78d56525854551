"""Compute whether a lane is live and what its sheet allows, at each use.

A lane is published only with a live sheet that keeps every rule that guards people; today's date has
no say in that. A lane from before there were sheets is live all the same, but never with face.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from gate_controller.contract.lane_sheet import Finding, LaneFacts, LaneSheet, must_findings
from gate_controller.contract.records import Method
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import among
from web_admin.gates.sheet_models import LaneSheetRow

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """Status of a lane. `broken`: rules that its live sheet breaks, after a change of the rules."""

    word: Literal["live", "inherited", "missing", "broken"]
    may_offer_face: bool = False
    broken: tuple[Finding, ...] = ()

    @property
    def is_live(self) -> bool:
        """Return whether the lane is published to gates."""
        return self.word in ("live", "inherited")


def stored_sheet(stored: Mapping[str, Any] | None) -> LaneSheet | None:
    """Return a sheet from its JSON; None where there is none or this program cannot read it."""
    if stored is None:
        return None
    try:
        return msgspec.convert(stored, LaneSheet)
    except msgspec.ValidationError:
        _log.exception("a stored lane sheet cannot be read")
        return None


def lane_status(row: LaneSheetRow | None) -> LaneStatus:
    return NO_SHEET if row is None else _status(row.live, inherited=row.inherited)


def _status(live: Mapping[str, Any] | None, *, inherited: bool) -> LaneStatus:
    sheet = stored_sheet(live)
    if sheet is None:
        return LaneStatus("inherited" if inherited and live is None else "missing")
    broken = must_findings(sheet, LaneFacts())
    if broken:
        return LaneStatus("broken", broken=broken)
    return LaneStatus("live", may_offer_face=not must_findings(sheet, LaneFacts(has_camera=True)))


NO_SHEET = LaneStatus("missing")


def sheet_statuses(session: Session, gate_ids: Collection[str]) -> dict[str, LaneStatus]:
    """Return by lane the status of every lane of these gates that has a row.

    It makes no objects of the rows, and reads and judges a sheet that several lanes have once.
    """
    query = select(LaneSheetRow.lane_id, cast(LaneSheetRow.live, Text), LaneSheetRow.inherited)
    query = query.join(Lane, Lane.lane_id == LaneSheetRow.lane_id)
    query = query.where(among(session, Lane.gate_id, gate_ids))
    judged: dict[tuple[str | None, bool], LaneStatus] = {}
    statuses = {}
    for lane_id, live, inherited in session.execute(query):
        if (live, inherited) not in judged:
            sheet = None if live is None else msgspec.json.decode(live, type=dict[str, Any])
            judged[live, inherited] = _status(sheet, inherited=inherited)
        statuses[lane_id] = judged[live, inherited]
    return statuses


def sheet_row(session: Session, lane_id: str) -> LaneSheetRow | None:
    """Return the row of a lane, None before its sheet was begun."""
    return session.get(LaneSheetRow, lane_id)


def sheet_rows_of_gate(session: Session, gate_id: str) -> dict[str, LaneSheetRow]:
    query = select(LaneSheetRow).join(Lane, Lane.lane_id == LaneSheetRow.lane_id)
    return {row.lane_id: row for row in session.scalars(query.where(Lane.gate_id == gate_id))}


def sheet_rows(session: Session, site_id: str) -> dict[str, LaneSheetRow]:
    query = select(LaneSheetRow).join(Lane, Lane.lane_id == LaneSheetRow.lane_id).join(Gate)
    return {row.lane_id: row for row in session.scalars(query.where(Gate.site_id == site_id))}


def lane_statuses(session: Session, site_id: str, lane_ids: Iterable[str]) -> dict[str, LaneStatus]:
    rows = sheet_rows(session, site_id)
    return {lane_id: lane_status(rows.get(lane_id)) for lane_id in lane_ids}


def facts_of(lane: Lane, rows: Mapping[str, LaneSheetRow]) -> LaneFacts:
    """Return the facts of a lane without its sheet; the server knows of cameras through face alone."""
    others = [other for other in lane.gate.lanes if other.lane_id != lane.lane_id]
    offered = {method for other in others if other.direction == lane.direction for method in other.methods}
    live = [stored_sheet(rows[other.lane_id].live) for other in others if other.lane_id in rows]
    return LaneFacts(
        has_camera=Method.FACE in lane.methods,
        direction=lane.direction,
        missing_methods=tuple(str(method) for method in Method if method in offered - set(lane.methods)),
        other_accessible_lane=any(sheet is not None and sheet.is_accessible_lane for sheet in live),
    )
