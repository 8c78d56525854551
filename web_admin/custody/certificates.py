"""Compute deletion certificates from the current state, and sign them."""

import base64
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.forgetting_certificate import (
    FORMAT,
    LEASE_ENDS_AFTER,
    LIMITS,
    ConsentPart,
    ForgettingCertificate,
    GatePart,
    LedgerPart,
    ReceiptPart,
    SitePart,
    Statement,
    WrapKeyPart,
    root_key_id,
    sign_certificate,
    what_is_open,
)
from gate_controller.contract.messages import ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.contract.signing import SignatureRefused
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Gate, Person, Site
from web_admin.core.sealing import Sealer
from web_admin.custody.models import Consent, ForgettingRow, ReceiptRow, WrapKeyRow
from web_admin.journal.ledger import LEDGER
from web_admin.journal.models import AuditEntry

ENDING_KINDS = ("face_withdrawn", "face_ended_at_gate")


class NothingForgotten(Exception):
    """There is no certificate: this consent is still valid everywhere it was given for."""


def make_certificate(
    session: Session, sealer: Sealer, consent_id: str, now: datetime
) -> ForgettingCertificate:
    """Return the signed certificate of a consent in its current state; raise NothingForgotten."""
    statement = certificate_statement(session, consent_id, now)
    site_id = statement.site.site_id
    key = private_key(session, sealer, site_id, "anchor")
    return sign_certificate(statement, key, certificate(session, site_id, "anchor"))


def certificate_statement(session: Session, consent_id: str, now: datetime) -> Statement:
    """Return what the certificate of a consent says now; raise NothingForgotten."""
    consent = session.get(Consent, consent_id)
    entry = _ending_entry(session, consent) if consent is not None else None
    if consent is None or entry is None:
        raise NothingForgotten(f"no ending of consent {consent_id!r} is written down")
    site = session.get_one(Site, entry.site_id)
    rows = session.scalars(
        select(ForgettingRow).where(ForgettingRow.consent_id == consent_id).order_by(ForgettingRow.gate_id)
    ).all()
    gates = tuple(_gate_part(session, row) for row in rows)
    keys = _wrap_keys(session, rows)
    still = what_is_open(gates, keys, now)
    return Statement(
        format=FORMAT,
        made_at=now,
        state="in_progress" if still else "complete",
        open=still,
        site=SitePart(site.site_id, site.name, site.root_public_key.hex(), root_key_id(site.root_public_key)),
        consent=ConsentPart(
            consent.consent_id,
            consent.person_id,
            consent.purpose,
            consent.notice_version,
            consent.notice_sha256.hex(),
            consent.given_at,
            consent.withdrawn_at,
        ),
        ledger=LedgerPart(LEDGER, entry.seq, entry.digest.hex()),
        gates=gates,
        wrapping_keys=keys,
        shares_in_backups=False,
        limits=LIMITS,
    )


def forgotten_consents(session: Session, person_id: str) -> Sequence[Consent]:
    """Return a person's consents of which something was forgotten, newest first."""
    begun = select(ForgettingRow.consent_id)
    return session.scalars(
        select(Consent)
        .where(
            Consent.person_id == person_id,
            Consent.withdrawn_at.is_not(None) | Consent.consent_id.in_(begun),
        )
        .order_by(Consent.given_at.desc())
    ).all()


def certified_ids(session: Session) -> Sequence[str]:
    """Return the consents of which something was forgotten, as long as the ledger says whose they were."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.kind.in_(ENDING_KINDS), AuditEntry.person_id.is_not(None))
        .order_by(AuditEntry.seq)
    )
    return list(dict.fromkeys(str(row.facts["consent_id"]) for row in entries))


def _ending_entry(session: Session, consent: Consent) -> AuditEntry | None:
    """Return the newest entry of the ledger that ends this consent, everywhere or at a gate."""
    person = session.get_one(Person, consent.person_id)
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.site_id == person.site_id,
            AuditEntry.person_id == consent.person_id,
            AuditEntry.kind.in_(ENDING_KINDS),
        )
        .order_by(AuditEntry.seq.desc())
    )
    return next((row for row in entries if row.facts.get("consent_id") == consent.consent_id), None)


def _gate_part(session: Session, row: ForgettingRow) -> GatePart:
    receipt = session.get(ReceiptRow, (row.consent_id, row.gate_id))
    if receipt is not None and not _counts(receipt, row):
        receipt = None
    return GatePart(
        gate_id=row.gate_id,
        name=session.get_one(Gate, row.gate_id).name,
        why=row.why,
        public_key=row.gate_public_key.hex(),
        share_destroyed_at=row.begun_at,
        lease_ends_at=row.begun_at + LEASE_ENDS_AFTER,
        receipt=_receipt_part(receipt) if receipt is not None else None,
    )


def _counts(receipt: ReceiptRow, row: ForgettingRow) -> bool:
    """Return whether a receipt is of this ending and of the controller that had the face."""
    if row.fresh_receipt and receipt.received_at < row.begun_at:
        return False  # of an earlier time: the gate was given the face's permission again since
    try:
        open_receipt(SignedReceipt(receipt=receipt.receipt, signature=receipt.signature), row.gate_public_key)
    except SignatureRefused:
        return False
    return True


def _receipt_part(row: ReceiptRow) -> ReceiptPart:
    receipt = msgspec.json.decode(row.receipt, type=ForgetReceipt)
    return ReceiptPart(
        receipt.forgotten_at,
        receipt.blob_found,
        receipt.journal_seq,
        row.received_at,
        base64.b64encode(row.receipt).decode(),
        base64.b64encode(row.signature).decode(),
    )


def _wrap_keys(session: Session, rows: Sequence[ForgettingRow]) -> tuple[WrapKeyPart, ...]:
    """Return every key that one of these shares may have been sealed under at some time."""
    if not rows:
        return ()
    since, until = min(row.share_made_at for row in rows), max(row.begun_at for row in rows)
    under = {row.key_id for row in rows}
    earlier = (WrapKeyRow.retired_at >= since) & (WrapKeyRow.retired_at <= until)
    if "" in under:  # from before keys had ids: the key then in use
        earlier = (WrapKeyRow.made_at <= until) & (
            WrapKeyRow.retired_at.is_(None) | (WrapKeyRow.retired_at >= since)
        )
    keys = session.scalars(
        select(WrapKeyRow)
        .where(WrapKeyRow.key_id.in_(under) | earlier)
        .order_by(WrapKeyRow.made_at, WrapKeyRow.key_id)
    )
    return tuple(WrapKeyPart(key.key_id, key.destroyed_at) for key in keys)
