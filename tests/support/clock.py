"""A clock that tests set: time is an argument everywhere."""

from datetime import datetime


class SetClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self.now
