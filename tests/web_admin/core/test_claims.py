"""A row is worked at by one process at a time, and by another one once its claim ran out."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.core.claims import claim_first, claimed_row, is_unclaimed, release, unclaimed
from web_admin.core.database import Database
from web_admin.core.job_models import LongJob

pytestmark = pytest.mark.both_databases
LASTS = timedelta(minutes=3)


@pytest.fixture
def job_id(database: Database, site: str, now: datetime) -> str:
    with database.session() as session:
        session.add(
            LongJob(
                job_id="job", site_id=site, kind="import_people", author_id="mei", total=1, created_at=now
            )
        )
    return "job"


def claim(session: Session, now: datetime) -> str | None:
    job = claim_first(session, select(LongJob).where(unclaimed(LongJob, now)), now, LASTS)
    return None if job is None else job.claim


def test_a_claimed_row_is_taken_by_another_only_once_the_claim_ran_out(
    database: Database, job_id: str, now: datetime
) -> None:
    with database.session() as session:
        first = claim(session, now)
        assert first is not None
    for later, is_free in ((timedelta(0), False), (LASTS - timedelta(seconds=1), False), (LASTS, True)):
        with database.session() as session:
            assert is_unclaimed(session.get_one(LongJob, job_id), now + later) is is_free
            assert (claim(session, now + later) is not None) is is_free
    with database.session() as session:
        assert claimed_row(session, LongJob, job_id, first) is None, "it came too late"


def test_a_released_row_is_free_at_once_and_its_claim_is_over(
    database: Database, job_id: str, now: datetime
) -> None:
    with database.session() as session:
        first = claim(session, now)
        held = claimed_row(session, LongJob, job_id, first or "")
        assert held is not None
        release(held)
        session.flush()
        assert claimed_row(session, LongJob, job_id, first or "") is None
        assert claim(session, now) not in (None, first)
