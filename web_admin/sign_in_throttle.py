"""How guessing at sign-in is slowed without shutting a household out. Pure: time is an argument.

Only tries that fail are counted, so that forty families may sign in from the office's one address. What
a person chose (a password, six digits) is guarded in three circles, each of which forgets by itself:

- the account, from one address: ten failures in five minutes;
- the address, for whatever account: two hundred failures in five minutes, because a mobile network
  puts hundreds of homes behind one address;
- the account, from everywhere: after twenty failures each costs twice the wait of the one before, up
  to five minutes, for addresses from which that account has never signed in.

An address from which the account has signed in before is bound by the first circle alone: strangers
elsewhere, or beside it in the same network, cannot shut its owner out there. Invitations (57 random
bits) and passkeys are never made to wait: nobody guesses them, and they are the other way in while a
password is under attack. Their failures count for the address, which is told so.
"""

import hashlib
from collections import OrderedDict
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from threading import Lock
from typing import TypeVar

Value = TypeVar("Value")

WITHIN = timedelta(minutes=5)
PAIR_FAILURES = 10
"""Failures of one account from one address within `WITHIN`."""
ADDRESS_FAILURES = 200
"""Failures of one address within `WITHIN`, whatever the account."""
FREE_FAILURES = 20
"""Failures of one account from anywhere before they cost a wait."""
LONGEST_WAIT = timedelta(minutes=5)
ACCOUNT_FORGETS_AFTER = timedelta(hours=1)
"""How long after its last failure an account is as good as new."""
KNOWN_FOR = timedelta(days=30)
"""How long an address counts as one of the account's own after a sign-in."""
MOST_KEPT = 20_000
"""Entries of each kind; the oldest go first, so that strangers' names cannot fill the memory."""


class SignInThrottle:
    """Counts of failed tries, in this process's memory; safe to share between threads."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._failures: OrderedDict[bytes, list[datetime]] = OrderedDict()
            self._accounts: OrderedDict[bytes, tuple[int, datetime]] = OrderedDict()
            self._known: OrderedDict[bytes, datetime] = OrderedDict()

    def wait_seconds(self, account: str, address: str, now: datetime) -> int:
        """Return for how many seconds this account is not asked from this address; 0 to ask it."""
        place = _place(address)
        with self._lock:
            wait = self._wait_of(_key(account, place), PAIR_FAILURES, now)
            if not self._is_known(_key(account, place), now):
                of_address = self._wait_of(_key(place), ADDRESS_FAILURES, now)
                wait = max(wait, of_address, self._wait_of_account(account, now))
        return ceil(wait / timedelta(seconds=1))

    def failed(self, account: str, address: str, now: datetime) -> None:
        """Count one try that failed."""
        place = _place(address)
        with self._lock:
            for key in (_key(account, place), _key(place)):
                recent = [at for at in self._failures.pop(key, []) if at > now - WITHIN]
                _keep(self._failures, key, [*recent[-ADDRESS_FAILURES:], now])
            count, last = self._accounts.pop(_key(account), (0, now))
            count = count + 1 if last > now - ACCOUNT_FORGETS_AFTER else 1
            _keep(self._accounts, _key(account), (count, now))

    def worked(self, account: str, address: str, now: datetime) -> None:
        """Note that the account's owner signed in from here."""
        key = _key(account, _place(address))
        with self._lock:
            self._failures.pop(key, None)
            self._known.pop(key, None)
            _keep(self._known, key, now)

    def address_wait_seconds(self, address: str, now: datetime) -> int:
        """Return for how many seconds too many tries from this address have failed; 0 for none."""
        with self._lock:
            wait = self._wait_of(_key(_place(address)), ADDRESS_FAILURES, now)
        return ceil(wait / timedelta(seconds=1))

    def _is_known(self, key: bytes, now: datetime) -> bool:
        worked_at = self._known.get(key)
        return worked_at is not None and worked_at > now - KNOWN_FOR

    def _wait_of(self, key: bytes, most: int, now: datetime) -> timedelta:
        recent = [at for at in self._failures.get(key, []) if at > now - WITHIN]
        return recent[-most] + WITHIN - now if len(recent) >= most else timedelta(0)

    def _wait_of_account(self, account: str, now: datetime) -> timedelta:
        count, last = self._accounts.get(_key(account), (0, now))
        if count < FREE_FAILURES or last <= now - ACCOUNT_FORGETS_AFTER:
            return timedelta(0)
        doublings = min(count - FREE_FAILURES, 10)
        return max(min(timedelta(seconds=2**doublings), LONGEST_WAIT) - (now - last), timedelta(0))


def _keep(table: MutableMapping[bytes, Value], key: bytes, value: Value) -> None:
    table[key] = value
    while len(table) > MOST_KEPT:
        del table[next(iter(table))]


def _key(*words: str) -> bytes:
    """Return a digest: people type passwords into the field of the name, and some are long."""
    text = "\n".join(word.strip().lower() for word in words)
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).digest()


def _place(address: str) -> str:
    """Return what one household or attacker has of addresses: one of IPv4, a /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return parsed.packed[:8].hex()
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
