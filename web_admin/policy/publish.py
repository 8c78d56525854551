"""Publish: compute every gate's records, check promise 1, store the changes.

The gate asks with the version it has and gets the difference. Each record is kept with the version
at which it last changed; a deleted one stays as an empty row, so any older version can be caught up.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import cast

import msgspec
from sqlalchemy import Table, and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import WeeklyHours
from gate_controller.contract.features import fit
from gate_controller.contract.messages import (
    POLICY_DOMAIN,
    PolicyChange,
    PolicyManifest,
    SignedPolicyManifest,
    policy_digest,
    record_digest,
    sign_struct,
)
from gate_controller.contract.policy import check_promise_one
from gate_controller.contract.records import (
    Credential,
    CredentialRecord,
    CredentialState,
    PolicyRefused,
    Record,
    decode_record,
    encode_record,
)
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import CredentialRow, Gate, Person, Site
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR, PolicyRecordRow
from web_admin.core.database import IN_LIST
from web_admin.core.sealing import Sealer
from web_admin.face.ways_in import pause_without_other_way
from web_admin.policy.emergency_records import emergency_keys, emergency_records
from web_admin.policy.facts import SiteFacts, load_facts
from web_admin.policy.records import (
    KINDS_OF_ONE_PERSON,
    PERSONAL_KINDS,
    PeopleRecords,
    hours_record,
    lane_record,
    open_gate_keys,
    site_records,
)

_log = logging.getLogger(__name__)
_rows = cast(Table, PolicyRecordRow.__table__)


@dataclass(frozen=True, slots=True)
class GateChange:
    """How many records of one gate were added, changed and removed."""

    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The site's version after publishing, and what changed, by gate; gates without change are absent."""

    version: int
    gates: Mapping[str, GateChange]


@dataclass(frozen=True, slots=True)
class _Scope:
    """The personal records that this publication may touch; None is all of them."""

    person_ids: frozenset[str]
    keys: frozenset[str]


def records_for_gate(session: Session, sealer: Sealer, gate: Gate, now: datetime) -> dict[str, bytes]:
    """Return all that this gate is to know, as wire forms by key."""
    facts = load_facts(session, gate.site_id, now)
    return dict(_records(facts, PeopleRecords(facts, sealer, now), sealer, gate, now))


def publish_policy(
    session: Session,
    sealer: Sealer,
    site_id: str,
    now: datetime,
    *,
    person_ids: Collection[str] | None = None,
) -> PublishResult:
    """Bring every gate's records up to date in the caller's transaction.

    With `person_ids`, only records of those people and their homes are worked out again, besides
    lanes, hours, calendar and passes. Raises PolicyRefused, before anything is written, when a lane
    breaks promise 1. One person never blocks it: a person who chose face and has no other working way
    is published without face and marked as paused.
    """
    session.flush()
    site = session.scalars(select(Site).where(Site.site_id == site_id).with_for_update(key_share=True)).one()
    # Asking gates lock their own row: with all rows locked no gate sees half a publication.
    session.scalars(
        select(Gate).where(Gate.site_id == site_id).order_by(Gate.gate_id).with_for_update(key_share=True)
    ).all()
    scope = None if person_ids is None else _scope(session, site_id, person_ids)
    facts = load_facts(session, site_id, now, None if scope is None else scope.person_ids)
    _check_lanes(facts, now)
    people = PeopleRecords(facts, sealer, now)
    for person in people.without_another_way():
        pause_without_other_way(person, ())
        _log.info("face of person %s is paused: no other working way", person.person_id)
    session.flush()
    changes: dict[str, GateChange] = {}
    for gate in facts.gates:
        if scope is None:
            gate.published_knows = gate.knows
        if gate.state in {"paired", "stolen"}:
            wanted = dict(_records(facts, people, sealer, gate, now))
            change = _store(session, gate, wanted, scope, site.version + 1, now)
            if change is not None:
                changes[gate.gate_id] = change
                gate.published_version = site.version + 1
                gate.published_digest = None
            elif gate.published_version == 0:
                gate.published_version = site.version
    if changes:
        site.version += 1
    session.flush()
    return PublishResult(site.version, changes)


def _records(
    facts: SiteFacts, people: PeopleRecords, sealer: Sealer, gate: Gate, now: datetime
) -> Iterator[tuple[str, bytes]]:
    """Give a gate's records on the wire; a stolen gate gets no person."""
    for key, record in site_records(facts, gate, now):
        yield from _fitted(key, record, gate)
    if gate.state == "paired":
        keys = open_gate_keys(sealer, gate)
        personal: Iterable[tuple[str, Record | Credential]] = chain(
            people.records(gate, keys),
            emergency_records(facts, sealer, gate, keys.pin_key, published_since=now - ENDED_PUBLISHED_FOR),
        )
        for key, record in personal:
            yield from _fitted(key, record, gate)


def _fitted(key: str, record: Record | Credential, gate: Gate) -> Iterator[tuple[str, bytes]]:
    """Give a record as the gate's version understands it, or not at all."""
    fitted = fit(key, record, gate.knows)
    if fitted is not None:
        yield key, encode_record(fitted)


def _check_lanes(facts: SiteFacts, now: datetime) -> None:
    """Raise PolicyRefused when any lane of the site breaks promise 1 or names hours that do not exist."""
    numbers = {gate.gate_id: gate.number for gate in facts.gates}
    lanes = {
        lane.lane_id: facts.live_lanes.fit(lane_record(lane, numbers[gate_id], now))
        for gate_id, rows in facts.lanes.items()
        for lane in rows
    }
    hours = {
        hours_id: WeeklyHours.from_spans(hours_record(row).spans) for hours_id, row in facts.hours.items()
    }
    for lane in lanes.values():
        for hours_id in (*lane.method_hours.values(), *lane.posture_hours):
            if hours_id not in hours:
                raise PolicyRefused(f"lane {lane.lane_id!r} names the hours {hours_id!r}, which do not exist")
    check_promise_one(lanes, hours)


def _scope(session: Session, site_id: str, person_ids: Collection[str]) -> _Scope:
    """Widen a set of people to everyone in their present and published homes."""
    wanted = sorted(person_ids)
    keys = [f"person:{person_id}" for person_id in wanted]
    homes: set[str] = set()
    for start in range(0, len(wanted), IN_LIST):
        part = slice(start, start + IN_LIST)
        homes.update(
            home_id
            for home_id in session.scalars(select(Person.home_id).where(Person.person_id.in_(wanted[part])))
            if home_id is not None
        )
        published = select(PolicyRecordRow.key, PolicyRecordRow.value).where(
            PolicyRecordRow.key.in_(keys[part])
        )
        for key, value in session.execute(published):
            home_id = getattr(decode_record(key, value), "home_id", None) if value is not None else None
            homes.update({home_id} if home_id is not None else ())
    everyone = set(wanted)
    in_homes = select(Person.person_id).where(Person.site_id == site_id, Person.home_id.in_(homes))
    everyone.update(session.scalars(in_homes) if homes else ())
    scope_keys = {f"home:{home_id}" for home_id in homes}
    ids = sorted(everyone)
    for start in range(0, len(ids), IN_LIST):
        part_ids = ids[start : start + IN_LIST]
        owned = select(CredentialRow.credential_id).where(CredentialRow.person_id.in_(part_ids))
        scope_keys.update(f"credential:{credential_id}" for credential_id in session.scalars(owned))
    scope_keys.update(f"{kind}:{person_id}" for kind in KINDS_OF_ONE_PERSON for person_id in ids)
    return _Scope(frozenset(everyone), frozenset(scope_keys) | emergency_keys(session, site_id))


# -- storing the difference ------------------------------------------------------------------------


def _present(session: Session, gate_id: str, scope: _Scope | None) -> dict[str, bytes | None]:
    """Return the stored records of a gate within the scope: digests by key, None for a deleted record."""
    query = select(PolicyRecordRow.key, PolicyRecordRow.digest, PolicyRecordRow.value.is_(None)).where(
        PolicyRecordRow.gate_id == gate_id
    )
    if scope is None:
        return {key: None if gone else digest for key, digest, gone in session.execute(query)}
    impersonal = or_(
        PolicyRecordRow.key.in_(("site", "calendar")),
        *(
            and_(PolicyRecordRow.key >= f"{kind}:", PolicyRecordRow.key < f"{kind};")
            for kind in ("hours", "lane", "ended_pass", "face_notice")
        ),
    )
    present = {
        key: None if gone else digest for key, digest, gone in session.execute(query.where(impersonal))
    }
    keys = sorted(scope.keys)
    for start in range(0, len(keys), IN_LIST):
        part = query.where(PolicyRecordRow.key.in_(keys[start : start + IN_LIST]))
        present |= {key: None if gone else digest for key, digest, gone in session.execute(part)}
    return present


def _store(
    session: Session,
    gate: Gate,
    wanted: Mapping[str, bytes],
    scope: _Scope | None,
    version: int,
    now: datetime,
) -> GateChange | None:
    """Store the differences; return None without any."""
    present = _present(session, gate.gate_id, scope)
    digests = {key: record_digest(value) for key, value in wanted.items()}
    differing = [key for key, digest in digests.items() if present.get(key) != digest]
    illegal = {key for key in differing if not _is_legal(key, wanted[key])}
    fresh = [key for key in differing if key not in illegal]
    gone = [
        key for key, digest in present.items() if digest is not None and (key not in wanted or key in illegal)
    ]
    ended = _ended_values(session, gate, gone, now)
    gone = [key for key in gone if key not in ended]
    for key, value in ended.items():
        digests[key] = record_digest(value)
        if present[key] != digests[key]:
            fresh.append(key)
    wanted = {**wanted, **ended}
    if not fresh and not gone:
        return None
    new_rows = [
        {
            "gate_id": gate.gate_id,
            "key": key,
            "value": wanted[key],
            "digest": digests[key],
            "version": version,
        }
        for key in fresh
        if key not in present
    ]
    changed_rows = [
        {"old_key": key, "value": wanted[key], "digest": digests[key], "version": version}
        for key in fresh
        if key in present
    ]
    changed_rows += [{"old_key": key, "value": None, "digest": b"", "version": version} for key in gone]
    connection = session.connection()
    if new_rows:
        connection.execute(insert(PolicyRecordRow), new_rows)
    if changed_rows:
        connection.execute(
            update(_rows).where(_rows.c.gate_id == gate.gate_id, _rows.c.key == bindparam("old_key")),
            changed_rows,
        )
    changed = sum(present.get(key) is not None for key in fresh)
    return GateChange(added=len(fresh) - changed, changed=changed, removed=len(gone))


def _ended_values(session: Session, gate: Gate, gone: list[str], now: datetime) -> dict[str, bytes]:
    """Return the records of credentials that ended for good, marked so instead of left out.

    A gate then says "ended" and not "unknown", and keeps a tombstone. A credential that merely may no
    longer pass this gate is left out, so that a restored server does not take it for a revocation.
    """
    if gate.state != "paired":
        return {}
    ids = sorted(key.partition(":")[2] for key in gone if key.startswith("credential:"))
    values: dict[str, bytes] = {}
    for start in range(0, len(ids), IN_LIST):
        part = ids[start : start + IN_LIST]
        ended = select(CredentialRow.credential_id).where(
            CredentialRow.credential_id.in_(part),
            CredentialRow.state == "ended",
            CredentialRow.ended_at > now - ENDED_PUBLISHED_FOR,
        )
        keys = [f"credential:{credential_id}" for credential_id in session.scalars(ended)]
        stored = select(PolicyRecordRow.key, PolicyRecordRow.value).where(
            PolicyRecordRow.gate_id == gate.gate_id,
            PolicyRecordRow.key.in_(keys),
            PolicyRecordRow.value.is_not(None),
        )
        for key, value in session.execute(stored):
            record = decode_record(key, value or b"")
            if isinstance(record, CredentialRecord):
                marked = msgspec.structs.replace(record, state=CredentialState.ENDED)
                values[key] = encode_record(marked)
    return values


def _is_legal(key: str, value: bytes) -> bool:
    """Return whether a gate would take the record; refuse the policy when it is not about one person."""
    try:
        decode_record(key, value)
    except PolicyRefused as refusal:
        if key.partition(":")[0] not in PERSONAL_KINDS:
            raise
        _log.error("left out of the policy: %s", refusal)
        return False
    return True


# -- what a gate is sent ---------------------------------------------------------------------------


def change_since(session: Session, gate: Gate, epoch: int, version: int) -> PolicyChange | None:
    """Return the changes that take a gate from (epoch, version) to the present; None when it has that.

    From another epoch, from nothing or from the future the answer is the whole.
    """
    site = session.get_one(Site, gate.site_id)
    if gate.published_version == 0 or (epoch, version) == (site.epoch, gate.published_version):
        return None
    is_delta = epoch == site.epoch and 0 < version < gate.published_version
    query = select(PolicyRecordRow.key, PolicyRecordRow.value).where(PolicyRecordRow.gate_id == gate.gate_id)
    if is_delta:
        query = query.where(PolicyRecordRow.version > version)
    else:
        query = query.where(PolicyRecordRow.value.is_not(None))
    puts: dict[str, msgspec.Raw] = {}
    deletes: list[str] = []
    for key, value in session.execute(query.order_by(PolicyRecordRow.key)):
        if value is None:
            deletes.append(key)
        else:
            puts[key] = msgspec.Raw(value)
    base = (epoch, version) if is_delta else (0, 0)
    return PolicyChange(base_epoch=base[0], base_version=base[1], puts=puts, deletes=tuple(deletes))


def signed_manifest(
    session: Session, sealer: Sealer, gate: Gate, now: datetime
) -> SignedPolicyManifest | None:
    """Return the manifest of the gate's policy, signed `now`; None when nothing was published yet."""
    if gate.published_version == 0:
        return None
    if gate.published_digest is None:
        rows = select(PolicyRecordRow.key, PolicyRecordRow.digest).where(
            PolicyRecordRow.gate_id == gate.gate_id, PolicyRecordRow.value.is_not(None)
        )
        gate.published_digest = policy_digest(dict(session.execute(rows).all()))
    site = session.get_one(Site, gate.site_id)
    manifest = PolicyManifest(
        site_id=site.site_id,
        gate_id=gate.gate_id,
        epoch=site.epoch,
        version=gate.published_version,
        issued_at=now,
        digest=gate.published_digest,
    )
    body, signature = sign_struct(
        private_key(session, sealer, site.site_id, "policy"), POLICY_DOMAIN, manifest
    )
    return SignedPolicyManifest(
        manifest=body, signature=signature, certificate=certificate(session, site.site_id, "policy")
    )
