"""When a gate asks next: by its server's pace, by its bell, and never more often than a bell may cause."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from gate_controller.contract.messages import AskRequest

RETRY_SECONDS = 2.0
"""After a question without an answer."""
SPREAD_SECONDS = 0.2
"""By how much gates that are woken together differ."""
WAKE_UP_SECONDS, WAKE_UPS_AT_ONCE = 2.0, 5
"""A bell that never stops causes a question each so many seconds, as if there were none."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uniform(low: float, high: float) -> float:
    """Return a random number between two."""
    return secrets.SystemRandom().uniform(low, high)


class AskPace:
    """When to ask next, on a clock that no setting moves."""

    def __init__(self, now: float, between: Callable[[float, float], float] = uniform) -> None:
        """Ask at once."""
        self._between = between
        self._ask_at = self._asked_at = now
        self._again = RETRY_SECONDS
        self._caused_until = now
        """Each question that the bell causes moves it by WAKE_UP_SECONDS; it is never far ahead of now."""
        self.waits_for_bell = False
        """True if the next question may wait longer than the server's pace."""

    def is_due(self, now: float) -> bool:
        return now >= self._ask_at

    def seconds_left(self, now: float) -> float:
        """Return how long the gate may sleep; while it waits for its bell it looks for news of its own."""
        left = max(0.0, self._ask_at - now)
        return min(left, self._again) if self.waits_for_bell else left

    def ask_now(self, now: float) -> None:
        """Ask at the next turn."""
        self._ask_at = now

    def asked(self, now: float) -> None:
        """Note a question; without an answer it is repeated soon."""
        self._asked_at, self._ask_at = now, now + RETRY_SECONDS
        self.waits_for_bell = False

    def answered(self, again: float, with_bell: float | None) -> None:
        """Note the answer: how soon the server wants to be asked, and how soon if the bell is heard."""
        self._again = again
        self.waits_for_bell = with_bell is not None and with_bell > again
        wait = again if with_bell is None or not self.waits_for_bell else self._between(0.9, 1.0) * with_bell
        self._ask_at = self._asked_at + wait

    def has_news(self) -> None:
        """Ask as soon as without a bell: the gate has something to say."""
        self._ask_at = min(self._ask_at, self._asked_at + self._again)

    def hears_or_not(self, now: float) -> None:
        """Ask after a random wait: the bell began or ceased to be heard, as it may at all gates together."""
        self._bring_forward(now, now + self._between(0.0, self._again))

    def woken(self, now: float) -> None:
        """Ask because a wake-up came."""
        self._bring_forward(now, now + self._between(0.0, SPREAD_SECONDS))

    def _bring_forward(self, now: float, at: float) -> None:
        """Ask earlier, within what a bell may cause (the generic cell rate algorithm)."""
        at = max(at, self._caused_until - WAKE_UP_SECONDS * WAKE_UPS_AT_ONCE)
        if at < self._ask_at:
            self._ask_at = at
            self._caused_until = max(self._caused_until, now) + WAKE_UP_SECONDS


def lasting(question: AskRequest) -> AskRequest:
    """Return a question without what differs each time, or travels with the journal."""
    return msgspec.structs.replace(
        question,
        gate_time=EPOCH,
        sealing_public_key=msgspec.UNSET,
        journal_seq=0,
        handed_over=msgspec.UNSET,
        bell_key=msgspec.UNSET,
    )
