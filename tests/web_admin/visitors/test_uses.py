"""When a pass is used up, for its issuer's list and for the visitor's own page alike."""

from datetime import UTC, datetime, timedelta

import pytest

from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.uses import Use, state_with_uses

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_pass(*, uses: int, begins: datetime = NOW - HOUR, withdrawn: bool = False) -> VisitorPassRow:
    return VisitorPassRow(
        uses=uses, valid_from=begins, valid_until=NOW + HOUR, withdrawn_at=NOW if withdrawn else None
    )


@pytest.mark.parametrize(
    ("allowed", "openings", "state"),
    [
        (1, 0, "live"),
        (1, 1, "used"),
        (2, 1, "live"),
        (2, 3, "used"),
        (0, 9, "live"),
    ],
)
def test_a_pass_that_counts_is_used_after_so_many_openings(allowed: int, openings: int, state: str) -> None:
    assert state_with_uses(a_pass(uses=allowed), [Use(NOW, "North")] * openings, NOW) == state


def test_only_a_live_pass_is_used_up() -> None:
    opened = [Use(NOW, "North")]
    assert state_with_uses(a_pass(uses=1, withdrawn=True), opened, NOW) == "withdrawn"
    assert state_with_uses(a_pass(uses=1, begins=NOW + HOUR / 2), opened, NOW) == "not_yet"
