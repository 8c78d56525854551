"""Hold back what a restored server would newly allow: credentials, people, grants and ways in.

Compares what the backup would publish with what a gate's newest policy has. What the gate forbade stays
forbidden, and is listed for staff; nothing is allowed that the backup did not allow, but for a grant that
this very gate had.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from gate_controller.contract.records import (
    CredentialRecord,
    CredentialState,
    EmergencyCodeCredential,
    Grant,
    Method,
    PersonRecord,
    PinCredential,
    Record,
    TypedCredential,
    VisitorCodeCredential,
)
from web_admin.compound.models import CredentialRow, Gate, Lane, Person, Site
from web_admin.credentials.models import EmergencyCode
from web_admin.restore.changes import Values, current_values, held

ENDED_BY_RESTORE = "restored"


def hold_back_people(
    session: Session, gate: Gate, wanted: Mapping[str, Record], known: Mapping[str, Record], now: datetime
) -> None:
    """Suspend, narrow or end what the backup allows and this gate's newest policy forbids."""
    restored_at = session.get_one(Site, gate.site_id).restored_at or now
    for record in wanted.values():
        if isinstance(record, PersonRecord):
            person = session.get_one(Person, record.person_id)
            if person.created_at <= restored_at:
                _compare_person(session, gate, person, record, known.get(f"person:{person.person_id}"), now)
    for key, record in wanted.items():
        if not isinstance(record, CredentialRecord):
            continue
        if not _allows_no_more(record, known.get(key), wanted, known):
            _hold_credential(session, gate, record, known, restored_at, now)


# -- credentials -----------------------------------------------------------------------------------


def _allows_no_more(
    wanted: CredentialRecord, newest: Record | None, ours: Mapping[str, Record], known: Mapping[str, Record]
) -> bool:
    """Return whether the gate's newest policy allows all that this credential would allow."""
    if not isinstance(newest, CredentialRecord) or type(newest) is not type(wanted):
        return False
    if newest.state is not CredentialState.ACTIVE and newest.state is not wanted.state:
        return False
    home = f"home:{wanted.home_id}" if isinstance(wanted, TypedCredential) else ""
    if home and ours.get(home) != known.get(home):
        return False  # its number is typed after another one now, or under another salt
    earlier = newest.valid_until is not None and (
        wanted.valid_until is None or wanted.valid_until > newest.valid_until
    )
    later = newest.valid_from is not None and (
        wanted.valid_from is None or wanted.valid_from < newest.valid_from
    )
    if earlier or later or not set(_lanes(wanted)) <= set(_lanes(newest)):
        return False
    if isinstance(wanted, EmergencyCodeCredential) and isinstance(newest, EmergencyCodeCredential):
        if wanted.hold_minutes > newest.hold_minutes:
            return False
        wanted = msgspec.structs.replace(wanted, hold_minutes=newest.hold_minutes)
    same = msgspec.structs.replace(
        wanted, state=newest.state, valid_from=newest.valid_from, valid_until=newest.valid_until
    )
    if isinstance(same, VisitorCodeCredential | EmergencyCodeCredential):
        same = msgspec.structs.replace(same, lanes=tuple(_lanes(newest)))
    return same == newest


def _lanes(credential: Record) -> tuple[str, ...]:
    lanes: tuple[str, ...] = getattr(credential, "lanes", ())
    return lanes


def _hold_credential(
    session: Session,
    gate: Gate,
    wanted: CredentialRecord,
    known: Mapping[str, Record],
    restored_at: datetime,
    now: datetime,
) -> None:
    newest = known.get(f"credential:{wanted.credential_id}")
    ended = isinstance(newest, CredentialRecord) and newest.state is CredentialState.ENDED
    if isinstance(wanted, EmergencyCodeCredential):
        code = session.get_one(EmergencyCode, wanted.credential_id)
        if code.created_at <= restored_at and code.state != "ended":
            after = {"state": "ended", "ended_at": now, "ended_reason": ENDED_BY_RESTORE}
            held(session, gate.site_id, "emergency_code", code.credential_id, after, now, gate.gate_id)
        return
    row = session.get_one(CredentialRow, wanted.credential_id)
    if row.created_at > restored_at or f"person:{row.person_id}" not in known:
        return  # made after the restore; or an unknown person here, which is held back as a whole
    if ended or (isinstance(wanted, PinCredential) and wanted.duress and newest is None):
        row.state, row.ended_at, row.ended_reason = "ended", now, ENDED_BY_RESTORE
    elif row.duress:
        row.state = "suspended"  # follows the PIN beside it, and is listed nowhere
    elif row.state != "ended":
        after = {"state": "suspended"}
        held(session, gate.site_id, "credential", row.credential_id, after, now, gate.gate_id)


# -- people ----------------------------------------------------------------------------------------


def _compare_person(
    session: Session, gate: Gate, person: Person, wanted: PersonRecord, newest: Record | None, now: datetime
) -> None:
    if not isinstance(newest, PersonRecord):
        _set_grants_here(session, gate, person, (), now)
        if not person.grants and not person.suspended:
            _hold(session, gate, "person", person, {"suspended": True}, now)
        return
    if newest.suspended and not person.suspended:
        _hold(session, gate, "person", person, {"suspended": True}, now)
    dropped = set(wanted.methods) - set(newest.methods) - {Method.FACE}
    if dropped:
        methods = [method for method in person.methods if method not in dropped]
        _hold(session, gate, "methods", person, {"methods": methods}, now)
    if wanted.may_override and not newest.may_override:
        _hold(session, gate, "override", person, {"may_override": False}, now)
    requested = newest.two_methods
    if requested is not None and requested != wanted.two_methods:
        minutes = [requested.from_minute, requested.until_minute]
        _hold(session, gate, "wish", person, {"minutes": minutes}, now)
    if not _covered(wanted.grants, newest.grants):
        _set_grants_here(session, gate, person, newest.grants, now)


def _hold(session: Session, gate: Gate, kind: str, person: Person, after: Values, now: datetime) -> None:
    held(session, gate.site_id, kind, person.person_id, after, now, gate.gate_id)


def _covered(wanted: Iterable[Grant], newest: Iterable[Grant]) -> bool:
    """Return whether each lane of each grant is in a grant of the newest that is as wide."""
    known = tuple(newest)
    return all(
        any(lane in wide.lanes and _is_within(grant, wide) for wide in known)
        for grant in wanted
        for lane in grant.lanes
    )


def _is_within(grant: Grant, wide: Grant) -> bool:
    if wide.hours_id is not None and wide.hours_id != grant.hours_id:
        return False
    if wide.valid_from is not None and (grant.valid_from is None or grant.valid_from < wide.valid_from):
        return False
    return wide.valid_until is None or (
        grant.valid_until is not None and grant.valid_until <= wide.valid_until
    )


def _set_grants_here(
    session: Session, gate: Gate, person: Person, newest: Iterable[Grant], now: datetime
) -> None:
    """Set a person's grants at this gate's lanes to its newest policy; leave other gates' lanes alone."""
    here = {lane.lane_id for lane in session.query(Lane).filter(Lane.gate_id == gate.gate_id)}
    grants: list[Values] = current_values(session, "grants", person.person_id, {})["grants"]
    for grant in grants:
        grant["lanes"] = [lane_id for lane_id in grant["lanes"] if lane_id not in here]
    kept = [grant for grant in grants if grant["lanes"]]
    kept += [
        {
            "lanes": [lane_id for lane_id in grant.lanes if lane_id in here],
            "hours_id": grant.hours_id,
            "valid_from": grant.valid_from,
            "valid_until": grant.valid_until,
        }
        for grant in newest
    ]
    _hold(session, gate, "grants", person, {"grants": kept}, now)
    session.refresh(person)
