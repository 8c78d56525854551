"""Hold a lane open on request at the lane: a staff card shown twice, or the emergency code.

    AT REST ── card granted ──> SHOWN ONCE ── away for 1 to 5 s, shown again ──> HELD
       │                            └── 5 s pass ──> AT REST            │ its time is over;
       └── emergency code that holds ──────────────> HELD               │ a card shown twice again;
                                                                        v a newer lockdown
                                                                     AT REST

Pure, in monotonic seconds, and in memory alone: no restart begins or resumes a hold.
"""

from dataclasses import dataclass, replace
from typing import Literal

from gate_controller.lane.repeat_reads import SAME_SHOWING_SECONDS

SHOWN_AGAIN_SECONDS = 5.0
"""How long a card may be away between two showings; less than a second away is one showing."""


@dataclass(frozen=True, slots=True)
class StaffHold:
    """One lane held open; `until_seconds` is monotonic. An emergency code's hold names no person."""

    lane_id: str
    by: Literal["staff_card", "emergency_code"]
    person_id: str | None
    credential_id: str | None
    until_seconds: float


@dataclass(frozen=True, slots=True)
class _Showing:
    """A card at a lane: whether it counts as shown once (not after the second), when last read."""

    credential_id: str
    is_first: bool
    read_at: float


class StaffHolds:
    """The holds of one gate, and which staff card was shown last at each lane."""

    def __init__(self) -> None:
        """Begin with nothing held."""
        self._held: dict[str, StaffHold] = {}
        self._shown: dict[str, _Showing] = {}

    def shown_twice(self, lane_id: str, credential_id: str, now_seconds: float) -> bool:
        """Note a granted staff card; return whether it is its second showing, 1 to 5 s after the first.

        Repeated reads of a card that stays at the reader are one showing. After a second showing the
        next one counts as a first again.
        """
        last = self._shown.get(lane_id)
        if last is None or last.credential_id != credential_id:
            self._shown[lane_id] = _Showing(credential_id, True, now_seconds)
            return False
        away_seconds = now_seconds - last.read_at
        if away_seconds < SAME_SHOWING_SECONDS:
            self._shown[lane_id] = replace(last, read_at=now_seconds)
            return False
        twice = last.is_first and away_seconds <= SHOWN_AGAIN_SECONDS
        self._shown[lane_id] = _Showing(credential_id, not twice, now_seconds)
        return twice

    def begin(self, hold: StaffHold) -> None:
        """Hold a lane, in place of what held it before."""
        self._held[hold.lane_id] = hold

    def end(self, lane_id: str) -> None:
        """Hold a lane no longer."""
        self._held.pop(lane_id, None)

    def at(self, lane_id: str) -> StaffHold | None:
        """Return what holds a lane, also when its time is over and it has not ended yet."""
        return self._held.get(lane_id)

    def all(self) -> tuple[StaffHold, ...]:
        """Return every hold."""
        return tuple(self._held.values())

    def over(self, now_seconds: float) -> tuple[StaffHold, ...]:
        """Return the holds whose time is over; each stays until `end`."""
        return tuple(hold for hold in self._held.values() if now_seconds >= hold.until_seconds)
