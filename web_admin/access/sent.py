"""Hold what gates are sent, in a form in which what is equal for many people and gates is there once.

A person's record is sent to each gate with the grants of that gate's lanes alone; here it has all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.policy import Policy, PolicySnapshot, compile_policy
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Credential,
    EmergencyCodeCredential,
    HomeRecord,
    HoursRecord,
    LaneRecord,
    PersonRecord,
    PinCredential,
    SiteRecord,
    TypedCredential,
    VisitorCodeCredential,
    decode_record,
)
from gate_controller.rules.identify import identify_tag, identify_typed


@dataclass(frozen=True, slots=True)
class GateSent:
    """Records that one gate is sent about no person.

    `issued_at` is when a gate that is silent since then last had news of its policy; None for one in contact,
    whose policy is never too old.
    """

    gate_id: str
    site: SiteRecord
    calendar: CalendarRecord | None
    hours: Mapping[str, HoursRecord]
    lanes: Mapping[str, LaneRecord]
    ended_passes: frozenset[str] = frozenset()
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonSent:
    """Records that gates are sent about one person, their credentials, and the passes that they gave out.

    `faces` says by gate until when a face may be kept there, None without an end. `hidden` has by gate the
    credentials whose number leads to another one there.
    """

    record: PersonRecord
    homes: tuple[HomeRecord, ...] = ()
    credentials: tuple[Credential, ...] = ()
    faces: Mapping[str, datetime | None] = field(default_factory=dict)
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    passes: tuple[VisitorPass, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Gates that are sent the same of each person, apart from grants and faces; people by their id."""

    gates: tuple[GateSent, ...]
    people: Mapping[str, PersonSent]


@dataclass(frozen=True, slots=True)
class Sent:
    """Records that all gates of a compound are sent. A lane that no gate has admits no one."""

    parts: tuple[Part, ...]


def without_contact(sent: Sent, heard_at: Mapping[str, datetime]) -> Sent:
    """Return the same where these gates last had news of their policy at an instant, and none since."""
    return Sent(
        tuple(
            replace(
                part,
                gates=tuple(
                    replace(gate, issued_at=heard_at.get(gate.gate_id, gate.issued_at)) for gate in part.gates
                ),
            )
            for part in sent.parts
        )
    )


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
    read = {
        key: decode_record(key, value)
        for key, value in records.items()
        if key.partition(":")[0] in ("hours", "calendar") and key not in snapshot.unread
    }
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
