"""Bring revocations back after a restore: gates tell what they saw end, then a new epoch begins.

A backup is older than the gates. Until every paired gate has told which credentials and passes it
was told to have ended, no policy is given out, so a card revoked after the backup stays revoked.
Faces wait for nobody's word: all of them end at once (`restored_faces`).
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gate_controller.sync_contract import Tombstone, TombstoneBatch
from web_admin.acts import Act
from web_admin.audit import append_audit
from web_admin.models import CredentialRow, EmergencyCode, Gate, Person, Site, VisitorPassRow
from web_admin.policy_models import OrderRow
from web_admin.publish_policy import publish_policy
from web_admin.restored_faces import end_restored_faces
from web_admin.sealing import Sealer
from web_admin.site_facts import IN_LIST

LONGEST_PASS = timedelta(days=7)
ENDED_BY_TOMBSTONE = "restored"

_log = logging.getLogger(__name__)


class NotRestoring(Exception):
    """Tombstones are taken only while a restored server waits for them."""


def begin_restoring(session: Session, sealer: Sealer, site_id: str, now: datetime) -> None:
    """Mark a site as restored: gates owe their tombstones, no old order is delivered, every face ends."""
    site = session.get_one(Site, site_id)
    site.restoring = True
    gates = session.scalars(select(Gate).where(Gate.site_id == site_id)).all()
    for gate in gates:
        gate.tombstones_taken = gate.state != "paired"
    ids = [gate.gate_id for gate in gates]
    session.execute(
        update(OrderRow)
        .where(OrderRow.gate_id.in_(ids), OrderRow.delivered_at.is_(None))
        .values(delivered_at=now)
    )
    end_restored_faces(Act(session, sealer, site_id, "restore", "system", now))
    session.flush()


def take_tombstones(
    session: Session, sealer: Sealer, gate: Gate, batch: TombstoneBatch, now: datetime
) -> int:
    """End what a gate saw end after the backup was made; return how many of the batch are settled.

    What ended at or before the version of the backup is part of the backup already. When the last
    gate has told, the new epoch begins. Raises NotRestoring when the server waits for nothing.
    """
    site = session.get_one(Site, gate.site_id)
    if not site.restoring:
        raise NotRestoring("this server is not being restored: it takes no tombstones")
    backed_up = (site.epoch, site.version)
    later = [stone for stone in batch.tombstones if (stone.epoch, stone.version) > backed_up]
    _end_credentials(session, site, [s for s in later if s.record_key.startswith("credential:")])
    for stone in later:
        if stone.record_key.startswith(("ended_pass:", "pass:")):
            _withdraw_pass(session, site, stone, now)
    gate.have_epoch, gate.have_version = batch.have_epoch, batch.have_version
    gate.tombstones_taken = True
    session.flush()
    _log.info(
        "gate %s told %d endings, %d of them newer than the backup",
        gate.gate_id,
        len(batch.tombstones),
        len(later),
    )
    finish_when_all_told(session, sealer, site, now)
    return len(batch.tombstones)


def _end_credentials(session: Session, site: Site, stones: list[Tombstone]) -> None:
    ended_at = {stone.record_key.partition(":")[2]: stone.ended_at for stone in stones}
    ids = sorted(ended_at)
    for start in range(0, len(ids), IN_LIST):
        rows = session.scalars(
            select(CredentialRow)
            .join(Person)
            .where(
                Person.site_id == site.site_id,
                CredentialRow.credential_id.in_(ids[start : start + IN_LIST]),
                CredentialRow.state != "ended",
            )
        )
        for row in rows:
            row.state = "ended"
            row.ended_at = ended_at[row.credential_id]
            row.ended_reason = ENDED_BY_TOMBSTONE
    for code in session.scalars(
        select(EmergencyCode).where(EmergencyCode.site_id == site.site_id, EmergencyCode.state != "ended")
    ):
        if code.credential_id in ended_at:
            code.state, code.ended_at = "ended", ended_at[code.credential_id]
            code.ended_reason = ENDED_BY_TOMBSTONE


def _withdraw_pass(session: Session, site: Site, stone: Tombstone, now: datetime) -> None:
    """Withdraw a pass; one that was issued after the backup is put back as withdrawn."""
    pass_id = stone.record_key.partition(":")[2]
    row = session.get(VisitorPassRow, pass_id)
    if row is not None:
        row.withdrawn_at = row.withdrawn_at or stone.ended_at
        return
    numbers = list(session.scalars(select(Gate.number).where(Gate.site_id == site.site_id)))
    session.add(
        VisitorPassRow(
            pass_id=pass_id,
            site_id=site.site_id,
            issuer_person_id=None,
            label="",
            gate_numbers=numbers,
            valid_from=stone.ended_at,
            valid_until=stone.ended_at + LONGEST_PASS,
            uses=1,
            text="",
            created_at=now,
            withdrawn_at=stone.ended_at,
        )
    )
    session.flush()


def leave_out_gate(session: Session, sealer: Sealer, gate_id: str, now: datetime) -> bool:
    """Stop waiting for a gate that is lost; return whether the restore is finished with that.

    Raises LookupError when there is no such gate, NotRestoring when nothing waits.
    """
    gate = session.get(Gate, gate_id)
    if gate is None:
        raise LookupError(f"there is no gate {gate_id!r}")
    site = session.get_one(Site, gate.site_id, with_for_update=True)
    if not site.restoring:
        raise NotRestoring("this server is not being restored")
    gate.tombstones_taken = True
    append_audit(session, site.site_id, "restore_without_gate", {"gate_id": gate_id}, {}, now)
    return finish_when_all_told(session, sealer, site, now)


def finish_when_all_told(session: Session, sealer: Sealer, site: Site, now: datetime) -> bool:
    """Begin a new epoch and publish once no paired gate owes its tombstones; return whether it did."""
    session.flush()
    gates = session.scalars(select(Gate).where(Gate.site_id == site.site_id)).all()
    if any(gate.state == "paired" and not gate.tombstones_taken for gate in gates):
        return False
    site.epoch = max([site.epoch, *(gate.have_epoch for gate in gates)]) + 1
    site.restoring = False
    publish_policy(session, sealer, site.site_id, now)
    append_audit(session, site.site_id, "restore_finished", {"epoch": site.epoch}, {}, now)
    return True
