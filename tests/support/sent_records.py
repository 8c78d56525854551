"""Read from the records that gates have what the server holds of them: the way back from a publication."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.policy import Policy, PolicySnapshot, compile_policy
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Credential,
    EmergencyCodeCredential,
    HoursRecord,
    PersonRecord,
    PinCredential,
    TypedCredential,
    VisitorCodeCredential,
)
from gate_controller.contract.unread_records import read_records
from gate_controller.rules.identify import identify_tag, identify_typed
from web_admin.access.sent import GateSent, Part, PersonSent, Sent


def sent_by_records(
    gates: Mapping[str, Mapping[str, bytes | msgspec.Raw]],
    passes: Mapping[str, tuple[VisitorPass, ...]] | None = None,
    issued_at: Mapping[str, datetime] | None = None,
    *,
    now: datetime,
) -> Sent:
    """Return what gates know by the records that they have, by gate; raise PolicyRefused as they would.

    `passes` has the passes that each person gave out, since no record says so. `issued_at` names the gates
    that are silent.
    """
    return Sent(
        tuple(
            _part(gate_id, records, passes or {}, (issued_at or {}).get(gate_id), now)
            for gate_id, records in sorted(gates.items())
        )
    )


def _part(
    gate_id: str,
    records: Mapping[str, bytes | msgspec.Raw],
    passes: Mapping[str, tuple[VisitorPass, ...]],
    issued_at: datetime | None,
    now: datetime,
) -> Part:
    snapshot = compile_policy(records, epoch=0, version=0, issued_at=issued_at or now)
    policy = snapshot.policy
    read = read_records(records).records
    calendar = read.get("calendar")
    gate = GateSent(
        gate_id,
        policy.site,
        calendar if isinstance(calendar, CalendarRecord) else None,
        {one.hours_id: one for one in read.values() if isinstance(one, HoursRecord)},
        policy.lanes,
        policy.ended_passes,
        issued_at,
    )
    held: dict[str, list[Credential]] = {}
    for credential in policy.credentials.values():
        if not isinstance(credential, EmergencyCodeCredential):
            held.setdefault(credential.person_id, []).append(credential)
    people = {
        person.person_id: _person(
            person, tuple(held.get(person.person_id, ())), snapshot, gate_id, passes.get(person.person_id, ())
        )
        for person in policy.persons.values()
    }
    return Part((gate,), people)


def _person(
    record: PersonRecord,
    credentials: tuple[Credential, ...],
    snapshot: PolicySnapshot,
    gate_id: str,
    passes: tuple[VisitorPass, ...],
) -> PersonSent:
    policy, face = snapshot.policy, snapshot.face_roster.get(record.person_id)
    home_ids = sorted({one.home_id for one in credentials if isinstance(one, TypedCredential)})
    hidden = frozenset(one.credential_id for one in credentials if not _is_found(one, policy))
    return PersonSent(
        record,
        tuple(policy.homes[home_id] for home_id in home_ids if home_id in policy.homes),
        credentials,
        {} if face is None else {gate_id: face.valid_until},
        {gate_id: hidden} if hidden else {},
        passes,
    )


def _is_found(credential: Credential, policy: Policy) -> bool:
    """Return whether showing it leads to this one and to no other."""
    if isinstance(credential, CardCredential):
        return identify_tag(credential.tag, policy).credential is credential
    if isinstance(credential, PinCredential | VisitorCodeCredential):
        home = policy.homes.get(credential.home_id)
        return (
            home is not None and identify_typed(home.number, credential.tag, policy).credential is credential
        )
    return True
