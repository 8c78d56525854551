"""Close a round: build its record, sign it with the site's anchor key, read it back for pages and files."""

import hashlib

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.forgetting_certificate import CertificateBroken, SitePart, root_key_id
from gate_controller.contract.review_record import (
    FORMAT,
    UNANSWERED,
    RecordedRow,
    ReviewRecord,
    SignedReview,
    check_review,
    digest_of,
    encoded,
    sheet_rows,
    sign_review,
)
from gate_controller.contract.signing import SignedCertificate
from web_admin.access_review.actions import FOR_THE_OFFICE, HOME, note_gone
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.queries import all_rows, open_round
from web_admin.access_review.subjects import live_subjects
from web_admin.accounts.names import PREFIX
from web_admin.action.base import Action, begin, office_only, record
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Site
from web_admin.core.csv_text import csv_for_spreadsheets
from web_admin.core.refusal import ActionRefused

NO_SHEET = "0" * 64
"""In place of the sheet's digest while the sheet itself is made."""


def close_round(act: Action, round_id: str, left_seen: int) -> ReviewRound:
    """Close a round and sign its record; rows without an answer are listed in it and suspend no person.

    `left_seen` is how many of those the page showed. Raises ActionRefused where it is closed already, and
    where other rows are left by now.
    """
    site = begin(act)
    office_only(act, FOR_THE_OFFICE)
    of_round = open_round(act.session, act.site_id)
    if of_round is None or of_round.round_id != round_id:
        raise ActionRefused(None, _("This access review is closed and signed. Its record is not changed."))
    rows = all_rows(act.session, round_id)
    undecided = [row for row in rows if row.decision is None]
    if len(undecided) != left_seen:
        raise ActionRefused(
            None,
            _(
                "Now %(now)s rows have no answer, not %(seen)s as before. Check once more, then close.",
                now=len(undecided),
                seen=left_seen,
            ),
        )
    keys = [(row.kind, row.subject_id) for row in undecided]
    alive = live_subjects(act.session, act.site_id, keys, act.now)
    note_gone(act, [row for row in undecided if (row.kind, row.subject_id) not in alive])
    of_round.closed_at, of_round.closed_by = act.now, act.actor_id
    signed = _signed(act, site, of_round, [_recorded(row) for row in rows])
    of_round.body, of_round.signature = encoded(signed.record).decode(), signed.signature
    of_round.certificate = signed.certificate.certificate
    of_round.certificate_signature = signed.certificate.signature
    record(
        act,
        "access_review_closed",
        {"round_id": round_id, "rows": len(rows), "sha256": digest_of(signed.record)},
    )
    return of_round


def _signed(act: Action, site: Site, of_round: ReviewRound, rows: list[RecordedRow]) -> SignedReview:
    root = site.root_public_key
    draft = ReviewRecord(
        format=FORMAT,
        site=SitePart(site.site_id, site.name, root.hex(), root_key_id(root)),
        round_id=of_round.round_id,
        number=of_round.number,
        began_at=of_round.began_at,
        began_by=of_round.began_by,
        closed_at=act.now,
        closed_by=act.actor_id,
        previous_sha256=_digest_before(act.session, of_round),
        csv_sha256=NO_SHEET,
        rows=tuple(rows),
    )
    whole = msgspec.structs.replace(draft, csv_sha256=hashlib.sha256(sheet_of(draft)).hexdigest())
    key = private_key(act.session, act.sealer, act.site_id, "anchor")
    return sign_review(whole, key, certificate(act.session, act.site_id, "anchor"))


def _recorded(row: ReviewRow) -> RecordedRow:
    by = row.decided_by
    return RecordedRow(
        place=row.place,
        kind=row.kind,
        subject_id=row.subject_id,
        person_id=row.person_id,
        why=row.why,
        risk=row.risk,
        unused_since=f"{row.unused_since:%Y-%m}" if row.unused_since is not None else None,
        carried_over=row.carried,
        decision=row.decision or UNANSWERED,
        reason=row.reason,
        decided_at=row.decided_at,
        decided_by=by if by is None or by.startswith(PREFIX) or row.asked_whom != HOME else HOME,
        asked_at=row.asked_at,
        answer=row.answer,
    )


def _digest_before(session: Session, of_round: ReviewRound) -> str | None:
    body = session.scalar(
        select(ReviewRound.body)
        .where(
            ReviewRound.site_id == of_round.site_id,
            ReviewRound.number < of_round.number,
            ReviewRound.body.is_not(None),
        )
        .order_by(ReviewRound.number.desc())
        .limit(1)
    )
    return hashlib.sha256(body.encode()).hexdigest() if body is not None else None


def signed_review(of_round: ReviewRound) -> SignedReview:
    """Return the record of a closed round as it was signed."""
    if of_round.body is None or of_round.certificate is None or of_round.certificate_signature is None:
        raise ValueError(f"round {of_round.round_id} is not closed")
    return SignedReview(
        msgspec.json.decode(of_round.body, type=ReviewRecord),
        SignedCertificate(of_round.certificate, of_round.certificate_signature),
        of_round.signature or "",
    )


def as_file(of_round: ReviewRound) -> bytes:
    """Return the record as the file that `menjin audit access-review` checks."""
    return msgspec.json.format(msgspec.json.encode(signed_review(of_round)), indent=2)


def sheet_of(record_of_round: ReviewRecord) -> bytes:
    """Return the same rows as CSV, whose digest the record has."""
    return csv_for_spreadsheets(sheet_rows(record_of_round))


def why_not_genuine(of_round: ReviewRound, root_public_key: bytes) -> str:
    """Return what does not hold of a closed round's record under the root key, "" where all of it does."""
    try:
        check_review(signed_review(of_round), root_public_key)
    except CertificateBroken as err:
        return str(err)
    return ""
