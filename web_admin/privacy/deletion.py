"""Delete a person's data on request, and list what stays until when (D4).

One action ends in the paths that time would take anyway: passages lose their names as after their term, past
visitors their labels, a face is forgotten as by a withdrawal. It is written down as a request that was
answered on the spot, so that it counts as one and is in the person's list.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.action.base import Action, begin, record
from web_admin.action.lookups import person_of
from web_admin.calls.ends import forget_past_calls
from web_admin.compound.age_bands import today_at
from web_admin.compound.models import Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.face.actions import withdraw_face
from web_admin.face.inactive import note_use
from web_admin.face.ways_in import live_face_consent
from web_admin.journal.models import GateEvent, QuarantinedEntry
from web_admin.privacy.requests import new_request
from web_admin.privacy.retention import ERASED
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow

PARTS = ("passages", "visitors", "face")


@dataclass(frozen=True, slots=True)
class DeletableCounts:
    """The number of records of each part that a person can have deleted now."""

    passages: int
    visitors: int
    face: bool

    def is_nothing(self) -> bool:
        """Return whether there is nothing to delete."""
        return not (self.passages or self.visitors or self.face)


def deletable(act: Action, person: Person) -> DeletableCounts:
    """Return what a person can have deleted now."""
    return DeletableCounts(
        passages=_count(act.session, select(func.count()).where(_passages(person.person_id))),
        visitors=_count(act.session, select(func.count()).where(_past_visitors(act, person.person_id)))
        + _count(act.session, select(func.count()).where(_past_series(act, person))),
        face=live_face_consent(act.session, person) is not None,
    )


def delete_own(act: Action, person_id: str, parts: Collection[str]) -> DeletableCounts:
    """Delete the chosen parts of a person's records at once; return what went.

    Raises ActionRefused when nothing is chosen. What a gate has not sent yet comes with its name and goes
    with its term.
    """
    if act.channel not in ("phone", "desk"):
        raise ActionRefused(None, _("People delete their records themselves, on their phone or at the desk."))
    if not set(parts) & set(PARTS):
        raise ActionRefused("parts", _("Choose what to delete."))
    consent = withdraw_face(act, person_id, "deletion") if "face" in parts else None
    site = begin(act)
    person = person_of(act, person_id)
    gone = DeletableCounts(
        passages=_forget_passages(act, person) if "passages" in parts else 0,
        visitors=_forget_visitors(act, person) if "visitors" in parts else 0,
        face=consent is not None,
    )
    _write_down(act, site, person, gone)
    return gone


def _write_down(act: Action, site: Site, person: Person, gone: DeletableCounts) -> None:
    request = new_request(act, site, person, "deletion", "")
    request.acknowledged_at = request.closed_at = act.now
    request.acknowledged_by = request.closed_by = act.actor_id
    request.outcome = "answered"
    record(
        act,
        "own_records_deleted",
        {
            "request_id": request.request_id,
            "passages": gone.passages,
            "visitors": gone.visitors,
            "face": gone.face,
        },
        person_id=person.person_id,
    )


def _forget_passages(act: Action, person: Person) -> int:
    consent = live_face_consent(act.session, person)
    if consent is not None:
        note_use(act.session, consent)  # or the face would look unused from now on
    _empty_quarantined(act, person.person_id)
    forget_past_calls(act.session, person.person_id, act.now)
    return _change(act, update(GateEvent).where(_passages(person.person_id)).values(**ERASED, person_id=None))


def _empty_quarantined(act: Action, person_id: str) -> None:
    """Erase a person from unread, quarantined entries."""
    kept = select(QuarantinedEntry.gate_id, QuarantinedEntry.digest, QuarantinedEntry.body).where(
        QuarantinedEntry.body.is_not(None)
    )
    rows = act.session.execute(kept).yield_per(500)
    about = [row[:2] for row in rows if row.body is not None and person_id.encode() in row.body]
    for gate_id, digest in about:
        of_person = (QuarantinedEntry.gate_id == gate_id) & (QuarantinedEntry.digest == digest)
        act.session.execute(update(QuarantinedEntry).where(of_person).values(body=None))


def _forget_visitors(act: Action, person: Person) -> int:
    erased = update(VisitorPassRow).where(_past_visitors(act, person.person_id)).values(label="", text="")
    weekly = update(VisitorSeriesRow).where(_past_series(act, person)).values(label="")
    return _change(act, erased) + _change(act, weekly)


def _change(act: Action, work: Any) -> int:
    act.session.flush()
    return int(act.session.connection().execute(work).rowcount)


def _passages(person_id: str) -> ColumnElement[bool]:
    """Return the condition for a person's passages; alarms and holds of staff are not among them."""
    return (GateEvent.person_id == person_id) & (GateEvent.kind == EventKind.ACCESS)


def _past_visitors(act: Action, person_id: str) -> ColumnElement[bool]:
    past = (VisitorPassRow.valid_until < act.now) | VisitorPassRow.withdrawn_at.is_not(None)
    return (VisitorPassRow.issuer_person_id == person_id) & past & (VisitorPassRow.label != "")


def _past_series(act: Action, person: Person) -> ColumnElement[bool]:
    """Return the condition for weekly invitations that were withdrawn or whose last day is over."""
    today = today_at(act.session.get_one(Site, person.site_id), act.now)
    past = (VisitorSeriesRow.last_day < today) | VisitorSeriesRow.withdrawn_at.is_not(None)
    return (VisitorSeriesRow.issuer_person_id == person.person_id) & past & (VisitorSeriesRow.label != "")


def _count(session: Session, query: Any) -> int:
    return int(session.scalar(query) or 0)
