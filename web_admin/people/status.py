"""Tell the state of a person and of each of their ways in: the one place that all pages ask."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from web_admin.compound.models import Person
from web_admin.compound.usable_credentials import usable_methods_of
from web_admin.face.actions import FaceState, face_states
from web_admin.journal.models import GateEvent

PersonWord = Literal["ended", "suspended", "no_gate", "no_way", "active"]
WayStatus = Literal["not_chosen", "off", "suspended", "paused", "not_taken", "nothing", "works"]
Ways = Mapping[Method, WayStatus]

NO_FACE = FaceState("off", None, None, ())


def person_status(person: Person, ways: Ways) -> PersonWord:
    """Return the one word for a person with these ways in."""
    if person.ended_at is not None:
        return "ended"
    if person.suspended:
        return "suspended"
    if not person.grants:
        return "no_gate"
    return "active" if "works" in ways.values() else "no_way"


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


def ways_of(
    session: Session, site_id: str, people: Collection[Person], passage_days: int, now: datetime
) -> dict[str, Ways]:
    """Return the one word for every way in of these people, by person, with the same few queries."""
    usable = usable_methods_of(session, [person.person_id for person in people], now)
    choosers = [person for person in people if Method.FACE in person.methods]
    faces = face_states(session, site_id, choosers) if choosers else {}
    taken = faces_taken(session, faces, passage_days, now)
    return {
        person.person_id: {
            method: way_status(
                person,
                method,
                usable[person.person_id],
                faces.get(person.person_id, NO_FACE),
                face_taken=person.person_id in taken,
            )
            for method in Method
        }
        for person in people
    }


def faces_taken(
    session: Session, faces: Mapping[str, FaceState], passage_days: int, now: datetime
) -> frozenset[str]:
    """Return whose face a gate has said that it took; assumed where that entry's name is erased.

    `faces` are by person; reads in one query at most.
    """
    agreed = {person_id: face.consent.given_at for person_id, face in faces.items() if face.consent}
    erased = {person_id for person_id, at in agreed.items() if now - at >= timedelta(days=passage_days)}
    asked = agreed.keys() - erased
    if not asked:
        return frozenset(erased)
    newest = session.execute(
        select(GateEvent.person_id, func.max(GateEvent.at))
        .where(GateEvent.person_id.in_(asked), GateEvent.kind == EventKind.FACE_ENROLLED)
        .group_by(GateEvent.person_id)
    )
    return frozenset(
        erased | {person_id for person_id, at in newest if person_id is not None and at >= agreed[person_id]}
    )
