"""Keep the sums of each gate's published records, so that the digest of its policy costs what changed.

Housekeeping begins the sums of a gate that takes a digest of sums, publications carry them on. Only these
two write the rows, both under the lock of the site, and never while they hold a gate's row. A gate without
sums, or with sums of another version than it has, is answered by the older kind of digest.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, delete, select, text
from sqlalchemy.orm import Session

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.record_sums import NO_RECORDS, KeyAndDigest, changed_sums, digest_of_sums
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import PolicyRecordRow, PolicySumsRow
from web_admin.core.database import Menjin, among

_log = logging.getLogger(__name__)


class RecordChanges(NamedTuple):
    """Records of one gate that a publication adds and removes, by digests; a changed record is both."""

    version: int
    """The version that the gate had before."""
    added: Collection[KeyAndDigest]
    removed: Collection[KeyAndDigest]


def carry_on(session: Session, differing: Mapping[str, RecordChanges], version: int) -> None:
    """Bring the sums that there are of these gates to the version that is published now."""
    if not differing:
        return
    query = select(PolicySumsRow.gate_id, PolicySumsRow.version, PolicySumsRow.sums, PolicySumsRow.digest)
    rows = []
    for gate_id, before, sums, digest in session.execute(
        query.where(among(session, PolicySumsRow.gate_id, differing))
    ):
        change = differing[gate_id]
        if before != change.version:
            continue
        if digest_of_sums(sums) != digest:
            _log.error("the sums of gate %s are damaged: housekeeping begins them again", gate_id)
            continue
        rows.append((gate_id, changed_sums(sums, change.added, change.removed)))
    _keep(session, rows, version)


def digest_at(session: Session, gate_id: str, version: int) -> bytes | None:
    """Return the digest of the sums of a gate's records at a version; None where there are none."""
    return session.scalar(
        select(PolicySumsRow.digest).where(PolicySumsRow.gate_id == gate_id, PolicySumsRow.version == version)
    )


# -- beginning them --------------------------------------------------------------------------------


def begin_sums(menjin: Menjin, now: datetime) -> int:
    """Add up the records of each gate that takes a digest of sums and has none; return of how many.

    No lock is held while they are read and added up: sums of a version that is old by then are not kept. The
    sums of a gate that takes no such digest (any more) go: should they be wrong, they are begun afresh.
    """
    del now
    with menjin.database.session() as session:
        gates = session.execute(
            select(Gate.site_id, Gate.gate_id, Gate.knows, Gate.published_version, PolicySumsRow)
            .outerjoin(PolicySumsRow, PolicySumsRow.gate_id == Gate.gate_id)
            .where(Gate.published_version > 0)
            .order_by(Gate.site_id, Gate.gate_id)
        ).all()
        session.expunge_all()
    begun = 0
    for site_id, gate_id, knows, version, row in gates:
        if SUM_DIGEST not in knows:
            if row is not None:
                _forget(menjin, site_id, gate_id)
        elif row is None or row.version != version or digest_of_sums(row.sums) != row.digest:
            begun += _begin(menjin, site_id, gate_id)
    return begun


def _begin(menjin: Menjin, site_id: str, gate_id: str) -> bool:
    with menjin.database.session() as session:
        version = session.scalar(_version_of(gate_id))
        rows = select(PolicyRecordRow.key, PolicyRecordRow.digest).where(
            PolicyRecordRow.gate_id == gate_id, PolicyRecordRow.value.is_not(None)
        )
        records = [(key, digest) for key, digest in session.execute(rows)]
    sums = changed_sums(NO_RECORDS, records)
    with menjin.database.session() as session:
        _lock(session, site_id)
        if not version or session.scalar(_version_of(gate_id)) != version:
            return False
        _keep(session, [(gate_id, sums)], version)
    return True


def _forget(menjin: Menjin, site_id: str, gate_id: str) -> None:
    with menjin.database.session() as session:
        _lock(session, site_id)
        session.execute(delete(PolicySumsRow).where(PolicySumsRow.gate_id == gate_id))


def _lock(session: Session, site_id: str) -> None:
    """Wait for the publication that is at work, as the next one does."""
    session.execute(select(Site.site_id).where(Site.site_id == site_id).with_for_update(key_share=True))


def _version_of(gate_id: str) -> Select[int]:
    return select(Gate.published_version).where(Gate.gate_id == gate_id)


# -- storing them ----------------------------------------------------------------------------------

_INSERT = "INSERT INTO policy_sums (gate_id, version, sums, digest)"
_UPSERT = (
    " ON CONFLICT (gate_id) DO UPDATE"
    " SET version = excluded.version, sums = excluded.sums, digest = excluded.digest"
)
_ONE = text(_INSERT + " VALUES (:gate_id, :version, :sums, :digest)" + _UPSERT)
_UNNEST = (
    " SELECT gate_id, %(version)s, sums, digest FROM unnest(%(gate_ids)b::text[],"
    " %(sums)b::bytea[], %(digests)b::bytea[]) AS fresh (gate_id, sums, digest)"
)
_MANY = _INSERT + _UNNEST + _UPSERT
"""On PostgreSQL: one statement, however many gates, with binary values."""


def _keep(session: Session, rows: Sequence[tuple[str, bytes]], version: int) -> None:
    if not rows:
        return
    connection = session.connection()
    digests = [digest_of_sums(sums) for _gate_id, sums in rows]
    if connection.dialect.name == "postgresql":
        gate_ids, sums = (list(column) for column in zip(*rows, strict=True))
        connection.exec_driver_sql(
            _MANY, {"gate_ids": gate_ids, "sums": sums, "digests": digests, "version": version}
        )
    else:
        connection.execute(
            _ONE,
            [
                {"gate_id": gate_id, "sums": sums, "digest": digest, "version": version}
                for (gate_id, sums), digest in zip(rows, digests, strict=True)
            ],
        )
