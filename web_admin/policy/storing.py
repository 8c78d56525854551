"""Compare what gates should have with what is stored for them, and store the differences.

A few statements serve all gates of a publication: what a gate costs is what differs for it.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from gate_controller.contract.messages import record_digest
from gate_controller.contract.records import (
    CredentialRecord,
    CredentialState,
    PolicyRefused,
    decode_record,
    encode_record,
)
from web_admin.compound.models import CredentialRow
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR, PolicyRecordRow
from web_admin.core.database import among
from web_admin.policy.facts import GateFacts
from web_admin.policy.records import IMPERSONAL_KINDS, PERSONAL_KINDS, SOLE_KEYS
from web_admin.policy.sums import RecordChanges, carry_on

ROWS_AT_ONCE = 5_000
"""Stored by one statement."""

_log = logging.getLogger(__name__)

Wire = tuple[bytes, bytes]
"""A record's wire form and its digest."""
_Row = tuple[str, str, bytes | None, bytes]
"""Gate, key, wire form and digest; without a wire form it is deleted."""


@dataclass(frozen=True, slots=True)
class GateChange:
    """The number of records of one gate that were added, changed and removed."""

    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class WantedRecords:
    """The records that one gate should have, within the scope of a publication."""

    gate: GateFacts
    records: Mapping[str, Wire]


@dataclass(slots=True)
class _Difference:
    """The records of one gate that differ from those it should have."""

    present: Mapping[str, bytes | None]
    fresh: dict[str, Wire]
    gone: list[str]

    def of_sums(self, version: int) -> RecordChanges:
        """Return it as sums of records need it, on top of a version."""
        before = ((key, self.present.get(key)) for key in (*self.fresh, *self.gone))
        return RecordChanges(
            version,
            added=[(key, digest) for key, (_value, digest) in self.fresh.items()],
            removed=[(key, digest) for key, digest in before if digest is not None],
        )


def store(
    session: Session,
    wanted: Sequence[WantedRecords],
    scope: Collection[str] | None,
    version: int,
    now: datetime,
    *,
    with_others: bool,
) -> dict[str, GateChange]:
    """Store what differs for these gates (as many as one statement takes) and return how much, by gate.

    `scope` names the personal records that are compared, None all; with others, those about no person are
    compared as well. A gate without a difference is absent.
    """
    compared = None if scope is None else list(_within(session, scope, with_others=with_others))
    present = _present(session, [each.gate.gate_id for each in wanted], compared)
    legal = _Legal()
    differing = {
        each.gate.gate_id: _difference(each, present.get(each.gate.gate_id, {}), legal) for each in wanted
    }
    _mark_ended(session, [each.gate for each in wanted if each.gate.state == "paired"], differing, now)
    rows: list[_Row] = []
    changes: dict[str, GateChange] = {}
    of_sums: dict[str, RecordChanges] = {}
    versions = {each.gate.gate_id: each.gate.published_version for each in wanted}
    for gate_id, each in differing.items():
        if not each.fresh and not each.gone:
            continue
        rows += ((gate_id, key, value, digest) for key, (value, digest) in each.fresh.items())
        rows += ((gate_id, key, None, b"") for key in each.gone)
        changed = sum(each.present.get(key) is not None for key in each.fresh)
        changes[gate_id] = GateChange(len(each.fresh) - changed, changed, len(each.gone))
        of_sums[gate_id] = each.of_sums(versions[gate_id])
    _write(session, rows, version)
    carry_on(session, of_sums, version)
    return changes


# -- what is stored --------------------------------------------------------------------------------


def _present(
    session: Session, gate_ids: Collection[str], compared: Sequence[tuple[ColumnElement[bool], ...]] | None
) -> dict[str, dict[str, bytes | None]]:
    """Return by gate the stored records that are compared: digests by key, None for a deleted record."""
    query = select(
        PolicyRecordRow.gate_id, PolicyRecordRow.key, PolicyRecordRow.digest, PolicyRecordRow.value.is_(None)
    ).where(among(session, PolicyRecordRow.gate_id, gate_ids))
    present: dict[str, dict[str, bytes | None]] = {}
    for narrowed in [()] if compared is None else compared:
        for gate_id, key, digest, gone in session.execute(query.where(*narrowed)):
            present.setdefault(gate_id, {})[key] = None if gone else digest
    return present


def _within(
    session: Session, scope: Collection[str], *, with_others: bool
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Give the conditions of one query each, which the primary key answers without reading other rows."""
    for kind in IMPERSONAL_KINDS if with_others else ():
        yield PolicyRecordRow.key >= f"{kind}:", PolicyRecordRow.key < f"{kind};"
    yield (among(session, PolicyRecordRow.key, {*scope, *(SOLE_KEYS if with_others else ())}),)


# -- what differs ----------------------------------------------------------------------------------


class _Legal:
    """Check that gates would take a record; a record that many gates get is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], bool] = {}

    def __call__(self, key: str, wire: Wire) -> bool:
        """Return whether they would; raise PolicyRefused when the record is not about one person."""
        value, digest = wire
        known = self._known.get((key, digest))
        if known is None:
            known = self._known[key, digest] = _is_legal(key, value)
        return known


def _is_legal(key: str, value: bytes) -> bool:
    try:
        decode_record(key, value)
    except PolicyRefused as refusal:
        if key.partition(":")[0] not in PERSONAL_KINDS:
            raise
        _log.error("left out of the policy: %s", refusal)
        return False
    return True


def _difference(wanted: WantedRecords, present: Mapping[str, bytes | None], legal: _Legal) -> _Difference:
    fresh, illegal = {}, set()
    for key, wire in wanted.records.items():
        if present.get(key) == wire[1]:
            continue
        if legal(key, wire):
            fresh[key] = wire
        else:
            illegal.add(key)
    gone = [
        key
        for key, digest in present.items()
        if digest is not None and (key not in wanted.records or key in illegal)
    ]
    return _Difference(present, fresh, gone)


def _mark_ended(
    session: Session, gates: Sequence[GateFacts], differing: Mapping[str, _Difference], now: datetime
) -> None:
    """Mark credentials that ended for good as ended instead of leaving them out.

    A gate then says "ended" and not "unknown", and keeps a tombstone. A credential that merely may no
    longer pass this gate is left out, so that a restored server does not take it for a revocation.
    """
    gone = {
        gate.gate_id: {key for key in differing[gate.gate_id].gone if key.startswith("credential:")}
        for gate in gates
    }
    gone = {gate_id: keys for gate_id, keys in gone.items() if keys}
    if not gone:
        return
    ids = {key.partition(":")[2] for keys in gone.values() for key in keys}
    ended = select(CredentialRow.credential_id).where(
        among(session, CredentialRow.credential_id, ids),
        CredentialRow.state == "ended",
        CredentialRow.ended_at > now - ENDED_PUBLISHED_FOR,
    )
    keys = [f"credential:{credential_id}" for credential_id in session.scalars(ended)]
    stored = select(PolicyRecordRow.gate_id, PolicyRecordRow.key, PolicyRecordRow.value).where(
        among(session, PolicyRecordRow.gate_id, gone),
        among(session, PolicyRecordRow.key, keys),
        PolicyRecordRow.value.is_not(None),
    )
    for gate_id, key, value in session.execute(stored):
        record = decode_record(key, value or b"") if key in gone[gate_id] else None
        if isinstance(record, CredentialRecord):
            _keep_ended(differing[gate_id], key, record)


def _keep_ended(difference: _Difference, key: str, record: CredentialRecord) -> None:
    marked = encode_record(msgspec.structs.replace(record, state=CredentialState.ENDED))
    digest = record_digest(marked)
    difference.gone.remove(key)
    if difference.present[key] != digest:
        difference.fresh[key] = marked, digest


# -- storing it ------------------------------------------------------------------------------------

_INSERT = "INSERT INTO policy_record (gate_id, key, value, digest, version)"
_UPSERT = (
    " ON CONFLICT (gate_id, key) DO UPDATE"
    " SET value = excluded.value, digest = excluded.digest, version = excluded.version"
)
_ONE = text(_INSERT + " VALUES (:gate_id, :key, :value, :digest, :version)" + _UPSERT)
_UNNEST = (
    " SELECT gate_id, key, value, digest, %(version)s FROM unnest(%(gate_ids)b::text[],"
    " %(keys)b::text[], %(values)b::bytea[], %(digests)b::bytea[])"
    " AS fresh (gate_id, key, value, digest)"
)
_MANY = _INSERT + _UNNEST + _UPSERT
"""On PostgreSQL: one statement, however many rows; `b` sends their values as they are, not as text."""


def _write(session: Session, rows: Sequence[_Row], version: int) -> None:
    connection = session.connection()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        if connection.dialect.name == "postgresql":
            gate_ids, keys, values, digests = (list(column) for column in zip(*part, strict=True))
            connection.exec_driver_sql(
                _MANY,
                {
                    "gate_ids": gate_ids,
                    "keys": keys,
                    "values": values,
                    "digests": digests,
                    "version": version,
                },
            )
        else:
            connection.execute(
                _ONE,
                [
                    {"gate_id": gate_id, "key": key, "value": value, "digest": digest, "version": version}
                    for gate_id, key, value, digest in part
                ],
            )
