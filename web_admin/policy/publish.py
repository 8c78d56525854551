"""Publish: compute every gate's records, check promise 1, store the changes.

The gate asks with the version it has and gets the difference. Each record is kept with the version
at which it last changed; a deleted one stays as an empty row, so any older version can be caught up.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from gate_controller.contract.features import fit
from gate_controller.contract.messages import (
    POLICY_DOMAIN,
    DigestKind,
    PolicyChange,
    PolicyManifest,
    SignedPolicyManifest,
    policy_digest,
    record_digest,
    sign_struct,
)
from gate_controller.contract.records import Credential, Record, decode_record, encode_record
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import CredentialRow, Gate, Person, Site
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR, PolicyRecordRow, change_of
from web_admin.core.database import among
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.core.sealing import Sealer
from web_admin.core.wake_ups import wake_after_commit
from web_admin.face.ways_in import pause_without_other_way
from web_admin.policy.emergency_records import emergency_keys, emergency_records
from web_admin.policy.facts import GateFacts, SiteFacts, load_facts, published_gates
from web_admin.policy.records import (
    KINDS_OF_ONE_PERSON,
    SAME_FOR_ALL_GATES,
    PeopleRecords,
    SiteRecords,
    open_gate_keys,
)
from web_admin.policy.storing import GateChange, WantedRecords, Wire, store
from web_admin.policy.sums import digest_at

RECORDS_AT_ONCE = 20_000
"""About as many people times gates are worked out before they are stored: memory has to hold them."""
MANY_PEOPLE = 500
"""Of more it is asked whether they are most of a site's people."""

_log = logging.getLogger(__name__)
_gates = cast(Table, Gate.__table__)


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The site's version after publishing, and what changed, by gate; gates without change are absent."""

    version: int
    gates: Mapping[str, GateChange]


@dataclass(frozen=True, slots=True)
class _Scope:
    """The personal records that this publication may touch."""

    person_ids: frozenset[str]
    keys: frozenset[str]


def records_for_gate(session: Session, sealer: Sealer, gate: Gate, now: datetime) -> dict[str, bytes]:
    """Return all that this gate is to know, as wire forms by key."""
    facts = load_facts(session, gate.site_id, now)
    of_site, people = SiteRecords(facts, now), PeopleRecords(facts, sealer, now)
    return {
        key: value
        for this in facts.gates
        if this.gate_id == gate.gate_id
        for key, (value, _) in _Wires().wanted(_Sources(of_site, people, sealer, now), this).items()
    }


def publish_policy(
    session: Session,
    sealer: Sealer,
    site_id: str,
    now: datetime,
    *,
    person_ids: Collection[str] | None = None,
    gate_ids: Collection[str] | None = None,
    with_others: bool = True,
) -> PublishResult:
    """Bring every gate's records up to date in the caller's transaction.

    With `person_ids`, only records of those people and their homes are worked out again, besides
    lanes, hours, calendar and passes; with `gate_ids`, only those of these gates. Without others, nothing but
    the records whose key names one of these people or their credentials: right only where nothing differs for
    those who live with them, and in nothing that the site's gates have in common. Raises PolicyRefused,
    before anything is written, when a lane that is worked out breaks promise 1. One person never blocks it: a
    person who chose face and has no other working way is published without face, to all gates, and marked as
    paused.

    The site's row is locked from the beginning, so publications follow one another. The gates' rows are
    changed last and with one statement: a gate that asks meanwhile is answered by what it had, and waits
    only while the transaction is being committed.
    """
    session.flush()
    site = _locked(session, site_id)
    if not published_gates(session, site_id, gate_ids):
        return PublishResult(site.version, {})
    scope = None if person_ids is None else _scope(session, site_id, person_ids, with_others=with_others)
    with_others = with_others or scope is None
    of_people = None if scope is None else scope.person_ids
    facts = load_facts(session, site_id, now, of_people, gate_ids, with_others=with_others)
    of_site = SiteRecords(facts, now) if with_others else None
    if of_site is not None:
        of_site.check()
    people = PeopleRecords(facts, sealer, now)
    paused_ids = _pause_faces_alone(session, people)
    session.flush()
    sources = _Sources(of_site, people, sealer, now)
    changes = _stored(session, facts, sources, None if scope is None else scope.keys, site.version + 1)
    _note_published(session, facts.gates, changes, site.version, whole=scope is None)
    wake_after_commit(session, site_id, changes)
    if changes:
        site.version += 1
    session.flush()
    if paused_ids and gate_ids is not None:
        # A face that is paused is not found once more: it ends at all other gates now as well.
        elsewhere = publish_policy(session, sealer, site_id, now, person_ids=paused_ids)
        return PublishResult(elsewhere.version, {**changes, **elsewhere.gates})
    return PublishResult(site.version, changes)


def _locked(session: Session, site_id: str) -> Site:
    """Lock the site's row, before that of any gate, so that publications follow one another."""
    if GATE_ALONE in session.info:
        raise SiteFirst
    locked = select(Site).where(Site.site_id == site_id).with_for_update(key_share=True)
    # Its version as it is now: this transaction may have read it before another one published.
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _pause_faces_alone(session: Session, people: PeopleRecords) -> Sequence[str]:
    """Pause the faces of people without another working way, and return whose they are."""
    paused_ids = people.pause_without_another_way()
    if paused_ids:
        these = select(Person).where(among(session, Person.person_id, paused_ids))
        for person in session.scalars(these.execution_options(populate_existing=True)):
            pause_without_other_way(person, ())
            _log.info("face of person %s is paused: no other working way", person.person_id)
    return paused_ids


def _stored(
    session: Session, facts: SiteFacts, sources: "_Sources", keys: Collection[str] | None, version: int
) -> dict[str, GateChange]:
    """Store what differs for each gate, as many gates at once as memory holds; return the changes by gate."""
    changes: dict[str, GateChange] = {}
    wires = _Wires()
    at_once = max(1, RECORDS_AT_ONCE // (1 + len(facts.persons)))
    for start in range(0, len(facts.gates), at_once):
        wanted = [
            WantedRecords(gate, wires.wanted(sources, gate)) for gate in facts.gates[start : start + at_once]
        ]
        with_others = sources.of_site is not None
        changes |= store(session, wanted, keys, version, sources.now, with_others=with_others)
    return changes


def _note_published(
    session: Session, gates: Sequence[GateFacts], changed: Collection[str], before: int, *, whole: bool
) -> None:
    """Note at the gates what was published to them: from here to the end of the transaction they wait.

    An asking gate's row is locked, so that no gate is answered by one half of a publication.
    """
    noted: dict[str, dict[str, object]] = {gate.gate_id: {} for gate in gates}
    for gate in gates:
        if gate.gate_id in changed:
            noted[gate.gate_id] = {"published_version": before + 1, "published_digest": None}
        elif gate.published_version == 0 and before:
            noted[gate.gate_id] = {"published_version": before}
        if whole and gate.published_knows != gate.knows:
            noted[gate.gate_id]["published_knows"] = gate.knows
    alike: dict[str, tuple[dict[str, object], list[str]]] = {}
    for gate_id, values in noted.items():
        if values:
            alike.setdefault(repr(values), (values, []))[1].append(gate_id)
    for values, gate_ids in alike.values():
        these = among(session, Gate.gate_id, sorted(gate_ids))
        session.connection().execute(update(_gates).where(these).values(values))
    for gate_id, values in noted.items():
        held = session.identity_map.get(identity_key(Gate, gate_id)) if values else None
        for name, value in values.items() if held is not None else ():
            set_committed_value(held, name, value)


@dataclass(frozen=True, slots=True)
class _Sources:
    """Sources of gates' records; without `of_site` those of the people alone."""

    of_site: SiteRecords | None
    people: PeopleRecords
    sealer: Sealer
    now: datetime

    def records(self, gate: GateFacts) -> Iterator[tuple[str, Record | Credential]]:
        """Give a gate's records; a stolen gate gets no person."""
        if self.of_site is not None:
            yield from self.of_site.records(gate)
        if gate.state != "paired":
            return
        keys = open_gate_keys(self.sealer, gate)
        yield from self.people.records(gate, keys)
        if self.of_site is not None:
            facts, since = self.of_site.facts, self.now - ENDED_PUBLISHED_FOR
            yield from emergency_records(facts, self.sealer, gate, keys.pin_key, published_since=since)


class _Wires:
    """Makes wire forms; what is the same for many gates is encoded once."""

    def __init__(self) -> None:
        self._shared: dict[tuple[str, tuple[str, ...]], Wire] = {}

    def wanted(self, sources: _Sources, gate: GateFacts) -> dict[str, Wire]:
        """Return a gate's records on the wire, each as the gate's version understands it, or not at all."""
        wanted: dict[str, Wire] = {}
        knows = tuple(gate.knows)
        for key, record in sources.records(gate):
            is_shared = key.partition(":")[0] in SAME_FOR_ALL_GATES
            wire = self._shared.get((key, knows)) if is_shared else None
            if wire is None:
                fitted = fit(key, record, knows)
                if fitted is None:
                    continue
                value = encode_record(fitted)
                wire = value, record_digest(value)
                if is_shared:
                    self._shared[key, knows] = wire
            wanted[key] = wire
        return wanted


def _scope(
    session: Session, site_id: str, person_ids: Collection[str], *, with_others: bool
) -> _Scope | None:
    """Widen a set of people, with others, to everyone in their present and published homes.

    Returns None for all people, where these are most of them.

    To look so many up one by one costs the database more than to read all records of the gates in order.
    """
    if not person_ids:
        return _Scope(frozenset(), emergency_keys(session, site_id) if with_others else frozenset())
    if len(person_ids) > MANY_PEOPLE:
        of_site = select(func.count()).where(Person.site_id == site_id, Person.ended_at.is_(None))
        if 2 * len(person_ids) >= (session.scalar(of_site) or 0):
            return None
    keys: set[str] = set()
    if with_others:
        homes = _published_homes(session, site_id, person_ids)
        at_home = select(Person.home_id).where(
            among(session, Person.person_id, person_ids), Person.home_id.is_not(None)
        )
        homes.update(str(home_id) for home_id in session.scalars(at_home))
        in_homes = select(Person.person_id).where(
            Person.site_id == site_id, among(session, Person.home_id, homes)
        )
        person_ids = {*person_ids, *session.scalars(in_homes)}
        keys.update(f"home:{home_id}" for home_id in homes)
        keys |= emergency_keys(session, site_id)
    owned = select(CredentialRow.credential_id).where(among(session, CredentialRow.person_id, person_ids))
    keys.update(f"credential:{credential_id}" for credential_id in session.scalars(owned))
    keys.update(f"{kind}:{person_id}" for kind in KINDS_OF_ONE_PERSON for person_id in person_ids)
    return _Scope(frozenset(person_ids), frozenset(keys))


def _published_homes(session: Session, site_id: str, person_ids: Collection[str]) -> set[str]:
    """Return the homes that these people have at any gate, in what was last published."""
    homes: set[str] = set()
    # By gates as well, as the primary key is ordered: otherwise every record of all gates would be read.
    gate_ids = session.scalars(select(Gate.gate_id).where(Gate.site_id == site_id)).all()
    published = select(PolicyRecordRow.key, PolicyRecordRow.value).where(
        among(session, PolicyRecordRow.gate_id, gate_ids),
        among(session, PolicyRecordRow.key, [f"person:{person_id}" for person_id in person_ids]),
        PolicyRecordRow.value.is_not(None),
    )
    for key, value in session.execute(published):
        home_id = getattr(decode_record(key, value or b""), "home_id", None)
        homes.update({home_id} if home_id is not None else ())
    return homes


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
    records = session.execute(query.order_by(PolicyRecordRow.key))
    return change_of(((key, value) for key, value in records), (epoch, version) if is_delta else (0, 0))


def signed_manifest(
    session: Session, sealer: Sealer, gate: Gate, now: datetime, *, takes_sums: bool = False
) -> SignedPolicyManifest | None:
    """Return the manifest of the gate's policy, signed `now`; None when nothing was published yet.

    A gate that takes a digest of sums gets it once they are there; the other one is worked out from all
    records at the first question after each publication.
    """
    if gate.published_version == 0:
        return None
    digest, kind = _digest(session, gate, takes_sums=takes_sums)
    site = session.get_one(Site, gate.site_id)
    manifest = PolicyManifest(
        site_id=site.site_id,
        gate_id=gate.gate_id,
        epoch=site.epoch,
        version=gate.published_version,
        issued_at=now,
        digest=digest,
        digest_kind=kind,
    )
    body, signature = sign_struct(
        private_key(session, sealer, site.site_id, "policy"), POLICY_DOMAIN, manifest
    )
    return SignedPolicyManifest(
        manifest=body, signature=signature, certificate=certificate(session, site.site_id, "policy")
    )


def _digest(session: Session, gate: Gate, *, takes_sums: bool) -> tuple[bytes, DigestKind]:
    of_sums = digest_at(session, gate.gate_id, gate.published_version) if takes_sums else None
    if of_sums is not None:
        return of_sums, "lthash16"
    if gate.published_digest is None:
        rows = select(PolicyRecordRow.key, PolicyRecordRow.digest).where(
            PolicyRecordRow.gate_id == gate.gate_id, PolicyRecordRow.value.is_not(None)
        )
        gate.published_digest = policy_digest(dict(session.execute(rows).all()))
    return gate.published_digest, "sha256"
