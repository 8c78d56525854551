"""Read rounds and rows of access reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from web_admin.access_review.card_months import noted_since
from web_admin.access_review.models import CardMonth, ReviewRound, ReviewRow
from web_admin.access_review.rules import OF_HOMES, Kind, due_at
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import CredentialRow, GuardianRow, Person

PAGE_ROWS = 50
LISTED_ROUNDS = 20


def open_round(session: Session, site_id: str) -> ReviewRound | None:
    """Return the round that runs, None where none does."""
    return session.scalar(
        select(ReviewRound).where(ReviewRound.site_id == site_id, ReviewRound.closed_at.is_(None))
    )


def rounds_of(session: Session, site_id: str) -> Sequence[ReviewRound]:
    """Return the newest closed rounds, newest first."""
    return session.scalars(
        select(ReviewRound)
        .where(ReviewRound.site_id == site_id, ReviewRound.closed_at.is_not(None))
        .order_by(ReviewRound.number.desc())
        .limit(LISTED_ROUNDS)
    ).all()


def round_of(session: Session, site_id: str, round_id: str) -> ReviewRound | None:
    """Return a round of this site, None for any other."""
    row = session.get(ReviewRound, round_id)
    return row if row is not None and row.site_id == site_id else None


def next_due(session: Session, site_id: str, every_days: int) -> datetime | None:
    """Return when the next round begins automatically, None as long as no month of a card is noted."""
    began = session.scalar(select(func.max(ReviewRound.began_at)).where(ReviewRound.site_id == site_id))
    return due_at(began, noted_since(session), every_days)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows a round has, and how many of them still need an answer, wait for one, or were asked."""

    rows: int
    left: int
    asked: int
    left_by_kind: Mapping[str, int]


def progress_of(session: Session, round_id: str) -> Progress:
    """Return how far a round has come."""
    undecided = ReviewRow.decision.is_(None)
    counts = session.execute(
        select(
            ReviewRow.kind,
            func.count(),
            func.sum(case((undecided, 1), else_=0)),
            func.sum(case((and_(undecided, ReviewRow.asked_at.is_not(None)), 1), else_=0)),
        )
        .where(ReviewRow.round_id == round_id)
        .group_by(ReviewRow.kind)
    ).all()
    return Progress(
        sum(count for _kind, count, _left, _asked in counts),
        sum(int(left) for _kind, _count, left, _asked in counts),
        sum(int(asked) for _kind, _count, _left, asked in counts),
        {kind: int(left) for kind, _count, left, _asked in counts},
    )


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some rows of a round, the riskiest first, with the number of their page and of all pages."""

    rows: Sequence[ReviewRow]
    page: int
    pages: int
    count: int


def rows_page(session: Session, round_id: str, show: str, kind: str, page: int) -> RowsPage:
    """Return one page of rows; `show`: left, answered, decided, all. A page beyond the last is the last."""
    wanted = [ReviewRow.round_id == round_id, *_shown(show)]
    if kind:
        wanted.append(ReviewRow.kind == kind)
    count = session.scalar(select(func.count()).select_from(ReviewRow).where(*wanted)) or 0
    pages = max(1, -(-count // PAGE_ROWS))
    number = min(max(1, page), pages)
    rows = session.scalars(
        select(ReviewRow)
        .where(*wanted)
        .order_by(ReviewRow.place)
        .limit(PAGE_ROWS)
        .offset((number - 1) * PAGE_ROWS)
    ).all()
    return RowsPage(rows, number, pages, count)


def _shown(show: str) -> list[ColumnElement[bool]]:
    narrowed: dict[str, list[ColumnElement[bool]]] = {
        "left": [ReviewRow.decision.is_(None)],
        "answered": [ReviewRow.decision.is_(None), ReviewRow.answer.is_not(None)],
        "decided": [ReviewRow.decision.is_not(None)],
    }
    return narrowed.get(show, [])


def all_rows(session: Session, round_id: str) -> Sequence[ReviewRow]:
    """Return all rows of a round in their order."""
    return session.scalars(
        select(ReviewRow).where(ReviewRow.round_id == round_id).order_by(ReviewRow.place)
    ).all()


def _open_rows(site_id: str) -> Select[ReviewRow]:
    return (
        select(ReviewRow)
        .join(ReviewRound, ReviewRound.round_id == ReviewRow.round_id)
        .where(ReviewRound.site_id == site_id, ReviewRound.closed_at.is_(None))
        .order_by(ReviewRow.place)
    )


def rows_for_home(session: Session, site_id: str, person: Person) -> Sequence[ReviewRow]:
    """Return the helpers and children that an adult answers for in the round that runs, none for others."""
    if not _answers_for_home(person):
        return []
    return session.scalars(_open_rows(site_id).where(_of_home(person))).all()


def _answers_for_home(person: Person) -> bool:
    return person.kind == "resident" and person.age_band == ADULT and person.home_id is not None


def _of_home(person: Person) -> ColumnElement[bool]:
    """Hold for the helpers of an adult's home, and for the children whose guardian they count as."""
    checked = exists().where(GuardianRow.minor_id == ReviewRow.subject_id)
    is_guardian = exists().where(
        GuardianRow.minor_id == ReviewRow.subject_id,
        GuardianRow.guardian_id == person.person_id,
        GuardianRow.ended_at.is_(None),
    )
    is_child = and_(ReviewRow.kind == Kind.CHILD, or_(~checked, is_guardian))
    return and_(ReviewRow.home_id == person.home_id, or_(ReviewRow.kind == Kind.HELPER, is_child))


def asked_of_person(session: Session, site_id: str, person_id: str) -> Sequence[ReviewRow]:
    """Return what the office asks a person in the round that runs, answered or not."""
    return session.scalars(
        _open_rows(site_id).where(ReviewRow.person_id == person_id, ReviewRow.asked_whom == "person")
    ).all()


def asked_of_account(session: Session, site_id: str, account: str) -> Sequence[ReviewRow]:
    """Return what an account of staff is asked in the round that runs."""
    return session.scalars(_open_rows(site_id).where(ReviewRow.asked_whom == account)).all()


def waits_for_person(session: Session, site_id: str, person: Person) -> bool:
    """Return whether the round that runs has a question for a person, or for their home as its adult."""
    asked = and_(ReviewRow.person_id == person.person_id, ReviewRow.asked_whom == "person")
    if _answers_for_home(person):
        asked = or_(asked, _of_home(person))
    waits = _open_rows(site_id).where(ReviewRow.decision.is_(None), ReviewRow.answer.is_(None), asked)
    return session.scalars(waits.limit(1)).first() is not None


def rows_about(session: Session, person_id: str) -> Sequence[tuple[ReviewRow, ReviewRound]]:
    """Return every row that is about a person, oldest round first."""
    rows = session.execute(
        select(ReviewRow, ReviewRound)
        .join(ReviewRound, ReviewRound.round_id == ReviewRow.round_id)
        .where(ReviewRow.person_id == person_id)
        .order_by(ReviewRound.number, ReviewRow.place)
    )
    return [(row, of_round) for row, of_round in rows]


def card_months_of(session: Session, person_id: str) -> Sequence[CardMonth]:
    """Return the months that are noted of a person's cards."""
    return session.scalars(
        select(CardMonth)
        .join(CredentialRow, CredentialRow.credential_id == CardMonth.credential_id)
        .where(CredentialRow.person_id == person_id)
        .order_by(CardMonth.credential_id)
    ).all()


def is_of_home(row: ReviewRow) -> bool:
    return Kind(row.kind) in OF_HOMES
