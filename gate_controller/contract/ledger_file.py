"""Export and verify the server's ledger: a head signed by the site, then one entry a line.

{"format": …, "site_id": …, "root_public_key": hex, "head": {…}, "certificate": {…}}
{"seq": 1, …}
…
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gate_controller.contract.journal_chain import (
    COUNTERSIGN_DOMAIN,
    GENESIS,
    ChainBroken,
    Head,
    JournalEntry,
    SignedHead,
    verify_chain,
)
from gate_controller.contract.signing import SignatureRefused, SignedCertificate, certified_key, verify

LEDGER_FORMAT = "menjin/ledger/1"


class LedgerPreface(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line: whose ledger it is, and its end as the site signed it."""

    format: str
    site_id: str
    root_public_key: str
    head: SignedHead
    certificate: SignedCertificate


@dataclass(frozen=True, slots=True)
class CheckedLedger:
    """Result of a ledger's check: its site, its length, its entries without their personal part, its end."""

    site_id: str
    count: int
    erased: int
    end: tuple[int, bytes]
    root_public_key: bytes


def check_ledger(
    path: Path, anchor: Head | None = None, root_public_key: bytes | None = None
) -> CheckedLedger:
    """Check every entry, the signed end, and an older anchor; raise ChainBroken naming the first fault.

    Raises ValueError when the file is no ledger.
    """
    with path.open("rb") as file:
        try:
            preface = msgspec.json.decode(file.readline(), type=LedgerPreface)
            root = root_public_key or bytes.fromhex(preface.root_public_key)
        except (msgspec.MsgspecError, ValueError) as err:
            raise ValueError(f"this is no exported ledger: {err}") from err
        if preface.format != LEDGER_FORMAT:
            raise ValueError(f"the ledger is of format {preface.format!r}, not {LEDGER_FORMAT!r}")
        head = _signed_end(preface, root)
        count = erased = 0
        end, at_anchor = (0, GENESIS), anchor.digest if anchor is not None and anchor.seq == 0 else None
        for entry in _entries(file):
            if entry.seq != end[0] + 1:
                raise ChainBroken(f"entry {entry.seq} follows entry {end[0]}: entries are missing")
            end = verify_chain([entry], end[1])
            count, erased = count + 1, erased + (entry.personal is None)
            if anchor is not None and entry.seq == anchor.seq:
                at_anchor = entry.digest
    if anchor is not None:
        compare_anchor(anchor, at_anchor, preface.site_id, end[0])
    if end != (head.seq, head.digest):
        raise ChainBroken(f"the site signed entry {head.seq} as the last; the file ends at entry {end[0]}")
    return CheckedLedger(preface.site_id, count, erased, end, root)


def compare_anchor(anchor: Head, digest: bytes | None, site_id: str, last_seq: int) -> None:
    """Raise ChainBroken unless `digest`, that of the entry an anchor names, is the anchor's."""
    if anchor.site_id != site_id:
        raise ChainBroken(f"the anchor is of site {anchor.site_id}, the ledger of {site_id}")
    if digest is None:
        raise ChainBroken(f"the anchor names entry {anchor.seq}, and the ledger ends at entry {last_seq}")
    if digest != anchor.digest:
        raise ChainBroken(f"entry {anchor.seq} is not the one the anchor names: it was rewritten")


def _signed_end(preface: LedgerPreface, root: bytes) -> Head:
    try:
        key = certified_key(root, preface.certificate, preface.site_id, "anchor")
        verify(key, COUNTERSIGN_DOMAIN, preface.head.head, preface.head.signature)
        return msgspec.json.decode(preface.head.head, type=Head)
    except (SignatureRefused, msgspec.MsgspecError, ValueError) as err:
        raise ChainBroken(f"the signed end of the ledger: {err}") from err


def _entries(lines: Iterator[bytes]) -> Iterator[JournalEntry]:
    for number, line in enumerate(lines, start=2):
        try:
            yield msgspec.json.decode(line, type=JournalEntry)
        except (msgspec.MsgspecError, ValueError) as err:
            raise ChainBroken(f"line {number} is no entry: {err}") from err
