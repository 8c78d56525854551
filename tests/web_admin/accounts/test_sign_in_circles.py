"""What each try to sign in counts for, and until when: the account, the address, and both together."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gate_controller.contract.client_places import place_of_address
from web_admin.accounts.throttle import Claim, circles, claim, failed_unasked, worked
from web_admin.core.database import Database
from web_admin.core.limit_counts import CountedTries, LimitCounts
from web_admin.core.limits import SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, SIGN_IN_KNOWN, SIGN_IN_PAIR
from web_admin.core.sealing import Sealer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
OFFICE, PHONE = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def counts(database: Database, sealer: Sealer) -> LimitCounts:
    return LimitCounts(database, sealer)


def note_success(counts: LimitCounts, account: str, address: str, now: datetime, *, claimed: bool) -> None:
    with counts.database.session() as session:
        worked(counts, session, account, address, now, claimed=claimed)


def rows(counts: LimitCounts, account: str, address: str) -> list[list[int]]:
    """Return what is stored of the pair, the address, the account and the known pair."""
    return counts.read(circles(account, address).all())


def store(counts: LimitCounts, of_account: str, from_address: str, **stored: list[int]) -> None:
    of = circles(of_account, from_address)
    with counts.locked(of.all()) as locked:
        for name, counted in stored.items():
            locked[getattr(of, name)] = counted


def test_a_try_counts_for_its_pair_its_address_and_its_account(counts: LimitCounts) -> None:
    assert claim(counts, "linwei", OFFICE, NOW) == Claim(0, 1, 1)
    assert claim(counts, "linwei", OFFICE, NOW + SECOND) == Claim(0, 2, 2)
    assert claim(counts, "zhaomin", OFFICE, NOW + SECOND) == Claim(0, 1, 3)
    assert claim(counts, "linwei", PHONE, NOW + SECOND) == Claim(0, 3, 1)
    at = int(NOW.timestamp())
    assert rows(counts, "linwei", OFFICE) == [[at, 1, at + 1, 1], [at, 1, at + 1, 2], [at + 1, 3], []]


class NothingReadYet(LimitCounts):
    """Counts of a worker that read before the tries of all others were stored."""

    def read(self, every: Collection[CountedTries]) -> list[list[int]]:
        return [[] for _of in every]


class LocksNothing(LimitCounts):
    """Counts that cannot be locked: a reading has to do."""

    @contextmanager
    def locked(self, every: Collection[CountedTries]) -> Iterator[dict[CountedTries, list[int]]]:
        raise AssertionError(every)
        yield {}


def test_a_try_is_judged_again_by_what_was_stored_since_it_was_read(
    counts: LimitCounts, sealer: Sealer
) -> None:
    store(counts, "linwei", OFFICE, pair=[int(NOW.timestamp()), SIGN_IN_PAIR.most])
    late = NothingReadYet(counts.database, sealer)
    assert claim(late, "linwei", OFFICE, NOW) == Claim(300)
    assert rows(counts, "linwei", OFFICE)[1:] == [[], [], []]


def test_a_try_that_has_to_wait_takes_no_lock(counts: LimitCounts, sealer: Sealer) -> None:
    store(counts, "linwei", OFFICE, pair=[int(NOW.timestamp()), SIGN_IN_PAIR.most])
    assert claim(LocksNothing(counts.database, sealer), "linwei", OFFICE, NOW) == Claim(300)


def test_a_try_that_has_to_wait_counts_for_nothing(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    store(counts, "linwei", OFFICE, pair=[at, SIGN_IN_PAIR.most], address=[at, 10], account=[at, 10])
    before = rows(counts, "linwei", OFFICE)
    assert claim(counts, "linwei", OFFICE, NOW) == Claim(300)
    assert rows(counts, "linwei", OFFICE) == before


def test_an_address_that_failed_too_often_lets_its_own_account_in_and_counts_no_further(
    counts: LimitCounts,
) -> None:
    at = int(NOW.timestamp())
    store(counts, "linwei", OFFICE, address=[at, SIGN_IN_ADDRESS.most], known=[at, 1])
    assert claim(counts, "linwei", OFFICE, NOW) == Claim(0, 1, 0)
    assert rows(counts, "linwei", OFFICE)[1] == [at, SIGN_IN_ADDRESS.most]
    assert claim(counts, "zhaomin", OFFICE, NOW) == Claim(300)


def test_an_address_is_its_accounts_own_for_thirty_days(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    store(counts, "linwei", OFFICE, known=[at, 1])
    until = NOW + timedelta(seconds=SIGN_IN_KNOWN.window_seconds)
    for now, waits in ((until - SECOND, 0), (until, 300)):
        store(counts, "linwei", OFFICE, address=[int(now.timestamp()), SIGN_IN_ADDRESS.most])
        assert claim(counts, "linwei", OFFICE, now).wait_seconds == waits


def test_its_own_address_waits_for_its_pair_all_the_same(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    store(counts, "linwei", OFFICE, known=[at, 1], pair=[at, SIGN_IN_PAIR.most])
    assert claim(counts, "linwei", OFFICE, NOW + SECOND) == Claim(299)


@pytest.mark.parametrize(
    ("failures", "seconds_ago", "wait"),
    [
        (SIGN_IN_ACCOUNT.most - 1, 0, 0),
        (SIGN_IN_ACCOUNT.most, 0, 1),
        (SIGN_IN_ACCOUNT.most, 1, 0),
        (SIGN_IN_ACCOUNT.most + 3, 2, 6),
        (SIGN_IN_ACCOUNT.most + 3, 100, 0),
        (SIGN_IN_ACCOUNT.most + 8, 0, 256),
        (SIGN_IN_ACCOUNT.most + 9, 0, 300),
        (SIGN_IN_ACCOUNT.most + 500, 299, 1),
    ],
)
def test_the_wait_of_an_account_doubles_from_one_second_to_five_minutes(
    counts: LimitCounts, failures: int, seconds_ago: int, wait: int
) -> None:
    store(counts, "linwei", OFFICE, account=[int(NOW.timestamp()) - seconds_ago, failures])
    assert claim(counts, "linwei", PHONE, NOW).wait_seconds == wait


def test_the_longest_of_the_waits_is_given(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    store(counts, "linwei", OFFICE, pair=[at - 290, SIGN_IN_PAIR.most], address=[at - 100, 200])
    assert claim(counts, "linwei", OFFICE, NOW) == Claim(200)
    store(counts, "linwei", OFFICE, account=[at, SIGN_IN_ACCOUNT.most + 8])
    assert claim(counts, "linwei", OFFICE, NOW) == Claim(256)
    store(counts, "linwei", OFFICE, pair=[at, SIGN_IN_PAIR.most])
    assert claim(counts, "linwei", OFFICE, NOW) == Claim(300)


def test_failures_of_an_account_are_forgotten_an_hour_after_the_last(counts: LimitCounts) -> None:
    store(counts, "linwei", OFFICE, account=[int(NOW.timestamp()), 7])
    assert claim(counts, "linwei", OFFICE, NOW + HOUR - SECOND).of_account == 8
    store(counts, "linwei", OFFICE, account=[int(NOW.timestamp()), 7])
    assert claim(counts, "linwei", OFFICE, NOW + HOUR).of_account == 1


def test_a_success_forgets_the_pair_and_gives_its_own_try_back(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    for _failure in range(3):
        claim(counts, "linwei", OFFICE, NOW)
    claim(counts, "linwei", OFFICE, NOW + SECOND)
    note_success(counts, "linwei", OFFICE, NOW + 2 * SECOND, claimed=True)
    assert rows(counts, "linwei", OFFICE) == [[], [at, 3], [at + 1, 3], [at + 2, 1]]


def test_a_success_leaves_the_one_failure_before_it(counts: LimitCounts) -> None:
    for _try in range(2):
        claim(counts, "linwei", OFFICE, NOW)
    note_success(counts, "linwei", OFFICE, NOW, claimed=True)
    at = int(NOW.timestamp())
    assert rows(counts, "linwei", OFFICE) == [[], [at, 1], [at, 1], [at, 1]]


def test_the_only_try_of_an_account_leaves_nothing_behind(counts: LimitCounts) -> None:
    claim(counts, "linwei", OFFICE, NOW)
    note_success(counts, "linwei", OFFICE, NOW, claimed=True)
    assert rows(counts, "linwei", OFFICE) == [[], [], [], [int(NOW.timestamp()), 1]]


def test_a_success_that_claimed_nothing_gives_nothing_back(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    for _failure in range(2):
        claim(counts, "linwei", OFFICE, NOW)
    note_success(counts, "linwei", OFFICE, NOW + SECOND, claimed=False)
    assert rows(counts, "linwei", OFFICE) == [[], [at, 2], [at, 2], [at + 1, 1]]


def test_a_failure_of_what_never_waits_counts_for_its_address_alone(counts: LimitCounts) -> None:
    at = int(NOW.timestamp())
    assert failed_unasked(counts, "2001:db8:1:2::1", NOW) == 0
    assert rows(counts, "linwei", "2001:db8:1:2::2") == [[], [at, 1], [], []]
    store(counts, "linwei", "2001:db8:1:2::2", address=[at, SIGN_IN_ADDRESS.most - 1])
    assert failed_unasked(counts, "2001:db8:1:2::1", NOW + SECOND) == 299
    assert failed_unasked(counts, "2001:db8:1:2::1", NOW + 2 * SECOND) == 298
    assert rows(counts, "linwei", "2001:db8:1:2::2")[1] == [at, SIGN_IN_ADDRESS.most - 1, at + 1, 1]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("unix socket", "unix socket"),
        ("", ""),
    ],
)
def test_a_place_is_one_address_of_ipv4_or_half_of_one_of_ipv6(address: str, place: str) -> None:
    assert place_of_address(address) == place
