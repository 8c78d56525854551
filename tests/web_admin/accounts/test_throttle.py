"""Guessing is slowed; a building behind one address and a household under attack are not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from tests.support.examples import examples
from web_admin.accounts.throttle import LONGEST_WAIT, Claim, claim, worked
from web_admin.core import limit_counts
from web_admin.core.database import Database
from web_admin.core.limit_counts import LimitCounts, forget_old_counts
from web_admin.core.limit_models import LimitCount
from web_admin.core.limits import SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, SIGN_IN_PAIR
from web_admin.core.sealing import Sealer

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFICE = "203.0.113.7"


PAIR_FAILURES, ADDRESS_FAILURES = SIGN_IN_PAIR.most, SIGN_IN_ADDRESS.most
FREE_FAILURES = SIGN_IN_ACCOUNT.most


class Throttle:
    """The counts in a database, as a request uses them."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database, self.counts = database, LimitCounts(database, sealer)

    def failed(self, account: str, address: str, now: datetime) -> Claim:
        return claim(self.counts, account, address, now)

    def worked(self, account: str, address: str, now: datetime) -> None:
        claimed = not claim(self.counts, account, address, now).wait_seconds
        with self.database.session() as session:
            worked(self.counts, session, account, address, now, claimed=claimed)

    def wait_seconds(self, account: str, address: str, now: datetime) -> int:
        """Return the wait of one more try, which is taken back."""
        columns = (LimitCount.key, LimitCount.limit_name, LimitCount.counted, LimitCount.forget_at)
        with self.database.open_reading() as session:
            before = [row._asdict() for row in session.execute(select(*columns))]
        wait = claim(self.counts, account, address, now).wait_seconds
        with self.database.session() as session:
            session.execute(delete(LimitCount))
            session.add_all(LimitCount(**row) for row in before)
        return wait


@pytest.fixture
def throttle(database: Database, sealer: Sealer) -> Throttle:
    return Throttle(database, sealer)


def fail(throttle: Throttle, times: int, account: str, address: str) -> None:
    for _try in range(times):
        throttle.failed(account, address, NOW)


@pytest.mark.wide
def test_one_account_from_one_address_waits_and_no_other_does(throttle: Throttle) -> None:
    fail(throttle, PAIR_FAILURES, "linwei", OFFICE)
    assert throttle.wait_seconds("linwei", OFFICE, NOW) == 300
    assert throttle.wait_seconds(" LinWei ", OFFICE, NOW + timedelta(seconds=299)) == 1
    assert throttle.wait_seconds("linwei", OFFICE, NOW + timedelta(minutes=5)) == 0
    assert throttle.wait_seconds("zhaomin", OFFICE, NOW) == 0
    assert throttle.wait_seconds("linwei", "198.51.100.1", NOW) == 0


@pytest.mark.wide
def test_what_works_is_not_counted(throttle: Throttle) -> None:
    for number in range(ADDRESS_FAILURES + 5):
        throttle.worked(f"family{number}", OFFICE, NOW)
    assert throttle.wait_seconds("somebody new", OFFICE, NOW) == 0


@pytest.mark.wide
def test_many_addresses_guess_one_account_slower_and_slower(throttle: Throttle) -> None:
    waits, now = [], NOW
    for number in range(40):
        throttle.failed("linwei", f"198.51.100.{number}", now)
        waits.append(throttle.wait_seconds("linwei", "192.0.2.200", now))
        now += timedelta(seconds=waits[-1])
    assert waits[: FREE_FAILURES - 1] == [0] * (FREE_FAILURES - 1)
    assert waits[FREE_FAILURES - 1 : FREE_FAILURES + 4] == [1, 2, 4, 8, 16]
    assert waits[-1] == LONGEST_WAIT.total_seconds()
    assert throttle.wait_seconds("zhaomin", "192.0.2.200", NOW) == 0


@pytest.mark.wide
def test_its_owners_address_is_not_slowed_by_strangers_elsewhere_or_beside_it(throttle: Throttle) -> None:
    throttle.worked("linwei", OFFICE, NOW)
    for number in range(60):
        throttle.failed("linwei", f"198.51.100.{number}", NOW)
    for number in range(ADDRESS_FAILURES):
        throttle.failed(f"name{number}", OFFICE, NOW)
    assert throttle.wait_seconds("linwei", OFFICE, NOW) == 0
    assert throttle.wait_seconds("zhaomin", OFFICE, NOW) == 300
    fail(throttle, PAIR_FAILURES, "linwei", OFFICE)
    assert throttle.wait_seconds("linwei", OFFICE, NOW) == 300


def test_an_attacker_with_a_whole_network_of_ipv6_is_one_address(throttle: Throttle) -> None:
    for number in range(PAIR_FAILURES):
        throttle.failed("linwei", f"2001:db8:1:2::{number:x}", NOW)
    assert throttle.wait_seconds("linwei", "2001:db8:1:2:ffff::1", NOW) == 300
    assert throttle.wait_seconds("linwei", "2001:db8:1:3::1", NOW) == 0


def test_names_without_end_do_not_fill_the_database(
    throttle: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_counts, "MAX_COUNTS_KEPT", 20)
    for number in range(30):
        throttle.failed(f"name{number}", OFFICE, NOW)
    assert forget_old_counts(throttle.database, NOW) > 30
    with throttle.database.open_reading() as session:
        assert session.scalar(select(func.count()).select_from(LimitCount)) == 20
    forget_old_counts(throttle.database, NOW + timedelta(hours=2))
    with throttle.database.open_reading() as session:
        assert session.scalar(select(func.count()).select_from(LimitCount)) == 0


def test_neither_names_nor_addresses_are_stored(throttle: Throttle) -> None:
    throttle.failed("linwei@example.org", OFFICE, NOW)
    with throttle.database.open_reading() as session:
        stored = repr([(row.key, row.limit_name, row.counted) for row in session.scalars(select(LimitCount))])
    assert "linwei" not in stored
    assert "203.0.113" not in stored


def test_tries_side_by_side_do_not_pass_the_limit_together(throttle: Throttle) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _number: throttle.failed("linwei", OFFICE, NOW), range(40)))
    taken = sorted(made.of_account for made in claims if not made.wait_seconds)
    assert taken == [*range(1, PAIR_FAILURES + 1)]


@pytest.mark.wide
@settings(
    max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123"), st.integers(0, 400)), max_size=40))
def test_whatever_happened_everyone_may_try_again_within_the_longest_wait(
    throttle: Throttle, tries: list[tuple[str, str, int]]
) -> None:
    throttle.counts.reset()
    now = NOW
    for account, address, seconds in tries:
        now += timedelta(seconds=seconds)
        throttle.failed(account, address, now)
    waits = [
        throttle.wait_seconds(account, address, now + LONGEST_WAIT) for account in "abc" for address in "123"
    ]
    assert waits == [0] * 9
