"""Parse the keys typed at a lane: home number, `#`, PIN or code, `#`. Home 0 is the emergency code's.

EMPTY ── digit ──> HOME ── # ──> SECRET ── # (6 or 8 digits) ──> complete
  ^                 │ * clears, silence of 20 s clears │
  └─────────────────┴──────────────────────────────────┘
"""

from dataclasses import dataclass, replace

from gate_controller.contract.pins import PIN_DIGITS, VISITOR_CODE_DIGITS

DIGITS = frozenset("0123456789")
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
    last_key_seconds: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Return whether nothing has been typed."""
        return not self.home and not self.in_secret

    @property
    def is_complete(self) -> bool:
        """Return whether the secret has a legal length."""
        return self.in_secret and len(self.secret) in (PIN_DIGITS, VISITOR_CODE_DIGITS)


def press(
    entry: Entry, key: str, now_seconds: float, *, forgotten_after_seconds: float = FORGOTTEN_AFTER_SECONDS
) -> tuple[Entry, bool]:
    """Return the entry after a key, and whether `#` just ended its last part; `now_seconds` monotonic."""
    if now_seconds - entry.last_key_seconds > forgotten_after_seconds:
        entry = Entry()
    entry = replace(entry, last_key_seconds=now_seconds)
    if key == "*":
        return Entry(last_key_seconds=now_seconds), False
    if key == "#":
        if not entry.in_secret:
            return (replace(entry, in_secret=True) if entry.home else entry), False
        return entry, True
    if key not in DIGITS:
        return entry, False
    if not entry.in_secret:
        return replace(entry, home=(entry.home + key)[:MAX_HOME_DIGITS]), False
    return replace(entry, secret=(entry.secret + key)[:MAX_SECRET_DIGITS]), False
