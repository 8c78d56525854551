"""Actions of an access review: begin a round, keep, ask, answer, suspend; silence suspends no person.

Each act locks the site, so of two accounts that decide one row the second reads what the first did. `seen` is
the mark of the row as the page showed it (`mark_of`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from web_admin.access_review.finding import everything_to_confirm
from web_admin.access_review.messages import mail_of_begin, notify_asked, notify_homes
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.queries import is_of_home, open_round
from web_admin.access_review.rules import ANSWER_WITHIN, HOME_ANSWERS_WITHIN, OF_HOMES, Found, Kind
from web_admin.access_review.subjects import Subject, subjects_of
from web_admin.access_review.suspending import Stop, stop_subject
from web_admin.access_review.whom import whom_to_ask
from web_admin.action.base import Action, begin, new_id, office_only, record, record_many
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import NewEntry

FOR_THE_OFFICE = _("Only the property office does this.")
HOME = "home"
"""`asked_whom` of what each home confirms, and who decided in a signed record."""


def begin_round(act: Action, public_url: str) -> ReviewRound:
    """List everything that is to be confirmed; raise ActionRefused while a round runs."""
    site = begin(act)
    office_only(act, FOR_THE_OFFICE)
    if open_round(act.session, act.site_id) is not None:
        raise ActionRefused(None, _("An access review is running. Finish it first; it is on this page."))
    newest = select(func.max(ReviewRound.number)).where(ReviewRound.site_id == act.site_id)
    of_round = ReviewRound(
        round_id=new_id(),
        site_id=act.site_id,
        number=(act.session.scalar(newest) or 0) + 1,
        began_at=act.now,
        began_by=act.actor_id,
    )
    act.session.add(of_round)
    act.session.flush()
    found = everything_to_confirm(act.session, site, act.now)
    act.session.add_all(_new_row(act, of_round, place, one) for place, one in enumerate(found, 1))
    record(act, "access_review_begun", {"round_id": of_round.round_id, "rows": len(found)})
    mail_of_begin(act.session, site, len(found), public_url, act.now)
    notify_homes(act.session, of_round.round_id, act.now)
    return of_round


def _new_row(act: Action, of_round: ReviewRound, place: int, found: Found) -> ReviewRow:
    row = ReviewRow(
        row_id=new_id(),
        round_id=of_round.round_id,
        place=place,
        kind=found.kind.value,
        subject_id=found.subject_id,
        person_id=found.person_id,
        home_id=found.home_id,
        risk=found.risk,
        why=found.why.value,
        unused_since=found.unused_since,
        carried=found.carried,
    )
    if found.kind in OF_HOMES:
        row.asked_whom, row.asked_at, row.asked_by = HOME, act.now, act.actor_id
        row.answer_by = act.now + HOME_ANSWERS_WITHIN
    return row


def mark_of(row: ReviewRow) -> str:
    """Return what changes with a row: a page sends it back, and an act refuses a row that has moved on."""
    moments = (row.decided_at, row.asked_at, row.answered_at)
    return "~".join(moment.isoformat() if moment is not None else "" for moment in moments)


def running_row(act: Action, row_id: str, seen: str | None = None) -> ReviewRow:
    """Return a row of the round that runs, as the page showed it; raise ActionRefused for any other."""
    row = act.session.get(ReviewRow, row_id)
    of_round = act.session.get(ReviewRound, row.round_id) if row is not None else None
    if row is None or of_round is None or of_round.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such row."))
    if of_round.closed_at is not None:
        raise ActionRefused(None, _("This access review is closed and signed. Its record is not changed."))
    if seen is not None and mark_of(row) != seen:
        raise ActionRefused(
            None, _("Another person worked on this row meanwhile. Look at it as it is now, then decide.")
        )
    return row


def _undecided(act: Action, row_id: str, seen: str) -> ReviewRow:
    row = running_row(act, row_id, seen)
    if row.decision is not None:
        raise ActionRefused(None, _("This row is decided already."))
    return row


def subject_of(act: Action, row: ReviewRow) -> Subject | None:
    """Return what a row is about, None once it has ended."""
    key = (row.kind, row.subject_id)
    subject = subjects_of(act.session, act.site_id, [key], act.now).get(key)
    return subject if subject is not None and subject.is_live else None


def keep(act: Action, row_id: str, seen: str) -> bool:
    """Confirm that a row stays; return False where it has ended, which is noted instead."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    row = _undecided(act, row_id, seen)
    if subject_of(act, row) is None:
        note_gone(act, [row])
        return False
    decide(act, row, "keep")
    return True


@dataclass(frozen=True, slots=True)
class KeptRows:
    """How many of several rows were confirmed, and how many were left alone: decided or ended meanwhile."""

    kept: int
    left_alone: int


def keep_several(act: Action, row_ids: Collection[str]) -> KeptRows:
    """Confirm that several rows of the round stay; those that another person decided meanwhile are left."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    of_round = open_round(act.session, act.site_id)
    if of_round is None:
        raise ActionRefused(None, _("This access review is closed and signed. Its record is not changed."))
    if not row_ids:
        raise ActionRefused(None, _("Tick at least one row."))
    rows = act.session.scalars(
        select(ReviewRow).where(
            ReviewRow.round_id == of_round.round_id,
            ReviewRow.row_id.in_(row_ids),
            ReviewRow.decision.is_(None),
        )
    ).all()
    subjects = subjects_of(act.session, act.site_id, [(row.kind, row.subject_id) for row in rows], act.now)
    kept = 0
    for row in rows:
        subject = subjects.get((row.kind, row.subject_id))
        if subject is None or not subject.is_live:
            note_gone(act, [row])
        else:
            decide(act, row, "keep")
            kept += 1
    return KeptRows(kept, len(set(row_ids)) - kept)


def suspend(act: Action, row_id: str, seen: str, stop: Stop) -> bool:
    """Suspend or end what a row is about, by the act that its own page has; return False where it is gone.

    Raises ActionRefused with that act's own words, and for a card that is a person's last way in.
    """
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    row = _undecided(act, row_id, seen)
    if subject_of(act, row) is None:
        note_gone(act, [row])
        return False
    reason = stop_subject(act, Kind(row.kind), row.subject_id, stop)
    decide(act, row, "suspend", reason)
    return True


def ask(act: Action, row_id: str, seen: str, public_url: str) -> None:
    """Ask the person, the home or the account that a row concerns, with a deadline; nothing is suspended."""
    site = begin(act)
    office_only(act, FOR_THE_OFFICE)
    row = _undecided(act, row_id, seen)
    if subject_of(act, row) is None:
        raise ActionRefused(None, _("This has ended meanwhile. There is nothing left to ask."))
    row.asked_whom = HOME if is_of_home(row) else whom_to_ask(act, row)
    row.asked_at, row.asked_by, row.answer_by = act.now, act.actor_id, act.now + ANSWER_WITHIN
    row.answer = row.answered_at = row.answered_by = row.reminded_at = None
    record(act, "access_review_asked", _facts(row), person_id=row.person_id)
    notify_asked(act.session, site, row, public_url, act.now)


def answer_asked(act: Action, row_id: str, answer: str, whose: str) -> None:
    """Store what the person or account that was asked says; the office decides.

    `whose` is the account's id, or the person's.
    """
    begin(act)
    row = running_row(act, row_id)
    is_own = row.asked_whom == whose or (row.asked_whom == "person" and row.person_id == whose)
    if not is_own:
        raise ActionRefused(None, _("There is no such row."))
    if row.decision is not None:
        raise ActionRefused(None, _("The office has already decided this."))
    if answer not in ("needed", "not_needed"):
        raise ActionRefused(None, _("Choose one of the offered values."))
    write_answer(act, row, answer)


def write_answer(act: Action, row: ReviewRow, answer: str) -> None:
    row.answer, row.answered_at, row.answered_by = answer, act.now, act.actor_id
    record(act, "access_review_answered", {**_facts(row), "answer": answer}, person_id=row.person_id)


def decide(
    act: Action, row: ReviewRow, decision: str, reason: str | None = None, *, by: str | None = None
) -> None:
    """Store a decision and record it; `by` is the adult of a home, whom staff may serve at the desk."""
    row.decision, row.reason = decision, reason
    row.decided_at, row.decided_by = act.now, by or act.actor_id
    record(act, "access_review_decided", {**_facts(row), "decision": decision}, person_id=row.person_id)


def note_gone(act: Action, rows: Sequence[ReviewRow]) -> None:
    """Note that what rows are about ended without a decision; many in one go."""
    gone = [row for row in rows if row.decision is None]
    for row in gone:
        row.decision = "gone"
    if gone:
        act.session.flush()
        record_many(
            act,
            [
                NewEntry("access_review_decided", {**_facts(row), "decision": "gone"}, row.person_id)
                for row in gone
            ],
        )


def _facts(row: ReviewRow) -> dict[str, str | int | float | bool | None]:
    return {"row_id": row.row_id, "about": row.kind}
