"""Compare two policies once: for what an act takes (`losses`), and for whom it keeps out (`lock_outs`)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from web_admin.access.difference import Difference, difference
from web_admin.access.horizon import weeks_felt
from web_admin.access.sent import Sent


class Comparison:
    """Holds the policies of before and after an act, and the instant from which it counts."""

    def __init__(self, before: Sent, after: Sent, now: datetime) -> None:
        """Take both policies and an aware instant; nothing is worked out yet."""
        self.before, self.after, self.now = before, after, now

    @cached_property
    def weeks(self) -> Sequence[Difference]:
        """Return the differences of the weeks in which the act is felt; the first one begins now."""
        return [
            difference(self.before, self.after, begins, ends)
            for begins, ends in weeks_felt(self.before, self.after, self.now)
        ]

    @property
    def gates_differ(self) -> bool:
        """Return whether records of lanes or hours differ, which concern everyone."""
        return [part.gates for part in self.before.parts] != [part.gates for part in self.after.parts]
