"""Read passes: as staff look through them, as their issuers see them, and page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from web_admin.accounts.models import User
from web_admin.compound.models import Home, Person
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow, VisitorUse, VisitorVisit
from web_admin.visitors.pass_states import states_in_sql
from web_admin.visitors.uses import Use, state_with_uses, uses_of

PAGE_ROWS = 50

Whose = Literal["all", "office", "residents"]
STATES = ("live", "not_yet", "used", "ended", "withdrawn")


@dataclass(frozen=True, slots=True)
class PassSearch:
    """A search of staff: words of the office or a home's number, state of a pass, older than when."""

    whose: Whose = "all"
    text: str = ""
    state: str = ""
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedPass:
    """A pass as staff see it; `uses` are None for a resident's, whose visits are not the office's."""

    row: VisitorPassRow
    state: str
    issuer: str
    home: Home | None
    uses: list[Use] | None


def listed_passes(
    session: Session, site_id: str, wanted: PassSearch, now: datetime
) -> tuple[list[ListedPass], datetime | None]:
    """Return a page of passes, newest first, and from when the next page goes on."""
    query = (
        select(VisitorPassRow, Home)
        .outerjoin(Person, Person.person_id == VisitorPassRow.issuer_person_id)
        .outerjoin(Home, Home.home_id == Person.home_id)
        .where(VisitorPassRow.site_id == site_id, *_conditions(wanted, now))
        .order_by(VisitorPassRow.created_at.desc(), VisitorPassRow.pass_id)
        .limit(PAGE_ROWS + 1)
    )
    found = session.execute(query).all()
    rows = [row for row, _home in found[:PAGE_ROWS]]
    uses = uses_of(session, [row.pass_id for row in rows if row.issuer_person_id is None])
    authors = _authors(session, rows)
    listed = [
        ListedPass(
            row,
            state_with_uses(row, uses.get(row.pass_id, ()), now),
            authors.get(row.author_id or "", ""),
            home,
            uses.get(row.pass_id, []) if row.issuer_person_id is None else None,
        )
        for row, home in found[:PAGE_ROWS]
    ]
    return listed, rows[-1].created_at if len(found) > PAGE_ROWS else None


def passes_after(session: Session, site_id: str, after: str, limit: int) -> Sequence[VisitorPassRow]:
    """Return the passes of a site whose ids come after this one, in the order of their ids."""
    return session.scalars(
        select(VisitorPassRow)
        .where(VisitorPassRow.site_id == site_id, VisitorPassRow.pass_id > after)
        .order_by(VisitorPassRow.pass_id)
        .limit(limit)
    ).all()


def live_passes_by(session: Session, site_id: str, author_id: str, now: datetime) -> Sequence[VisitorPassRow]:
    """Return the office's passes that an account made and that have not ended."""
    return session.scalars(
        select(VisitorPassRow)
        .where(
            VisitorPassRow.site_id == site_id,
            VisitorPassRow.issuer_person_id.is_(None),
            VisitorPassRow.author_id == author_id,
            VisitorPassRow.withdrawn_at.is_(None),
            VisitorPassRow.valid_until > now,
        )
        .order_by(VisitorPassRow.created_at, VisitorPassRow.pass_id)
    ).all()


def live_series_by(session: Session, site_id: str, author_id: str, today: date) -> Sequence[VisitorSeriesRow]:
    """Return the office's weekly invitations that an account made and that have not ended."""
    return session.scalars(
        select(VisitorSeriesRow)
        .where(
            VisitorSeriesRow.site_id == site_id,
            VisitorSeriesRow.issuer_person_id.is_(None),
            VisitorSeriesRow.author_id == author_id,
            VisitorSeriesRow.withdrawn_at.is_(None),
            VisitorSeriesRow.last_day >= today,
        )
        .order_by(VisitorSeriesRow.created_at, VisitorSeriesRow.series_id)
    ).all()


def passes_of(session: Session, person_id: str) -> Sequence[VisitorPassRow]:
    """Return every pass that a person gave out, the visits of weekly ones too."""
    return session.scalars(select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == person_id)).all()


def pass_of(session: Session, person_id: str, pass_id: str) -> VisitorPassRow | None:
    """Return a pass that a person gave out; None where there is none or it is another person's."""
    row = session.get(VisitorPassRow, pass_id)
    return row if row is not None and row.issuer_person_id == person_id else None


def one_series_of(session: Session, person_id: str, series_id: str) -> VisitorSeriesRow | None:
    """Return a person's weekly invitation; None where there is none or it is another person's."""
    row = session.get(VisitorSeriesRow, series_id)
    return row if row is not None and row.issuer_person_id == person_id else None


def passes_for_once(
    session: Session, person_id: str, ends_after: datetime, limit: int
) -> Sequence[VisitorPassRow]:
    """Return the newest passes of a person that are no visit of a weekly one and end after an instant."""
    return session.scalars(
        select(VisitorPassRow)
        .where(
            VisitorPassRow.issuer_person_id == person_id,
            VisitorPassRow.valid_until > ends_after,
            VisitorPassRow.pass_id.not_in(select(VisitorVisit.pass_id)),
        )
        .order_by(VisitorPassRow.created_at.desc())
        .limit(limit)
    ).all()


def every_series_of(session: Session, person_id: str) -> Sequence[VisitorSeriesRow]:
    """Return every weekly invitation that a person gave out."""
    return session.scalars(
        select(VisitorSeriesRow).where(VisitorSeriesRow.issuer_person_id == person_id)
    ).all()


def series_of(
    session: Session, person_id: str, last_day_after: date, limit: int
) -> Sequence[VisitorSeriesRow]:
    """Return the newest weekly invitations of a person whose last day is after this one."""
    return session.scalars(
        select(VisitorSeriesRow)
        .where(
            VisitorSeriesRow.issuer_person_id == person_id,
            VisitorSeriesRow.last_day > last_day_after,
        )
        .order_by(VisitorSeriesRow.created_at.desc())
        .limit(limit)
    ).all()


def series_of_office(session: Session, site_id: str, today: date, limit: int) -> Sequence[VisitorSeriesRow]:
    """Return the office's newest weekly invitations that have not ended."""
    return session.scalars(
        select(VisitorSeriesRow)
        .where(
            VisitorSeriesRow.site_id == site_id,
            VisitorSeriesRow.issuer_person_id.is_(None),
            VisitorSeriesRow.withdrawn_at.is_(None),
            VisitorSeriesRow.last_day >= today,
        )
        .order_by(VisitorSeriesRow.created_at.desc())
        .limit(limit)
    ).all()


def visits_of_series(session: Session, series_ids: Collection[str]) -> dict[str, str]:
    """Return the weekly invitation of each of their visits' passes, the newest visit first."""
    rows = session.execute(
        select(VisitorVisit.pass_id, VisitorVisit.series_id)
        .where(VisitorVisit.series_id.in_(series_ids))
        .order_by(VisitorVisit.day.desc())
    )
    return dict(rows.all())


def _conditions(wanted: PassSearch, now: datetime) -> list[ColumnElement[bool]]:
    of_office = VisitorPassRow.issuer_person_id.is_(None)
    conditions: list[ColumnElement[bool]] = []
    if wanted.whose != "all":
        conditions.append(of_office if wanted.whose == "office" else ~of_office)
    if wanted.text:
        pattern = f"%{wanted.text.replace('%', '').replace('_', '')}%"
        # Words that a resident wrote are theirs alone: they are not searched.
        conditions.append(
            or_(
                and_(of_office, VisitorPassRow.label.ilike(pattern)),
                and_(~of_office, Home.number.ilike(pattern)),
            )
        )
    if wanted.before is not None:
        conditions.append(VisitorPassRow.created_at < wanted.before)
    of_state = states_in_sql(now)
    if wanted.state in of_state:
        conditions.append(of_state[wanted.state])
    if wanted.state == "used" and wanted.whose != "residents":
        # Whether a resident's visitor came is the resident's own.
        conditions += [of_office, exists().where(VisitorUse.shown_id == VisitorPassRow.pass_id)]
    return conditions


def _authors(session: Session, rows: list[VisitorPassRow]) -> dict[str, str]:
    """Return by author the mail address of the account."""
    ids = {row.author_id for row in rows if row.author_id is not None}
    numbers = [int(key.removeprefix("staff-")) for key in ids if key.removeprefix("staff-").isdecimal()]
    accounts = session.execute(select(User.id, User.email).where(User.id.in_(numbers)))
    return {f"staff-{number}": email or "" for number, email in accounts}
