"""Call each home that takes calls by telephone once a month, so that it knows that it would be reached.

A gate calls the first telephone of the home by day; who picks up presses a key. Without a telephone there is
nothing to call, and the home's page says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from web_admin.calls.gate_telephones import telephones_of_gates
from web_admin.calls.made_calls import note_test
from web_admin.calls.models import HomeCallWishes, TelephoneTask
from web_admin.calls.reach import as_rules, called_persons, has_pages, numbers_to_call
from web_admin.calls.rules import is_between, is_quiet, minute_of
from web_admin.calls.telephone_tasks import DONE, MONTHLY, OWN_TEST, new_task
from web_admin.compound.models import Site
from web_admin.core.database import Menjin
from web_admin.core.limits import MONTHLY_TESTS_OF_GATE

EVERY = timedelta(days=30)
FIRST_AFTER = timedelta(days=1)
"""Calls are tried by hand when they are switched on; the first test by the clock is a day later."""
FROM_MINUTE, UNTIL_MINUTE = 10 * 60, 18 * 60
TEST_LASTS = timedelta(hours=2)
AT_ONCE = 10
"""So many begin with each look, that a gate's telephone stays free for visitors."""
REACHED, NOT_REACHED, FAILED, NO_WAY, ON_PAGES = "reached", "not_reached", "failed", "no_way", "on_pages"
UNREACHED = (NOT_REACHED, FAILED, NO_WAY)


@dataclass(frozen=True, slots=True)
class HomesReached:
    """How many homes of a site take calls, and how many of them the last test did not reach."""

    taking: int
    unreached: int


def homes_reached(session: Session, site_id: str) -> HomesReached:
    """Count the homes that take calls, and those that their last test did not reach."""
    taking = HomeCallWishes.site_id == site_id, HomeCallWishes.takes_calls.is_(True)
    unreached = HomeCallWishes.test_result.in_(UNREACHED)
    counted = select(func.count(), func.count().filter(unreached)).where(*taking)
    return HomesReached(*session.execute(counted).one())


def run_monthly_tests(menjin: Menjin, now: datetime) -> int:
    """End tests that no gate made in time, and begin those that are due; return how many began."""
    with menjin.database.session() as session:
        for task in _unmade(session, now):
            note_test(session, task, FAILED, now)
        sites = session.scalars(select(Site).where(Site.restoring.is_(False))).all()
        return sum(_begin(session, menjin, site, now) for site in sites)


def _unmade(session: Session, now: datetime) -> Sequence[TelephoneTask]:
    late = (
        TelephoneTask.purpose.in_((MONTHLY, OWN_TEST)),
        TelephoneTask.state != DONE,
        TelephoneTask.ends_at <= now,
    )
    return session.scalars(select(TelephoneTask).where(*late)).all()


def _begin(session: Session, menjin: Menjin, site: Site, now: datetime) -> int:
    local = now.astimezone(ZoneInfo(site.timezone))
    if not is_between(minute_of(local), FROM_MINUTE, UNTIL_MINUTE):
        return 0
    evening = local.replace(hour=UNTIL_MINUTE // 60, minute=0, second=0, microsecond=0)
    due = _due(session, site.site_id, now, local, _most(session, site.site_id, now))
    for wishes in due:
        _test(session, menjin, wishes, now, min(TEST_LASTS, evening - local))
    return len(due)


def _most(session: Session, site_id: str, now: datetime) -> int:
    """Return how many tests may begin now: no more in a day than the gates are given."""
    begun = select(func.count()).where(
        TelephoneTask.site_id == site_id,
        TelephoneTask.purpose == MONTHLY,
        TelephoneTask.created_at > now - timedelta(days=1),
    )
    gates = max(1, telephones_of_gates(session, site_id).speaking)
    return min(AT_ONCE, gates * MONTHLY_TESTS_OF_GATE.most - (session.scalar(begun) or 0))


def _due(
    session: Session, site_id: str, now: datetime, local: datetime, most: int
) -> Sequence[HomeCallWishes]:
    """Return the homes whose test is due, locked; one that is not to be disturbed is tested later."""
    first = HomeCallWishes.tested_at.is_(None) & (HomeCallWishes.changed_at <= now - FIRST_AFTER)
    due = (
        select(HomeCallWishes)
        .where(
            HomeCallWishes.site_id == site_id,
            HomeCallWishes.takes_calls.is_(True),
            or_(first, HomeCallWishes.tested_at <= now - EVERY),
        )
        .order_by(HomeCallWishes.tested_at, HomeCallWishes.home_id)
    )
    awake = [row.home_id for row in session.scalars(due) if not _rests(row, now, local)][: max(0, most)]
    of_these = due.where(HomeCallWishes.home_id.in_(awake))
    return session.scalars(of_these.with_for_update(skip_locked=True)).all()


def _rests(row: HomeCallWishes, now: datetime, local: datetime) -> bool:
    wishes = as_rules(row)
    return is_quiet(wishes, local) or (wishes.dnd_until is not None and now < wishes.dnd_until)


def _test(session: Session, menjin: Menjin, wishes: HomeCallWishes, now: datetime, lasts: timedelta) -> None:
    """Begin a test; the result of one by telephone comes with the gate's word (`made_calls.py`)."""
    persons = called_persons(session, wishes.home_id)
    numbers = numbers_to_call(session, menjin.sealer, wishes.site_id, persons)
    wishes.tested_at = now
    if numbers and "telephone" in wishes.reach:
        session.add(new_task(wishes.site_id, numbers[0], MONTHLY, now, lasts))
    else:
        wishes.test_result = ON_PAGES if has_pages(session, persons, now) else NO_WAY
