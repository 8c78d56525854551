"""Tell the state of a person and of each of their ways in: the one place that all pages ask."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from web_admin.compound.models import Person
from web_admin.face.actions import FaceState
from web_admin.journal.models import GateEvent

PersonWord = Literal["ended", "suspended", "no_gate", "active"]
WayStatus = Literal["not_chosen", "off", "suspended", "paused", "not_taken", "nothing", "works"]


def person_status(person: Person) -> PersonWord:
    """Return the one word for a person."""
    if person.ended_at is not None:
        return "ended"
    if person.suspended:
        return "suspended"
    return "active" if person.grants else "no_gate"


def way_status(
    person: Person, method: Method, usable: Collection[Method], face: FaceState, *, face_taken: bool
) -> WayStatus:
    """Return the one word for a way in; nothing works for a person who is suspended or has moved out."""
    if method not in person.methods:
        return "not_chosen"
    if method is Method.FACE and face.state not in ("on", "paused"):
        return "off"
    if person.suspended or person.ended_at is not None:
        return "suspended"
    if method is Method.FACE:
        return "paused" if face.state == "paused" else "works" if face_taken else "not_taken"
    return "works" if method in usable else "nothing"


def face_was_taken(session: Session, face: FaceState, passage_days: int, now: datetime) -> bool:
    """Return whether a gate has said that it took this face; assumed where that entry's name is erased."""
    if face.consent is None:
        return False
    if now - face.consent.given_at >= timedelta(days=passage_days):
        return True
    found = select(GateEvent.seq).where(
        GateEvent.person_id == face.consent.person_id, GateEvent.kind == EventKind.FACE_ENROLLED,
        GateEvent.at >= face.consent.given_at,
    )
    return session.scalar(found.limit(1)) is not None
