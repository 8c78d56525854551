"""Actions on security incidents with personal data: facts, deadlines, notice to people, closing.

The law requires a notice to people: which data, why, what may follow, what was done, what to do, contact
(PIPL 57). A notice is not drafted while one of the six is missing (N1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _

from web_admin.action.base import Action, begin, new_id, record
from web_admin.core.refusal import ActionRefused
from web_admin.privacy.models import Incident

PARTS = ("data_kinds", "cause", "harm", "remedy", "advice", "contact")
MAX_PART_CHARS = 2000
REPORT_LARGE_WITHIN = timedelta(hours=4)
REPORT_WITHIN = timedelta(hours=72)
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Clock:
    """By when something has to be done, counted from when the incident was known; `name` is stable."""

    name: str
    due: datetime


def clocks_of(known_at: datetime, *, large: bool) -> tuple[Clock, ...]:
    """Return an incident's clocks: four hours in China where it is large, then GDPR's (N2, N3)."""
    chinese = (Clock("large", known_at + REPORT_LARGE_WITHIN),) if large else ()
    return (*chinese, Clock("gdpr", known_at + REPORT_WITHIN))


def open_incident(act: Action, known_at: datetime, *, large: bool) -> Incident:
    """Begin the record of an incident; its clocks run from when it was known."""
    begin(act)
    if known_at > act.now + CLOCKS_DIFFER:
        raise ActionRefused("known_at", _("This moment is still to come."))
    incident = Incident(
        incident_id=new_id(),
        site_id=act.site_id,
        known_at=known_at,
        large=large,
        recorded_at=act.now,
        recorded_by=act.actor_id,
        untold_reason="",
        **dict.fromkeys(PARTS, ""),
    )
    act.session.add(incident)
    record(act, "incident_opened", {"incident_id": incident.incident_id, "large": large})
    return incident


def save_parts(act: Action, incident_id: str, texts: Mapping[str, str]) -> None:
    """Store what is known so far; parts may stay empty until people are notified."""
    incident = _open(act, incident_id)
    for part in PARTS:
        said = texts.get(part, "").replace("\r\n", "\n").strip()
        if len(said) > MAX_PART_CHARS:
            raise ActionRefused(part, _("Please use at most %(count)s characters.", count=MAX_PART_CHARS))
        setattr(incident, part, said)
    record(act, "incident_written", {"incident_id": incident_id, "missing": len(missing_parts(incident))})


def missing_parts(incident: Incident) -> tuple[str, ...]:
    """Return which of the six parts of a notice are still empty."""
    return tuple(part for part in PARTS if not getattr(incident, part))


def mark_reported(act: Action, incident_id: str) -> None:
    """Record that the authority was notified."""
    incident = _open(act, incident_id)
    if incident.reported_at is not None:
        raise ActionRefused(None, _("This was reported before."))
    incident.reported_at = act.now
    record(act, "incident_reported", {"incident_id": incident_id})


def mark_people_notified(act: Action, incident_id: str) -> None:
    """Record that people were notified; refused while a part of the notice is missing."""
    incident = _open(act, incident_id)
    missing = missing_parts(incident)
    if missing:
        raise ActionRefused(missing[0], _("The notice to people needs this. Fill it in first."))
    incident.told_people_at = act.now
    record(act, "incident_told", {"incident_id": incident_id})


def close_incident(act: Action, incident_id: str, untold_reason: str) -> None:
    """Close an incident; where people were not notified, with the reason why no harm can come of it."""
    incident = _open(act, incident_id)
    said = untold_reason.strip()
    if incident.told_people_at is None and not said:
        raise ActionRefused("untold_reason", _("Notify people first, or say why no harm can come of it."))
    incident.untold_reason = said[:MAX_PART_CHARS]
    incident.closed_at = act.now
    record(act, "incident_closed", {"incident_id": incident_id, "told": incident.told_people_at is not None})


def _open(act: Action, incident_id: str) -> Incident:
    begin(act)
    incident = act.session.get(Incident, incident_id)
    if incident is None or incident.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such incident."))
    if incident.closed_at is not None:
        raise ActionRefused(None, _("This incident is closed already."))
    return incident
