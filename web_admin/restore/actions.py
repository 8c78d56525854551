"""Reapply revocations after a restore: gates hand over what they hold, then a new epoch begins.

A backup is older than the gates. Until every paired gate has handed over what it saw end and its newest
policy, no policy is published; what that policy forbids and the backup allows stays forbidden until
staff decide (`handover`, `reviews`). A gate that cannot say what it forbids gets no policy before
staff let it: it goes on with the one it has. Faces, sessions and keys of other systems wait for no
word (`face/restored.py`, `accounts.py`).
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gate_controller.contract.messages import HandoverPage, HandoverReply, Tombstone, TombstoneBatch
from gate_controller.contract.records import Method, PolicyRefused
from web_admin.action.base import Action
from web_admin.action.lookups import gate_of
from web_admin.compound.models import CredentialRow, Gate, Lane, Person, Site
from web_admin.compound.policy_models import OrderRow
from web_admin.compound.restore_models import GateHandover
from web_admin.core.database import IN_LIST
from web_admin.core.sealing import Sealer
from web_admin.credentials.models import EmergencyCode
from web_admin.face.restored import end_restored_faces
from web_admin.gates.orders import mark_gate
from web_admin.journal.ledger import append_audit
from web_admin.later.acts import hold_all
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.restore.accounts import end_restored_accounts
from web_admin.restore.changes import held
from web_admin.restore.handover import apply_handover, forget_handover, next_epoch, proven_epoch, take_page
from web_admin.visitors.models import VisitorPassRow

LONGEST_PASS = timedelta(days=7)
ENDED_BY_TOMBSTONE = "restored"

_log = logging.getLogger(__name__)


class NotRestoring(Exception):
    """Tombstones are taken only while a restored server waits for them."""


def begin_restoring(session: Session, sealer: Sealer, site_id: str, now: datetime) -> None:
    """Mark a site as restored: gates owe what they hold, no old order is delivered, every face ends."""
    site = session.get_one(Site, site_id)
    site.restoring, site.restored_at = True, now
    hold_all(session, site_id, "restored")  # what was withdrawn after the backup must not begin
    site.backup_epoch, site.backup_version = site.epoch, site.version
    gates = session.scalars(select(Gate).where(Gate.site_id == site_id)).all()
    for gate in gates:
        # An attacker with a copy of a gate's key may answer in its place: such a gate is not waited for.
        trusted = gate.state == "paired" and gate.forked_at is None
        gate.tombstones_taken = not trusted
        gate.policy_withheld = False
        if gate.state == "paired":
            # Reported stolen after the backup? No gate reports that: the manager is asked about each.
            held(session, site_id, "gate_here", gate.gate_id, {"state": gate.state}, now, gate.gate_id)
        if gate.state == "paired" and not trusted:
            _withhold(session, gate, now)
    ids = [gate.gate_id for gate in gates]
    session.execute(
        update(OrderRow)
        .where(OrderRow.gate_id.in_(ids), OrderRow.delivered_at.is_(None))
        .values(delivered_at=now)
    )
    end_restored_accounts(session, site_id, now)
    end_restored_faces(
        Action(session, sealer, site_id, "restore", "system", now, effects=PolicyEffects(sealer))
    )
    session.flush()


def owes_handover(site: Site, gate: Gate) -> bool:
    """Return whether a gate has to hand over what it holds before it is given a policy."""
    return (site.restoring or gate.policy_withheld) and not gate.tombstones_taken


def gets_no_policy(site: Site, gate: Gate) -> bool:
    """Return whether a gate keeps the policy it has, until all have handed over or staff have decided."""
    return site.restoring or gate.policy_withheld


def _withhold(session: Session, gate: Gate, now: datetime) -> None:
    if not gate.policy_withheld:
        gate.policy_withheld = True
        held(session, gate.site_id, "gate", gate.gate_id, {"policy_withheld": True}, now, gate.gate_id)


def _checked_site(session: Session, gate: Gate) -> Site:
    site = session.get_one(Site, gate.site_id)
    if not gets_no_policy(site, gate) or gate.state != "paired" or gate.forked_at is not None:
        raise NotRestoring("this server is not being restored: it takes nothing of what a gate holds")
    return site


def take_handover(
    session: Session, sealer: Sealer, gate: Gate, page: HandoverPage, now: datetime
) -> HandoverReply:
    """Take one page of what a gate holds, end what it saw end, and finish with the last gate's last page.

    Raises NotRestoring when the server waits for nothing, HandoverRefused without a valid signature.
    """
    site = _checked_site(session, gate)
    if gate.tombstones_taken:
        return HandoverReply(after=page.upto, done=True)
    reply = take_page(session, gate, page, now)
    _end_what_ended(session, site, page.tombstones, now)
    if not reply.done:
        return reply
    gate.tombstones_taken = True
    if proven_epoch(session, gate) == 0:
        # Its policy was lost, or is kept back: what it forbade is unknown, so staff decide first.
        _withhold(session, gate, now)
    if site.restoring:
        finish_when_all_handed_over(session, sealer, site, now)
        return reply
    if proven_epoch(session, gate) == 0:
        return reply
    # Left out of the restore, and here after all: what it forbids is held back before it is given anything.
    apply_handover(session, sealer, gate, now)
    gate.policy_withheld = False
    _publish(session, sealer, site, now)
    return reply


def take_tombstones(
    session: Session, sealer: Sealer, gate: Gate, batch: TombstoneBatch, now: datetime
) -> int:
    """Take the tombstones of a gate of an older version; return how many of the batch are settled.

    Such a gate does not report what it suspends. If it has a newer policy than the backup it keeps that one
    until staff let it have another, or until it is brought up to date and hands over.
    """
    site = _checked_site(session, gate)
    _end_what_ended(session, site, batch.tombstones, now)
    if not gate.tombstones_taken:
        gate.tombstones_taken = True
        backed_up = (site.backup_epoch or 0, site.backup_version or 0)
        if (batch.have_epoch, batch.have_version) != backed_up:
            _withhold(session, gate, now)
    session.flush()
    if site.restoring:
        finish_when_all_handed_over(session, sealer, site, now)
    else:
        _publish(session, sealer, site, now)
    return len(batch.tombstones)


# -- what ended ------------------------------------------------------------------------------------


def _end_what_ended(session: Session, site: Site, stones: Sequence[Tombstone], now: datetime) -> None:
    """End what ended after the version of the backup; what ended earlier is part of it already."""
    backed_up = (site.backup_epoch or 0, site.backup_version or 0)
    later = [stone for stone in stones if (stone.epoch, stone.version) > backed_up]
    _end_credentials(session, site, [s for s in later if s.record_key.startswith("credential:")])
    passes = [stone for stone in later if stone.record_key.startswith(("ended_pass:", "pass:"))]
    _withdraw_passes(session, site, passes, now)
    session.flush()


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
    if not ids:
        return
    for code in session.scalars(
        select(EmergencyCode).where(EmergencyCode.site_id == site.site_id, EmergencyCode.state != "ended")
    ):
        if code.credential_id in ended_at:
            code.state, code.ended_at = "ended", ended_at[code.credential_id]
            code.ended_reason = ENDED_BY_TOMBSTONE


def _withdraw_passes(session: Session, site: Site, stones: list[Tombstone], now: datetime) -> None:
    """Withdraw passes; one that was issued after the backup is put back as withdrawn."""
    ended_at = {stone.record_key.partition(":")[2]: stone.ended_at for stone in stones}
    ids = sorted(ended_at)
    numbers = list(session.scalars(select(Gate.number).where(Gate.site_id == site.site_id)))
    for start in range(0, len(ids), IN_LIST):
        part = ids[start : start + IN_LIST]
        there = session.scalars(select(VisitorPassRow).where(VisitorPassRow.pass_id.in_(part))).all()
        for row in there:
            row.withdrawn_at = row.withdrawn_at or ended_at[row.pass_id]
        known = {row.pass_id for row in there}
        # A pass that has run out since opens nothing: it is not put back.
        session.add_all(
            _withdrawn_pass(site, pass_id, ended_at[pass_id], numbers, now)
            for pass_id in part
            if pass_id not in known and ended_at[pass_id] + LONGEST_PASS > now
        )
        session.flush()


def _withdrawn_pass(
    site: Site, pass_id: str, ended_at: datetime, numbers: list[int], now: datetime
) -> VisitorPassRow:
    return VisitorPassRow(
        pass_id=pass_id,
        site_id=site.site_id,
        issuer_person_id=None,
        label="",
        gate_numbers=numbers,
        valid_from=ended_at,
        valid_until=ended_at + LONGEST_PASS,
        uses=1,
        text="",
        created_at=now,
        withdrawn_at=ended_at,
    )


# -- the end of it ---------------------------------------------------------------------------------


def report_stolen(act: Action, gate_id: str) -> None:
    """Mark a gate as stolen and drop what it handed over; the restore waits for it no longer."""
    forget_handover(act.session, gate_of(act, gate_id))
    mark_gate(act, gate_id, "stolen")
    site = act.session.get_one(Site, act.site_id)
    if site.restoring:
        finish_when_all_handed_over(act.session, act.sealer, site, act.now)


def leave_out_gate(session: Session, sealer: Sealer, gate_id: str, now: datetime) -> bool:
    """Stop waiting for a gate that is lost; return whether the restore is finished with that.

    Should it be heard again, it has to hand over what it holds before it gets a policy. Raises LookupError
    when there is no such gate, NotRestoring when nothing waits.
    """
    gate = session.get(Gate, gate_id)
    if gate is None:
        raise LookupError(f"there is no gate {gate_id!r}")
    site = session.get_one(Site, gate.site_id, with_for_update={"key_share": True})
    if not site.restoring:
        raise NotRestoring("this server is not being restored")
    if gate.state == "paired" and not gate.tombstones_taken:
        _withhold(session, gate, now)
    append_audit(session, site.site_id, "restore_without_gate", {"gate_id": gate_id}, {}, now)
    return finish_when_all_handed_over(session, sealer, site, now)


def finish_when_all_handed_over(session: Session, sealer: Sealer, site: Site, now: datetime) -> bool:
    """Begin a new epoch and publish once no paired gate owes what it holds; return whether it did."""
    session.flush()
    gates = session.scalars(select(Gate).where(Gate.site_id == site.site_id)).all()
    if any(
        gate.state == "paired" and not gate.tombstones_taken and not gate.policy_withheld for gate in gates
    ):
        return False
    site.epoch = next_epoch(site.epoch, [proven_epoch(session, gate) for gate in gates])
    newest = select(GateHandover).where(GateHandover.gate_id.in_([gate.gate_id for gate in gates]))
    # The newest policy last: where two gates differ about the same hours, the newer one is right.
    for handover in session.scalars(newest.order_by(GateHandover.epoch, GateHandover.version)).all():
        if handover.done_at is not None:
            apply_handover(session, sealer, session.get_one(Gate, handover.gate_id), now)
    site.restoring = False
    _publish(session, sealer, site, now)
    append_audit(session, site.site_id, "restore_finished", {"epoch": site.epoch}, {}, now)
    return True


def _publish(session: Session, sealer: Sealer, site: Site, now: datetime) -> None:
    """Publish; where hours of two gates together would leave face as the only way in, offer no face."""
    try:
        publish_policy(session, sealer, site.site_id, now)
    except PolicyRefused as refused:
        _log.error("face is taken off all lanes after the restore: %s", refused)
        for lane in session.scalars(select(Lane).join(Gate).where(Gate.site_id == site.site_id)):
            lane.methods = [word for word in lane.methods if word != Method.FACE]
        publish_policy(session, sealer, site.site_id, now)
