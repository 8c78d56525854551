"""Guessing is slowed; a building behind one address and a household under attack are not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from web_admin.sign_in_throttle import (
    ADDRESS_FAILURES,
    FREE_FAILURES,
    LONGEST_WAIT,
    MOST_KEPT,
    PAIR_FAILURES,
    SignInThrottle,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFICE = "203.0.113.7"


def fail(throttle: SignInThrottle, times: int, account: str, address: str) -> None:
    for _try in range(times):
        throttle.failed(account, address, NOW)


def test_one_account_from_one_address_waits_and_no_other_does() -> None:
    throttle = SignInThrottle()
    fail(throttle, PAIR_FAILURES, "linwei", OFFICE)
    assert throttle.wait_seconds("linwei", OFFICE, NOW) == 300
    assert throttle.wait_seconds(" LinWei ", OFFICE, NOW + timedelta(seconds=299)) == 1
    assert throttle.wait_seconds("linwei", OFFICE, NOW + timedelta(minutes=5)) == 0
    assert throttle.wait_seconds("zhaomin", OFFICE, NOW) == 0
    assert throttle.wait_seconds("linwei", "198.51.100.1", NOW) == 0


def test_what_works_is_not_counted() -> None:
    throttle = SignInThrottle()
    for number in range(3 * ADDRESS_FAILURES):
        throttle.worked(f"family{number}", OFFICE, NOW)
    assert throttle.wait_seconds("somebody new", OFFICE, NOW) == 0


def test_many_addresses_guess_one_account_slower_and_slower() -> None:
    throttle = SignInThrottle()
    waits = []
    for number in range(40):
        throttle.failed("linwei", f"198.51.100.{number}", NOW)
        waits.append(throttle.wait_seconds("linwei", "192.0.2.200", NOW))
    assert waits[: FREE_FAILURES - 1] == [0] * (FREE_FAILURES - 1)
    assert waits[FREE_FAILURES - 1 : FREE_FAILURES + 4] == [1, 2, 4, 8, 16]
    assert waits[-1] == LONGEST_WAIT.total_seconds()
    assert throttle.wait_seconds("zhaomin", "192.0.2.200", NOW) == 0


def test_its_owners_address_is_not_slowed_by_strangers_elsewhere_or_beside_it() -> None:
    throttle = SignInThrottle()
    throttle.worked("linwei", OFFICE, NOW)
    for number in range(60):
        throttle.failed("linwei", f"198.51.100.{number}", NOW)
    for number in range(ADDRESS_FAILURES):
        throttle.failed(f"name{number}", OFFICE, NOW)
    assert throttle.wait_seconds("linwei", OFFICE, NOW) == 0
    assert throttle.wait_seconds("zhaomin", OFFICE, NOW) == 300
    fail(throttle, PAIR_FAILURES, "linwei", OFFICE)
    assert throttle.wait_seconds("linwei", OFFICE, NOW) == 300


def test_an_attacker_with_a_whole_network_of_ipv6_is_one_address() -> None:
    throttle = SignInThrottle()
    for number in range(PAIR_FAILURES):
        throttle.failed("linwei", f"2001:db8:1:2::{number:x}", NOW)
    assert throttle.wait_seconds("linwei", "2001:db8:1:2:ffff::1", NOW) == 300
    assert throttle.wait_seconds("linwei", "2001:db8:1:3::1", NOW) == 0


def test_names_without_end_do_not_fill_the_memory() -> None:
    throttle = SignInThrottle()
    for number in range(MOST_KEPT + 10):
        throttle.failed(f"name{number}", OFFICE, NOW)
    assert {len(throttle._failures), len(throttle._accounts)} == {MOST_KEPT}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123"), st.integers(0, 400)), max_size=80))
def test_whatever_happened_everybody_may_try_again_within_the_longest_wait(
    tries: list[tuple[str, str, int]],
) -> None:
    throttle, now = SignInThrottle(), NOW
    for account, address, seconds in tries:
        now += timedelta(seconds=seconds)
        throttle.failed(account, address, now)
    assert all(
        throttle.wait_seconds(account, address, now + LONGEST_WAIT) == 0
        for account in "abc"
        for address in "123"
    )
