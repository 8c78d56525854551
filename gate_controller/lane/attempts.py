"""Delay guessing without locking a household out.

Wrong numbers are counted per terminal and, apart from it, per home; wrong faces per terminal only.
A success clears the home's count and leaves the terminal's, so a neighbour's PIN cannot be used to
reset a guesser's delay. Other methods never wait (E10). Counts live in memory: a power cut clears
them, and is itself an alarm. What ends guessing for good is counted in `control/pin_stops.py`, on the disk.

The emergency code waits for wrong emergency codes only, and never longer than a minute: no one can
lock the ambulance out by typing nonsense, and a guess a minute at eight digits takes a lifetime.
"""

from collections import deque
from dataclasses import dataclass, field

from gate_controller.contract.records import EMERGENCY_HOME_NUMBER, Method, typed_number

FIRST_DELAY_SECONDS = 30
LONGEST_DELAY_SECONDS = 3600
LONGEST_EMERGENCY_DELAY_SECONDS = 60
FORGOTTEN_AFTER_SECONDS = 1800.0
FREE_FAILURES = {"home": 2, "terminal": 4, "face": 2}
ALARM_AFTER_FAILURES = 5
EMERGENCY_SCOPE = ("home", EMERGENCY_HOME_NUMBER)


@dataclass(slots=True)
class _Count:
    failures: deque[float] = field(default_factory=deque)
    until_seconds: float = 0.0


def delay_seconds(failures: int, free: int) -> int:
    """Return the wait after that many failures: none while free, then 30 s doubling up to an hour."""
    if failures <= free:
        return 0
    doublings = min(failures - free - 1, 10)
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS << doublings)


class Attempts:
    """Failure counts of one gate; every method takes monotonic seconds, which no clock setting moves."""

    def __init__(self) -> None:
        """Start without delays."""
        self._counts: dict[tuple[str, str], _Count] = {}

    def failed(self, method: Method, lane_id: str, home_number: str, now_seconds: float) -> int:
        """Count a failure; return how many this terminal has seen lately."""
        most = 0
        for scope in self._scopes(method, lane_id, home_number):
            count = self._counts.setdefault(scope, _Count())
            count.failures.append(now_seconds)
            while now_seconds - count.failures[0] > FORGOTTEN_AFTER_SECONDS:
                count.failures.popleft()
            delay = delay_seconds(len(count.failures), FREE_FAILURES[scope[0]])
            if scope == EMERGENCY_SCOPE:
                delay = min(delay, LONGEST_EMERGENCY_DELAY_SECONDS)
            count.until_seconds = now_seconds + delay
            most = max(most, len(count.failures))
        return most

    def succeeded(self, method: Method, home_number: str) -> None:
        """Clear the home's count; the terminal's stays."""
        if method is Method.PIN:
            self._counts.pop(("home", typed_number(home_number)), None)

    def seconds_to_wait(self, method: Method, lane_id: str, home_number: str, now_seconds: float) -> float:
        """Return for how long this method still waits here; 0 when it does not."""
        scopes = self._scopes(method, lane_id, home_number)
        if EMERGENCY_SCOPE in scopes:
            scopes = (EMERGENCY_SCOPE,)
        counts = (self._counts.get(scope) for scope in scopes)
        return max([0.0, *(count.until_seconds - now_seconds for count in counts if count is not None)])

    @staticmethod
    def _scopes(method: Method, lane_id: str, home_number: str) -> tuple[tuple[str, str], ...]:
        if method is Method.PIN:
            return (("terminal", lane_id), ("home", typed_number(home_number)))
        return (("face", lane_id),) if method is Method.FACE else ()
