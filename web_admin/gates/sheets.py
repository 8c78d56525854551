"""Actions on lane sheets: store a draft, and make it live when it meets every rule.

A lane without a live sheet is not published, so the gate refuses everyone there. A sheet that breaks a
rule that guards people is refused, also as a change of one that is live; warnings refuse nothing.
Photographs are not stored: a sheet says where they are kept.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.lane_sheet import Finding, LaneSheet, check_sheet, must_findings
from web_admin.action.base import NO_GATE, Action, begin, finish
from web_admin.action.lookups import lane_of
from web_admin.compound.models import Lane
from web_admin.core.refusal import ActionRefused
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import facts_of, lane_status, sheet_row, sheet_rows_of_gate, stored_sheet
from web_admin.gates.sheet_texts import finding_text


class SheetRefused(ActionRefused):
    """A sheet that may not go live; `findings` are all the rules that it breaks."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings[0].key, finding_text(findings[0]))
        self.findings = tuple(findings)


def save_draft(act: Action, lane_id: str, sheet: LaneSheet) -> LaneSheetRow:
    """Keep what was typed so far; the lane stays as it is."""
    begin(act)
    lane = lane_of(act, lane_id)
    row = sheet_row(act.session, lane_id) or _new_row(act, lane)
    row.draft, row.drafted_at = as_stored(sheet), act.now
    finish(act, "lane_sheet_drafted", {"lane_id": lane_id}, gates=NO_GATE)
    return row


def save_sheet(act: Action, lane_id: str, sheet: LaneSheet) -> LaneSheetRow:
    """Put a lane live with this sheet; raise SheetRefused naming every rule that it breaks."""
    begin(act)
    lane = lane_of(act, lane_id)
    act.session.expire(lane.gate, ["lanes"])
    rows = sheet_rows_of_gate(act.session, lane.gate_id)
    broken = must_findings(sheet, facts_of(lane, rows))
    if broken:
        raise SheetRefused(broken)
    row = rows.get(lane_id) or _new_row(act, lane)
    row.live, row.live_at, row.live_author_id = as_stored(sheet), act.now, act.actor_id
    row.draft = row.drafted_at = None
    row.inherited = False
    finish(act, "lane_sheet_live", {"lane_id": lane_id}, gates=(lane.gate_id,))
    return row


def findings_about(session: Session, lane: Lane, sheet: LaneSheet, today: date) -> tuple[Finding, ...]:
    """Return everything that is wrong with a sheet of this lane, what refuses it first."""
    return check_sheet(sheet, facts_of(lane, sheet_rows_of_gate(session, lane.gate_id)), today)


def sheets_of(row: LaneSheetRow | None) -> tuple[LaneSheet | None, LaneSheet | None]:
    """Return the live sheet and the draft, None where there is none."""
    return (None, None) if row is None else (stored_sheet(row.live), stored_sheet(row.draft))


def check_face_sheet(act: Action, lane_id: str) -> None:
    """Raise ActionRefused unless the lane is live with a sheet that describes its camera and sign (B9)."""
    if not lane_status(sheet_row(act.session, lane_id)).may_offer_face:
        raise ActionRefused(
            "methods",
            _(
                "Face needs a camera, and a camera needs a live lane sheet that says where it hangs, what it "
                "sees and where its sign is. Fill in the lane sheet first."
            ),
        )


def _new_row(act: Action, lane: Lane) -> LaneSheetRow:
    row = LaneSheetRow(lane_id=lane.lane_id, inherited=False)
    act.session.add(row)
    return row


def as_stored(sheet: LaneSheet) -> dict[str, Any]:
    """Return a sheet as JSON, as its row keeps it."""
    stored: dict[str, Any] = msgspec.to_builtins(sheet)
    return stored
