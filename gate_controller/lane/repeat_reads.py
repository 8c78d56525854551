"""Debounce repeated reads: one pulse a showing; a card left at the reader no longer opens.

    AWAY ── read and granted: a pulse ──> SHOWN ── read again, the pulse runs: no second one ──> SHOWN
     ^                                     │ read again, the pulse is over: opens again, three times
     │                                     v
     └── silent for 2 s ───────── LEFT THERE: alarm_card_left once; opens nothing

Reads without a second of silence are one showing. Pure, in monotonic seconds.
"""

from dataclasses import dataclass
from enum import Enum

SAME_SHOWING_SECONDS = 1.0
SILENT_SECONDS = 2.0
OPENS_AGAIN = 3
FORGOTTEN_AFTER_SECONDS = 5.0
KEPT = 64


class ReadClass(Enum):
    """Class of one reading of a card: shown; found left there; or still left, which was reported."""

    SHOWN = "shown"
    FOUND_LEFT = "found left"
    STILL_LEFT = "still left"


@dataclass(slots=True)
class _Showing:
    read_at: float
    pulse_until: float = 0.0
    pulses: int = 0
    is_left: bool = False


class RepeatReads:
    """The credentials that are shown at each lane, and how often each was read."""

    def __init__(self) -> None:
        """Begin with nothing shown."""
        self._shown: dict[tuple[str, str], _Showing] = {}

    def read(self, lane_id: str, credential_id: str, now_seconds: float) -> ReadClass:
        """Take one reading of a known card."""
        showing = self._at(lane_id, credential_id, now_seconds)
        silent, showing.read_at = now_seconds - showing.read_at, now_seconds
        if silent >= (SILENT_SECONDS if showing.is_left else SAME_SHOWING_SECONDS):
            showing.pulses, showing.is_left = 0, False
        if showing.is_left:
            return ReadClass.STILL_LEFT
        is_over = now_seconds >= showing.pulse_until
        return ReadClass.FOUND_LEFT if showing.pulses > OPENS_AGAIN and is_over else ReadClass.SHOWN

    def record_left(self, lane_id: str, credential_id: str) -> None:
        """Record that a card found left was reported."""
        self._shown[lane_id, credential_id].is_left = True

    def pulse_runs(self, lane_id: str, shown: str, now_seconds: float) -> bool:
        """Return whether what this credential, or this face, opened is still released."""
        showing = self._shown.get((lane_id, shown))
        return showing is not None and now_seconds < showing.pulse_until

    def opened(self, lane_id: str, shown: str, now_seconds: float, seconds: float) -> None:
        """Note a pulse."""
        showing = self._at(lane_id, shown, now_seconds)
        showing.pulse_until, showing.pulses = now_seconds + seconds, showing.pulses + 1

    def _at(self, lane_id: str, shown: str, now_seconds: float) -> _Showing:
        if len(self._shown) >= KEPT:
            self._forget_old(now_seconds)
        return self._shown.setdefault((lane_id, shown), _Showing(now_seconds))

    def _forget_old(self, now_seconds: float) -> None:
        self._shown = {
            key: showing
            for key, showing in self._shown.items()
            if now_seconds < max(showing.read_at + FORGOTTEN_AFTER_SECONDS, showing.pulse_until)
        }
