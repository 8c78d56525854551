"""Restore a gate's lanes from its newest policy: postures, overrides, hours and methods.

A lane belongs to one gate, and what that gate holds was signed by the server that was lost. So the state of
its lanes is taken over as it was, in either direction; staff see what that changed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.records import (
    CalendarRecord,
    HoursRecord,
    LaneRecord,
    Method,
    Record,
    SiteRecord,
)
from web_admin.compound.models import CalendarDay, Gate, Hours, Lane, Site
from web_admin.restore.changes import Values, current_values, held


def take_over_lanes(
    session: Session, gate: Gate, wanted: Mapping[str, Record], known: Mapping[str, Record], now: datetime
) -> None:
    """Give lanes, hours, calendar and site the values that this gate's newest policy has."""
    _take_over_site(session, gate, wanted, known, now)
    for key, record in known.items():
        if isinstance(record, HoursRecord):
            _take_over_hours(session, gate, record, now)
        elif key.startswith("lane:") and isinstance(record, LaneRecord):
            _take_over_lane(session, gate, record, wanted.get(key), now)
    for key, record in wanted.items():
        if isinstance(record, LaneRecord) and key not in known:
            held(
                session,
                gate.site_id,
                "lane_withheld",
                record.lane_id,
                {"held_after_restore": True},
                now,
                gate.gate_id,
            )


def _take_over_site(
    session: Session, gate: Gate, wanted: Mapping[str, Record], known: Mapping[str, Record], now: datetime
) -> None:
    site, newest = session.get_one(Site, gate.site_id), known.get("site")
    if isinstance(newest, SiteRecord):
        values: Values = {
            "timezone": newest.timezone,
            "card_bits": newest.card_bits,
            "max_policy_age_days": newest.max_policy_age_days,
            "face_pause_hours": newest.face_pause_hours,
        }
        had = {name: getattr(site, name) for name in values}
        had["card_bits"] = 24 if had["card_bits"] == 24 else 32
        if had != values:
            held(session, site.site_id, "site", site.site_id, values, now, gate.gate_id)
    if wanted.get("calendar") != known.get("calendar"):
        record = known.get("calendar")
        days = dict(record.exceptions) if isinstance(record, CalendarRecord) else {}
        names = {
            day.day: day.name
            for day in session.scalars(select(CalendarDay).where(CalendarDay.site_id == site.site_id))
        }
        held(
            session,
            site.site_id,
            "calendar",
            site.site_id,
            {"days": {day.isoformat(): [kind, names.get(day, "")] for day, kind in days.items()}},
            now,
            gate.gate_id,
        )


def _take_over_hours(session: Session, gate: Gate, record: HoursRecord, now: datetime) -> None:
    spans: list[dict[str, Any]] = msgspec.to_builtins(record.spans)
    row = session.get(Hours, record.hours_id)
    if row is None:
        session.add(Hours(hours_id=record.hours_id, site_id=gate.site_id, name=record.name, spans=spans))
        session.flush()
    elif msgspec.to_builtins(msgspec.convert(row.spans, list[dict[str, Any]])) != spans and (
        row.site_id == gate.site_id
    ):
        held(session, gate.site_id, "hours", row.hours_id, {"spans": spans}, now, gate.gate_id)


def _take_over_lane(
    session: Session, gate: Gate, newest: LaneRecord, wanted: Record | None, now: datetime
) -> None:
    row = session.get(Lane, newest.lane_id)
    if row is None or row.gate_id != gate.gate_id or not isinstance(wanted, LaneRecord):
        return  # a lane that the backup does not know, or that is not live in it, stays unknown: it is shut
    if _of_lane(wanted, now) == _of_lane(newest, now):
        return
    values = _of_lane(newest, now)
    # Face is offered by sheet and assessment alone; a gate's word never adds it.
    values["methods"] = [m for m in values["methods"] if m != Method.FACE or Method.FACE in row.methods]
    values["schedule_authors"] = {
        hours_id: row.schedule_authors.get(hours_id)
        or {"author_id": newest.posture_author_id or "system", "set_at": now.isoformat()}
        for hours_id in newest.posture_hours
    }
    had = current_values(session, "lane", row.lane_id, values)
    changed = {name: value for name, value in values.items() if had[name] != value}
    if changed:
        held(session, gate.site_id, "lane", row.lane_id, changed, now, gate.gate_id)


def _of_lane(record: LaneRecord, now: datetime) -> Values:
    """Return the columns of a lane that decide who may pass."""
    override = record.posture_override
    live = override if override is not None and override.until > now else None
    return {
        "methods": [str(method) for method in record.methods],
        "method_hours": {str(method): hours_id for method, hours_id in record.method_hours.items()},
        "posture": str(record.posture),
        "posture_hours": {hours_id: str(word) for hours_id, word in record.posture_hours.items()},
        "posture_author_id": record.posture_author_id,
        "interlock_with": list(record.interlock_with),
        "antipassback": record.antipassback,
        "staff_hold_minutes": record.staff_hold_minutes,
        "override_posture": str(live.posture) if live is not None else None,
        "override_author_id": live.author_id if live is not None else None,
        "override_reason": live.reason if live is not None else None,
        "override_until": live.until.isoformat() if live is not None else None,
    }
