"""A gate is silent when it is paired and has not called for two minutes, or never."""

from datetime import UTC, datetime, timedelta

import pytest

from web_admin.compound.models import Gate
from web_admin.gates.silence import SILENT_AFTER, is_silent

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "ago", "is_so"),
    [
        ("paired", SILENT_AFTER, False),
        ("paired", SILENT_AFTER + timedelta(seconds=1), True),
        ("paired", None, True),
        ("new", None, False),
        ("stolen", timedelta(days=1), False),
    ],
)
def test_silent_is_paired_and_without_a_call(state: str, ago: timedelta | None, *, is_so: bool) -> None:
    """An unpaired gate has nothing to call with, so it is not silent."""
    gate = Gate(state=state, last_seen_at=None if ago is None else NOW - ago)
    assert is_silent(gate, NOW) is is_so
