"""A review begins automatically when it is due, once; the office and those who are asked are reminded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from tests.support.acting import manager
from tests.support.compounds.access_reviews import close_now
from tests.web_admin.access_review.reviewed import fill
from web_admin.access_review.card_months import note_card_months
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.timing import begin_due_rounds, remind_of_rounds
from web_admin.action.base import Action
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin
from web_admin.core.effects import NoEffects
from web_admin.core.sealing import Sealer
from web_admin.messages.models import MailServer, OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.privacy import retention

DAY = timedelta(days=1)


@pytest.fixture
def menjin(sealer: Sealer, site: str, web_config: WebConfig, database: Database, now: datetime) -> Menjin:
    made = Menjin(web_config, database, sealer, lambda: now, NoEffects())
    with acting(made) as act:
        found = fill(act)
        act.session.add(MailServer(site_id=act.site_id, host="h", port=25, security="none", sender="a@b.cd"))
        act.session.add(
            NotificationSubscription(
                person_id=found.adult.person_id,
                channel="mail",
                address="home@example.org",
                kinds=["access_review"],
                confirmed_at=act.now,
            )
        )
    return made


@contextmanager
def acting(menjin: Menjin, ahead: timedelta = timedelta()) -> Iterator[Action]:
    with menjin.database.session() as session:
        site_id = session.scalars(select(Site.site_id)).one()
        yield manager(session, menjin.sealer, site_id, menjin.clock() + ahead, NoEffects())


def mails(menjin: Menjin) -> list[str]:
    with menjin.database.session() as session:
        return sorted(session.scalars(select(OutboxMessage.target)))


def close(menjin: Menjin, ahead: timedelta) -> None:
    with acting(menjin, ahead) as act:
        close_now(act)


def test_a_review_begins_twice_a_year_and_never_beside_one_that_runs(menjin: Menjin) -> None:
    now = menjin.clock()
    assert begin_due_rounds(menjin, now) == 0
    note_card_months(menjin, now)
    assert begin_due_rounds(menjin, now + 181 * DAY) == 0
    assert begin_due_rounds(menjin, now + 182 * DAY) == 1
    assert begin_due_rounds(menjin, now + 182 * DAY) == 0
    assert mails(menjin) == ["home@example.org", "m@example.org"]
    assert begin_due_rounds(menjin, now + 400 * DAY) == 0, "the first one still runs"
    close(menjin, 400 * DAY)
    assert begin_due_rounds(menjin, now + 400 * DAY) == 1
    with menjin.database.session() as session:
        rounds = session.scalars(select(ReviewRound).order_by(ReviewRound.number)).all()
        assert [(one.number, one.began_by) for one in rounds] == [(1, "housekeeping"), (2, "housekeeping")]


def test_the_office_is_reminded_every_two_weeks_and_a_home_once(menjin: Menjin) -> None:
    note_card_months(menjin, menjin.clock())
    begun = menjin.clock() + 182 * DAY
    begin_due_rounds(menjin, begun)
    assert remind_of_rounds(menjin, begun + 13 * DAY) == 0
    assert remind_of_rounds(menjin, begun + 14 * DAY) == 1
    assert remind_of_rounds(menjin, begun + 14 * DAY) == 0
    assert mails(menjin).count("m@example.org") == 2
    assert remind_of_rounds(menjin, begun + 25 * DAY) == 1
    assert remind_of_rounds(menjin, begun + 26 * DAY) == 0
    assert mails(menjin).count("home@example.org") == 2
    with menjin.database.session() as session:
        assert session.scalars(select(ReviewRow.decision).where(ReviewRow.decision.is_not(None))).all() == []
        session.execute(update(ReviewRow).values(reminded_at=None))
    remind_of_rounds(menjin, begun + 28 * DAY)
    assert mails(menjin).count("home@example.org") == 2, "the deadline is over"


def test_rows_and_records_are_deleted_with_the_evidence_of_their_time(menjin: Menjin) -> None:
    note_card_months(menjin, menjin.clock())
    begin_due_rounds(menjin, menjin.clock() + 182 * DAY)
    close(menjin, 182 * DAY)

    def left(days: int) -> tuple[int, int]:
        for name in ("access_review_rows_deleted", "access_review_records_deleted"):
            retention.STEPS[name](menjin, menjin.clock() + days * DAY)
        with menjin.database.session() as session:
            counts = [
                session.scalar(select(func.count()).select_from(one)) for one in (ReviewRow, ReviewRound)
            ]
        return counts[0] or 0, counts[1] or 0

    assert left(182 + 1096)[1] == 1
    assert left(182 + 1097) == (0, 0)
