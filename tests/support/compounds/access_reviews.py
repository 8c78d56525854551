"""An access review that was closed, and one that runs, in a compound that people live in."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.access_review.actions import ask, begin_round, keep, mark_of
from web_admin.access_review.card_months import MARK
from web_admin.access_review.closing import close_round
from web_admin.access_review.models import CardMonth, ReviewRound, ReviewRow
from web_admin.access_review.queries import all_rows, open_round, progress_of
from web_admin.access_review.rules import Kind, Why, month_of
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow
from web_admin.core.health_models import ServerMark

URL = "https://gate.example.org"
LONG_UNUSED = timedelta(days=200)


def cards_were_used_last(session: Session, act: Action) -> None:
    """Let every card be used last more than half a year ago."""
    since = act.now - LONG_UNUSED
    session.merge(ServerMark(name=MARK, at=act.now, note=since.isoformat()))
    for credential_id in session.scalars(
        select(CredentialRow.credential_id).where(CredentialRow.kind == "card")
    ):
        session.merge(CardMonth(credential_id=credential_id, month=month_of(since.date())))
    session.flush()


def close_now(act: Action) -> ReviewRound:
    """Close the round that runs, whatever is left."""
    running = open_round(act.session, act.site_id)
    assert running is not None
    return close_round(act, running.round_id, progress_of(act.session, running.round_id).left)


def review_twice(act: Action, asked_id: str) -> None:
    """Close a round of which only the first row was decided, begin another, ask a person about their card."""
    before = replace(act, now=act.now - timedelta(days=3))
    cards_were_used_last(act.session, before)
    rows = all_rows(act.session, begin_round(before, URL).round_id)
    keep(before, rows[0].row_id, mark_of(rows[0]))
    close_now(before)
    running = begin_round(act, URL)
    rows = all_rows(act.session, running.round_id)
    asked = next(row for row in rows if row.why == Why.UNUSED and row.person_id == asked_id)
    ask(act, asked.row_id, mark_of(asked), URL)


def row_about(
    session: Session, kind: Kind, subject_id: str | None = None, why: Why | None = None
) -> ReviewRow:
    """Return a row of the round that runs: of a kind, about one thing, listed for one reason."""
    query = (
        select(ReviewRow)
        .join(ReviewRound, ReviewRound.round_id == ReviewRow.round_id)
        .where(ReviewRound.closed_at.is_(None), ReviewRow.kind == kind)
        .order_by(ReviewRow.place)
    )
    if subject_id is not None:
        query = query.where(ReviewRow.subject_id == subject_id)
    if why is not None:
        query = query.where(ReviewRow.why == why)
    return session.scalars(query.limit(1)).one()
