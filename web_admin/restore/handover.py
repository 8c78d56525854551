"""Take a gate's handover, page by page, before a restored server may publish to it.

A page is stored once however often it is sent, and a gate goes on from where the server has it. What counts
is what the lost server signed: the policy's records have to add up to a manifest for this very gate under a
certified key, so no gate makes up a restriction, an epoch or a version.
"""

import logging
from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gate_controller.contract.messages import (
    MAX_EPOCH_STEP,
    HandoverPage,
    HandoverReply,
    PolicyManifest,
    SignedPolicyManifest,
    open_manifest,
    policy_digest,
    record_digest,
)
from gate_controller.contract.records import PolicyRefused, Record, RecordNotUnderstood, decode_record
from gate_controller.contract.unread_records import read_records
from web_admin.compound.models import Gate, Site
from web_admin.compound.restore_models import GateHandover, HandedRecord
from web_admin.core.sealing import Sealer
from web_admin.policy.publish import records_for_gate
from web_admin.restore.lane_comparison import take_over_lanes
from web_admin.restore.people_comparison import hold_back_people

DIGEST_ALONE = frozenset({"face", "face_offer", "face_notice"})

_log = logging.getLogger(__name__)


class HandoverRefused(Exception):
    """A page of a gate's handover is not as the server signed it; says why."""


def take_page(session: Session, gate: Gate, page: HandoverPage, now: datetime) -> HandoverReply:
    """Store one page and return how far this gate's handover is; raise HandoverRefused.

    A page that does not follow the last one changes nothing, and the answer says where to go on.
    """
    handover = session.get(GateHandover, gate.gate_id, with_for_update=True)
    manifest = _checked_manifest(session, gate, page.policy)
    have = (manifest.epoch, manifest.version) if manifest is not None else (0, 0)
    if handover is None or (handover.epoch, handover.version) != have:
        forget_handover(session, gate)
        body = msgspec.json.encode(page.policy) if page.policy is not None else None
        handover = GateHandover(
            gate_id=gate.gate_id, manifest=body, epoch=have[0], version=have[1], cursor=""
        )
        session.add(handover)
        session.flush()
    if handover.done_at is not None or page.after != handover.cursor:
        return HandoverReply(after=handover.cursor, done=handover.done_at is not None)
    _store(session, gate, page)
    handover.cursor = page.upto
    session.flush()
    if page.last:
        _check_whole(session, gate, manifest)
        handover.done_at = now
    return HandoverReply(after=handover.cursor, done=page.last)


def _checked_manifest(
    session: Session, gate: Gate, signed: SignedPolicyManifest | None
) -> PolicyManifest | None:
    if signed is None:
        return None
    site = session.get_one(Site, gate.site_id)
    try:
        return open_manifest(signed, site.root_public_key, site_id=gate.site_id, gate_id=gate.gate_id)
    except PolicyRefused as err:
        raise HandoverRefused(str(err)) from err


def _store(session: Session, gate: Gate, page: HandoverPage) -> None:
    if (page.records or page.digests) and page.policy is None:
        raise HandoverRefused("records came without the manifest that signs them")
    for key, value in page.records.items():
        try:
            decode_record(key, value)
        except RecordNotUnderstood:
            pass  # of a later version: what it allowed counts as not allowed
        except PolicyRefused as err:
            raise HandoverRefused(str(err)) from err
        if key.partition(":")[0] in DIGEST_ALONE:
            raise HandoverRefused(f"record {key!r} is handed over by its digest alone")
    wrong = [key for key in page.digests if key.partition(":")[0] not in DIGEST_ALONE]
    if wrong:
        raise HandoverRefused(f"record {wrong[0]!r} came without its content")
    session.execute(
        delete(HandedRecord).where(
            HandedRecord.gate_id == gate.gate_id, HandedRecord.key.in_([*page.records, *page.digests])
        )
    )
    session.add_all(
        HandedRecord(gate_id=gate.gate_id, key=key, value=bytes(value), digest=record_digest(value))
        for key, value in page.records.items()
    )
    session.add_all(
        HandedRecord(gate_id=gate.gate_id, key=key, value=None, digest=digest)
        for key, digest in page.digests.items()
    )


def _check_whole(session: Session, gate: Gate, manifest: PolicyManifest | None) -> None:
    if manifest is None:
        return
    rows = select(HandedRecord.key, HandedRecord.digest).where(HandedRecord.gate_id == gate.gate_id)
    if policy_digest(dict(session.execute(rows).all()), manifest.digest_kind) != manifest.digest:
        forget_handover(session, gate)
        raise HandoverRefused("the records do not add up to what was signed: the gate begins again")


def forget_handover(session: Session, gate: Gate) -> None:
    """Delete a gate's handover."""
    session.execute(delete(HandedRecord).where(HandedRecord.gate_id == gate.gate_id))
    session.execute(delete(GateHandover).where(GateHandover.gate_id == gate.gate_id))
    session.expire_all()


# -- what it means ---------------------------------------------------------------------------------


def proven_epoch(session: Session, gate: Gate) -> int:
    """Return the epoch of the policy that this gate proved to hold; 0 where it proved none."""
    handover = session.get(GateHandover, gate.gate_id)
    return handover.epoch if handover is not None and handover.done_at is not None else 0


def apply_handover(session: Session, sealer: Sealer, gate: Gate, now: datetime) -> None:
    """Hold back what this gate's newest policy forbids, if that is newer than the backup; then forget it."""
    site = session.get_one(Site, gate.site_id)
    handover = session.get(GateHandover, gate.gate_id)
    backed_up = (site.backup_epoch or 0, site.backup_version or 0)
    if handover is None or handover.done_at is None or (handover.epoch, handover.version) <= backed_up:
        forget_handover(session, gate)
        return
    rows = select(HandedRecord.key, HandedRecord.value).where(
        HandedRecord.gate_id == gate.gate_id, HandedRecord.value.is_not(None)
    )
    known = read_records({key: value or b"" for key, value in session.execute(rows)}).records
    take_over_lanes(session, gate, _wanted(session, sealer, gate, now), known, now)
    hold_back_people(session, gate, _wanted(session, sealer, gate, now), known, now)
    _log.info("gate %s handed over policy %d.%d", gate.gate_id, handover.epoch, handover.version)
    forget_handover(session, gate)


def _wanted(session: Session, sealer: Sealer, gate: Gate, now: datetime) -> dict[str, Record]:
    """Return the records that would be published to this gate now, without those that it would never take."""
    wanted: dict[str, Record] = {}
    for key, value in records_for_gate(session, sealer, gate, now).items():
        try:
            wanted[key] = decode_record(key, value)
        except PolicyRefused:
            continue
    return wanted


def next_epoch(site_epoch: int, proven: list[int]) -> int:
    """Return the epoch after a restore: above the site's and what gates proved, within one step of it.

    What is further away than a server ever goes counts for nothing: its gates refuse that step as well.
    """
    return max([site_epoch, *(epoch for epoch in proven if epoch - site_epoch <= MAX_EPOCH_STEP)]) + 1
