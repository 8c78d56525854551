"""Parse the keys typed at a lane: home number, `#`, PIN or code, `#`. Home 0 is the emergency code's.

EMPTY ── digit ──> HOME ── # ──> SECRET ── # (6 or 8 digits) ──> complete
  ^                 │ * clears, silence of 20 s clears │
  └─────────────────┴──────────────────────────────────┘

A `0` as the first key reads the screen aloud, and the home number begins after it. Only at the `#` is it
counted as a digit, where the number needs it: alone it is the emergency code's, and before others it stays
where a home has that very number. No pause decides it: people with home 0101 are slow, those with 101 quick.
"""

from collections.abc import Container
from dataclasses import dataclass, replace

from gate_controller.contract.pins import PIN_DIGITS, VISITOR_CODE_DIGITS

DIGITS = frozenset("0123456789")
ZERO = "0"
FORGOTTEN_AFTER_SECONDS = 20.0
MAX_HOME_DIGITS = 20
MAX_SECRET_DIGITS = VISITOR_CODE_DIGITS + 1
"""One digit more than any secret has, so that a secret with too many is not cut to a legal one."""


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """Keys so far; never printed. `home` is shown on the screen, `secret` only counted."""

    home: str = ""
    secret: str = ""
    in_secret: bool = False
    after_zero: bool = False
    """True if the first key was a `0`, which is no part of `home` before the `#`."""
    last_key_seconds: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Return whether nothing has been typed."""
        return not self.home and not self.in_secret and not self.after_zero

    @property
    def is_complete(self) -> bool:
        """Return whether the secret has a legal length."""
        return self.in_secret and len(self.secret) in (PIN_DIGITS, VISITOR_CODE_DIGITS)


def press(
    entry: Entry,
    key: str,
    now_seconds: float,
    *,
    homes: Container[str] = (),
    zero_reads: bool = False,
    forgotten_after_seconds: float = FORGOTTEN_AFTER_SECONDS,
) -> tuple[Entry, bool]:
    """Return the entry after a key, and whether `#` just ended its last part; `now_seconds` monotonic.

    `homes` are the numbers of all homes, as they are typed; `zero_reads` says that a first `0` reads aloud.
    """
    if now_seconds - entry.last_key_seconds > forgotten_after_seconds:
        entry = Entry()
    entry = replace(entry, last_key_seconds=now_seconds)
    if key == "*":
        return Entry(last_key_seconds=now_seconds), False
    if key == "#":
        if entry.in_secret:
            return entry, True
        home = _home_of(entry, homes)
        return (replace(entry, home=home, in_secret=True) if home else entry), False
    if key not in DIGITS:
        return entry, False
    if zero_reads and key == ZERO and entry.is_empty:
        return replace(entry, after_zero=True), False
    if not entry.in_secret:
        return replace(entry, home=(entry.home + key)[:MAX_HOME_DIGITS]), False
    return replace(entry, secret=(entry.secret + key)[:MAX_SECRET_DIGITS]), False


def _home_of(entry: Entry, homes: Container[str]) -> str:
    """Return the home number that was typed, with the `0` before it where it needs one."""
    with_zero = ZERO + entry.home
    needs_it = not entry.home or with_zero in homes
    return with_zero if entry.after_zero and needs_it else entry.home
