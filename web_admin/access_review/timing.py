"""Periodic work of access reviews: begin one when it is due, remind the office and those who are asked."""

from datetime import datetime

from sqlalchemy import select

from web_admin.access_review.actions import begin_round
from web_admin.access_review.messages import mail_of_rest, notify_asked
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.queries import next_due, open_round, progress_of
from web_admin.access_review.rules import REMIND_BEFORE, REMIND_OFFICE_EVERY
from web_admin.action.base import new_action
from web_admin.compound.models import Site
from web_admin.core.database import Menjin


def begin_due_rounds(menjin: Menjin, now: datetime) -> int:
    """Begin a round at each site where one is due and none runs; return how many."""
    with menjin.database.session() as session:
        due = [
            site_id
            for site_id in session.scalars(select(Site.site_id)).all()
            if _is_due(next_due(session, site_id, menjin.config.access_review_days), now)
            and open_round(session, site_id) is None
        ]
    for site_id in due:
        with menjin.database.session() as session:
            act = new_action(menjin, session, site_id, "housekeeping", "system", now=now)
            begin_round(act, menjin.config.public_url)
    return len(due)


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def remind_of_rounds(menjin: Menjin, now: datetime) -> int:
    """Remind the office of a round with rows left, and once those whose deadline is near; return how many."""
    count = 0
    with menjin.database.session() as session:
        rounds = session.scalars(select(ReviewRound).where(ReviewRound.closed_at.is_(None))).all()
        for of_round in rounds:
            site = session.get_one(Site, of_round.site_id)
            left = progress_of(session, of_round.round_id).left
            if left and now >= (of_round.reminded_at or of_round.began_at) + REMIND_OFFICE_EVERY:
                of_round.reminded_at = now
                mail_of_rest(session, site, left, menjin.config.public_url, now)
                count += 1
            asked = select(ReviewRow).where(
                ReviewRow.round_id == of_round.round_id,
                ReviewRow.decision.is_(None),
                ReviewRow.answer.is_(None),
                ReviewRow.reminded_at.is_(None),
                ReviewRow.answer_by > now,
                ReviewRow.answer_by <= now + REMIND_BEFORE,
            )
            for row in session.scalars(asked).all():
                row.reminded_at = now
                notify_asked(session, site, row, menjin.config.public_url, now)
                count += 1
    return count
