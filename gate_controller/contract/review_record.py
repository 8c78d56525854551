"""Record of an access review: who should still have what, by whom decided and when, sealed by the site's key.

    {"record": {…}, "certificate": {…}, "signature": "…"}

It holds ids and no name. Each record names the digest of the one before, so that a record that was taken away
shows; `csv_sha256` is that of the same rows as a sheet.
"""

import base64
import hashlib
from collections import Counter
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.forgetting_certificate import (
    CertificateBroken,
    Hex,
    SitePart,
)
from gate_controller.contract.forgetting_in_words import on_one_line
from gate_controller.contract.records import Id, Instant
from gate_controller.contract.signing import SignedCertificate, sign
from gate_controller.contract.site_signature import check_signed_by_site

REVIEW_DOMAIN = "menjin/access-review/1"
FORMAT = "menjin/access-review/1"
KEPT, SUSPENDED, GONE, UNANSWERED = "keep", "suspend", "gone", "unanswered"
COLUMNS = (
    "place",
    "kind",
    "id",
    "person_id",
    "why",
    "risk",
    "unused_since",
    "carried_over",
    "decision",
    "reason",
    "decided_at",
    "decided_by",
    "asked_at",
    "answer",
)
"""Those of the sheet, in their order."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the file; what it does not know is refused."""


class RecordedRow(_Part, frozen=True):
    """A decision about one thing. `risk` is 1 to 3; `unused_since` is a month, such as 2026-03.

    `decision`: keep, suspend, gone (it had ended before) or unanswered. `decided_by` is an account of
    staff, or `home` for an adult of the home.
    """

    place: int
    kind: str
    subject_id: str
    person_id: str | None
    why: str
    risk: int
    unused_since: str | None
    carried_over: int
    decision: str
    reason: str | None
    decided_at: Instant | None
    decided_by: str | None
    asked_at: Instant | None
    answer: str | None


class ReviewRecord(_Part, frozen=True):
    """All that was signed."""

    format: str
    site: SitePart
    round_id: Id
    number: int
    began_at: Instant
    began_by: str
    closed_at: Instant
    closed_by: str
    previous_sha256: Hex | None
    csv_sha256: Hex
    rows: tuple[RecordedRow, ...]


class SignedReview(_Part, frozen=True):
    record: ReviewRecord
    certificate: SignedCertificate
    signature: str
    """Base64, over the record as `encoded` writes it."""


def encoded(record: ReviewRecord) -> bytes:
    """Return the bytes that are signed."""
    return msgspec.json.encode(record, order="sorted")


def digest_of(record: ReviewRecord) -> str:
    """Return the digest by which the next record names this one, as hex."""
    return hashlib.sha256(encoded(record)).hexdigest()


def sign_review(record: ReviewRecord, key: Ed25519PrivateKey, certificate: SignedCertificate) -> SignedReview:
    """Sign all of it with the site's anchor key."""
    signature = sign(key, REVIEW_DOMAIN, encoded(record))
    return SignedReview(record, certificate, base64.b64encode(signature).decode())


def read_review(body: bytes) -> SignedReview:
    """Return a record as it lies in a file; raise ValueError when it is none."""
    try:
        return msgspec.json.decode(body, type=SignedReview)
    except (msgspec.MsgspecError, RecursionError) as err:
        raise ValueError(f"this is no record of an access review: {err}") from err


def check_review(found: SignedReview, root_public_key: bytes | None = None) -> None:
    """Check a record against a root key, or against the one it names.

    Raises CertificateBroken naming the part that does not hold.
    """
    record = found.record
    if record.format != FORMAT:
        raise CertificateBroken("format", f"is {record.format!r}; this program knows {FORMAT!r}")
    check_signed_by_site(
        record.site,
        found.certificate,
        found.signature,
        encoded(record),
        domain=REVIEW_DOMAIN,
        what="this record",
        root_public_key=root_public_key,
    )
    if [row.place for row in record.rows] != list(range(1, len(record.rows) + 1)):
        raise CertificateBroken("rows", "are not numbered from 1 without a gap")
    for row in record.rows:
        is_decided = row.decided_by is not None and row.decided_at is not None
        if is_decided != (row.decision in (KEPT, SUSPENDED)):
            raise CertificateBroken(
                f"rows.{row.place}", f"is {row.decision!r}, which does not fit who decided"
            )


def sheet_rows(record: ReviewRecord) -> list[list[str]]:
    """Return the rows as a sheet has them, its headings first."""
    return [list(COLUMNS), *(_cells(row) for row in record.rows)]


def counts_of(record: ReviewRecord) -> dict[str, int]:
    """Return how many rows were kept, suspended, gone before and left without an answer."""
    counted = Counter(row.decision for row in record.rows)
    return {decision: counted[decision] for decision in (KEPT, SUSPENDED, GONE, UNANSWERED)}


def in_words(found: SignedReview, *, pinned: bool) -> list[str]:
    """Return what a record says, a line each, in English: its counts, what was suspended, what is left."""
    record = found.record
    counts = counts_of(record)
    lines = [
        f"access review {record.number} of {record.site.name}, begun {_at(record.began_at)} by "
        f"{record.began_by}, closed {_at(record.closed_at)} by {record.closed_by}",
        f"{len(record.rows)} rows: {counts[KEPT]} kept, {counts[SUSPENDED]} suspended, "
        f"{counts[GONE]} gone before, {counts[UNANSWERED]} without an answer",
        *(_row_in_words(row) for row in record.rows if row.decision in (SUSPENDED, UNANSWERED)),
        "each suspension was decided by the account named; a missing answer suspended no row",
        f"SHA-256 of the record: {digest_of(record)}",
        f"the record before: {record.previous_sha256 or 'none'}",
        f"signed for the root key {record.site.root_key_id}, "
        + ("which was given" if pinned else "which is taken from this file: check it with --root-key"),
    ]
    return [on_one_line(line) for line in lines]


def _row_in_words(row: RecordedRow) -> str:
    what = f"row {row.place}: {row.kind} {row.subject_id} ({row.why})"
    if row.decision == UNANSWERED:
        return f"{what}: without an answer, carried over {row.carried_over + 1} times"
    when = _at(row.decided_at) if row.decided_at is not None else "at an unknown time"
    return f"{what}: suspended {when} by {row.decided_by}, reason {row.reason or 'none needed'}"


def _cells(row: RecordedRow) -> list[str]:
    cells = (
        row.place,
        row.kind,
        row.subject_id,
        row.person_id,
        row.why,
        row.risk,
        row.unused_since,
        row.carried_over,
        row.decision,
        row.reason,
        _cell_time(row.decided_at),
        row.decided_by,
        _cell_time(row.asked_at),
        row.answer,
    )
    return ["" if cell is None else str(cell) for cell in cells]


def _cell_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
