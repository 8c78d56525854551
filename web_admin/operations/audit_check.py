"""Verify the server's records: its ledger, the gates' journals that it stores, and consents.

A chain shows that nothing in it was edited; an anchor kept elsewhere that it was not rewritten; and
that each consent is in the ledger shows that none was put into the table past it.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.journal_chain import COUNTERSIGN_DOMAIN, ChainBroken, Head, SignedHead
from gate_controller.contract.ledger_file import LEDGER_FORMAT, LedgerPreface, compare_anchor
from gate_controller.contract.signing import sign
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Person, Site
from web_admin.core.named_faults import naming
from web_admin.core.sealing import Sealer
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.journal_check import check_gates
from web_admin.journal.ledger import LEDGER, ledger_entries, verify_audit
from web_admin.journal.models import AuditEntry

GIVEN, ENDED = "face_consent_given", "face_withdrawn"


@dataclass(frozen=True, slots=True)
class ServerRecords:
    """Sound records of the server: entries of the ledger, erased ones among them, consents, gates' entries.

    `quarantined` of the gates' entries count for nothing, and keep their place in the chain.
    """

    ledger_entries: int
    erased: int
    consents: int
    gate_entries: int
    quarantined: int


def check_server_records(session: Session, site_id: str, anchor: Head | None = None) -> ServerRecords:
    """Check all of a site's records; raise ChainBroken naming the first one that does not hold."""
    last_seq, _digest = verify_audit(session, site_id)
    if anchor is not None:
        row = session.get(AuditEntry, (site_id, anchor.seq))
        compare_anchor(anchor, row.digest if row is not None else None, site_id, last_seq)
    erased = sum(entry.personal is None for entry in ledger_entries(session, site_id))
    consents = _check_consents(session, site_id)
    return ServerRecords(last_seq, erased, consents, *check_gates(session, site_id))


def _check_consents(session: Session, site_id: str) -> int:
    """Compare every consent to face with the ledger, both its beginning and its end."""
    written: dict[str, dict[str, AuditEntry]] = {GIVEN: {}, ENDED: {}}
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.site_id == site_id, AuditEntry.kind.in_((GIVEN, ENDED)))
    )
    for entry in entries:
        written[entry.kind][str(entry.facts.get("consent_id"))] = entry
    consents = session.scalars(
        select(Consent)
        .join(Person)
        .where(Person.site_id == site_id, Consent.purpose == FACE_PURPOSE)
        .order_by(Consent.given_at)
    ).all()
    for consent in consents:
        _check_written(consent, written[GIVEN].get(consent.consent_id), "was given")
        if consent.withdrawn_at is not None:
            _check_written(consent, written[ENDED].get(consent.consent_id), "ended")
    known = {consent.consent_id for consent in consents}
    for kind, found in written.items():
        for consent_id, entry in found.items():
            if consent_id not in known:
                raise ChainBroken(f"entry {entry.seq} ({kind}) names consent {consent_id}, which is gone")
            ended = next(c for c in consents if c.consent_id == consent_id).withdrawn_at
            if kind == ENDED and ended is None:
                raise ChainBroken(f"entry {entry.seq}: consent {consent_id} ended, and the table has it live")
    return len(consents)


def _check_written(consent: Consent, entry: AuditEntry | None, what: str) -> None:
    if entry is None:
        raise ChainBroken(f"consent {consent.consent_id}: the ledger has no entry that it {what}")
    at = consent.given_at if what == "was given" else consent.withdrawn_at
    if entry.at != at or entry.person_id not in (None, consent.person_id):
        raise ChainBroken(f"consent {consent.consent_id}: entry {entry.seq} differs on who or when it {what}")


def signed_ledger_head(session: Session, sealer: Sealer, site_id: str) -> SignedHead:
    """Return the head of the ledger, signed by the site: an anchor to keep elsewhere."""
    seq, digest = verify_audit(session, site_id)
    head = msgspec.json.encode(Head(site_id, LEDGER, seq, digest))
    return SignedHead(head, sign(private_key(session, sealer, site_id, "anchor"), COUNTERSIGN_DOMAIN, head))


def export_ledger(session: Session, sealer: Sealer, site_id: str, path: Path, *, with_personal: bool) -> int:
    """Write the ledger to a new file for an auditor; return how many entries.

    Without `with_personal` the personal parts stay here: the file verifies just the same. Raises
    FileExistsError rather than replace a file, and ChainBroken for a ledger that does not hold.
    """
    site = session.get_one(Site, site_id)
    preface = LedgerPreface(
        LEDGER_FORMAT,
        site_id,
        site.root_public_key.hex(),
        signed_ledger_head(session, sealer, site_id),
        certificate(session, site_id, "anchor"),
    )
    path.touch(mode=0o600, exist_ok=False)
    count = 0
    with naming(path), path.open("wb") as file:
        file.write(msgspec.json.encode(preface) + b"\n")
        for entry in ledger_entries(session, site_id):
            shown = entry if with_personal else msgspec.structs.replace(entry, personal=None, salt=None)
            file.write(msgspec.json.encode(shown) + b"\n")
            count += 1
    return count
