"""Slow guessing at sign-in without locking a household out.

A try is counted before it is judged and given back when it was right, so that only tries that fail count:
forty families may sign in from the office's one address. What a person chose (a password, six digits) is
guarded in three circles, each of which forgets with time:

- the account, from one address: ten failures in five minutes;
- the address, for any account: two hundred failures in five minutes, because a mobile network
  puts hundreds of homes behind one address;
- the account, from everywhere: after twenty failures each costs twice the wait of the one before, up
  to five minutes, for addresses from which that account has never signed in.

An address from which the account has signed in before is bound by the first circle alone: strangers
elsewhere, or beside it in the same network, cannot shut its owner out there. Invitations (57 random
bits) and passkeys are never delayed: no one guesses them, and they are the other way in while a
password is under attack. Their failures count for the address, and the answer says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gate_controller.contract.client_places import place_of_address
from web_admin.core.limit_counts import CountedTries, LimitCounts, wait_seconds, with_one_less, with_one_more
from web_admin.core.limits import SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, SIGN_IN_KNOWN, SIGN_IN_PAIR

LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claim:
    """A try that was counted, or the wait that it was given; how many failed until now, itself included.

    `of_address` is 0 where the address has failed too often already, and is one of the account's own.
    """

    wait_seconds: int
    of_account: int = 0
    of_address: int = 0


@dataclass(frozen=True, slots=True)
class Circles:
    """The counts that one try belongs to."""

    pair: CountedTries
    address: CountedTries
    account: CountedTries
    known: CountedTries

    def all(self) -> tuple[CountedTries, ...]:
        """Return every one of them."""
        return (self.pair, self.address, self.account, self.known)


def circles(account: str, address: str) -> Circles:
    """Return the counters of a try of this account from this address."""
    place = place_of_address(address)
    return Circles(
        CountedTries(SIGN_IN_PAIR, (account, place)),
        CountedTries(SIGN_IN_ADDRESS, (place,)),
        CountedTries(SIGN_IN_ACCOUNT, (account,)),
        CountedTries(SIGN_IN_KNOWN, (account, place)),
    )


def claim(counts: LimitCounts, account: str, address: str, now: datetime) -> Claim:
    """Count one try, to be given back when it was right; or return the wait, which counts nothing."""
    of = circles(account, address)
    # Who has to wait costs a reading and takes no lock.
    wait = _wait(of, dict(zip(of.all(), counts.read(of.all()), strict=True)), now)
    if wait:
        return Claim(wait)
    with counts.locked(of.all()) as rows:
        wait = _wait(of, rows, now)
        if wait:
            return Claim(wait)
        rows[of.pair] = with_one_more(SIGN_IN_PAIR, rows[of.pair], now)
        of_address = 0
        if not wait_seconds(SIGN_IN_ADDRESS, rows[of.address], now):
            rows[of.address] = with_one_more(SIGN_IN_ADDRESS, rows[of.address], now)
            of_address = sum(rows[of.address][1::2])
        failures = _failures(rows[of.account], now) + 1
        rows[of.account] = [int(now.timestamp()), failures]
        return Claim(0, failures, of_address)


def failed_unasked(counts: LimitCounts, address: str, now: datetime) -> int:
    """Count a failure of what is never made to wait; return the seconds that its address now waits."""
    of = CountedTries(SIGN_IN_ADDRESS, (place_of_address(address),))
    counts.take(of, now)
    return counts.wait(of, now)


def worked(
    counts: LimitCounts, session: Session, account: str, address: str, now: datetime, *, claimed: bool
) -> None:
    """Note in this transaction that the owner signed in from here; a try that was claimed is given back."""
    of = circles(account, address)
    with counts.locked_in(session, of.all()) as rows:
        rows[of.pair] = []
        rows[of.known] = [int(now.timestamp()), 1]
        if claimed:
            rows[of.address] = with_one_less(SIGN_IN_ADDRESS, rows[of.address], now)
            failures = _failures(rows[of.account], now) - 1
            rows[of.account] = [rows[of.account][0], failures] if failures > 0 else []


def _wait(of: Circles, rows: dict[CountedTries, list[int]], now: datetime) -> int:
    wait = wait_seconds(SIGN_IN_PAIR, rows[of.pair], now)
    known = rows[of.known]
    if known and known[0] > int(now.timestamp()) - SIGN_IN_KNOWN.window_seconds:
        return wait
    of_address = wait_seconds(SIGN_IN_ADDRESS, rows[of.address], now)
    return max(wait, of_address, _wait_of_account(rows[of.account], now))


def _failures(counted: Sequence[int], now: datetime) -> int:
    forgotten = not counted or counted[0] <= int(now.timestamp()) - SIGN_IN_ACCOUNT.window_seconds
    return 0 if forgotten else counted[1]


def _wait_of_account(counted: Sequence[int], now: datetime) -> int:
    failures = _failures(counted, now)
    if failures < SIGN_IN_ACCOUNT.most:
        return 0
    longest = int(LONGEST_WAIT.total_seconds())
    wait: int = min(2 ** min(failures - SIGN_IN_ACCOUNT.most, 10), longest)
    return max(wait - (int(now.timestamp()) - counted[0]), 0)
