"""Read a resident's own ways in and credentials, for every page that shows one; no routes."""

from dataclasses import dataclass
from datetime import datetime

from flask import abort

from gate_controller.contract.records import Method
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import request_session
from web_admin.credentials.queries import credential_of
from web_admin.events.own_passages import last_use_by_method
from web_admin.face.rules import is_offered
from web_admin.face.ways_in import working_methods
from web_admin.gates.lost_readers import OwnLoss, lost_ways, own_losses
from web_admin.gates.queries import lanes_by_id
from web_admin.resident.blueprint import site_of


@dataclass(frozen=True, slots=True)
class Way:
    """One switch: method, state, and why it cannot be switched off, if so."""

    method: str
    chosen: bool
    works: bool
    locked: bool
    last_used_at: datetime | None


def ways_of(person: Person, now: datetime) -> list[Way]:
    """Return the person's four ways in, in their fixed order; face only where the site offers it."""
    session = request_session()
    unverified = person.phone_unproven is not None
    used = {} if unverified else last_use_by_method(session, person.person_id)
    works = working_methods(session, person, now)
    without_face = works - {Method.FACE}
    offers_face = is_offered(site_of(person), person) or Method.FACE in person.methods
    shown = [method for method in Method if method is not Method.FACE or offers_face]
    return [
        Way(
            method=method.value,
            chosen=method.value in person.methods,
            works=method in works,
            locked=without_face == {method},
            last_used_at=used.get(method.value),
        )
        for method in shown
    ]


def losses_of(person: Person, now: datetime) -> list[OwnLoss]:
    """Return the lanes of a person at which a way of theirs has had no reader for an hour."""
    session = request_session()
    granted = {
        lane_id
        for grant in person.grants
        if grant.valid_until is None or grant.valid_until > now
        for lane_id in grant.lanes
    }
    lanes = lanes_by_id(session, granted)
    if not any(lost_ways(lane, 0) for lane in lanes):
        return []
    hours = site_of(person).face_pause_hours
    return own_losses(lanes, working_methods(session, person, now), hours, now)


def own_credential(person: Person, credential_id: str, kind: str) -> CredentialRow:
    """Return the person's own credential; answer 404 for anyone else's, without saying which."""
    row = credential_of(request_session(), person.person_id, credential_id, kind)
    if row is None or row.duress:
        abort(404)
    return row
