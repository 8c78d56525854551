"""Acts that are planned for Monday morning on a Wednesday, and the time that passes until they begin."""

from datetime import UTC, datetime

from sqlalchemy import select

from tests.support.compounds.desk import read
from web_admin.core.job_models import LongJob
from web_admin.later import acts as later_acts
from web_admin.operations.later_runs import run_due

WEDNESDAY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
MONDAY = {"when": "later", "begins_at": "2026-07-06T06:00"}
AT_BEGIN = datetime(2026, 7, 5, 22, 0, tzinfo=UTC)
LIST = "/manage/later"
PLANNED = LongJob.kind == later_acts.KIND


def states(compound):
    """Return the states of all planned acts."""
    return read(compound, lambda s: s.scalars(select(LongJob.state).where(PLANNED)).all())


def pass_time(compound, to=AT_BEGIN):
    """Let the time come, and the server's next turn; return how many acts were due."""
    compound.clock.now = to
    return run_due(compound.app)
