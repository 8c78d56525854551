"""Rings that are dropped are counted."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.support.broker import free_ports
from tests.support.gates.waiting import until
from tests.web_admin.core.rung_away import KEY, counted
from web_admin.core import bell as bell_module
from web_admin.core.bell import MOST_WAITING, Bell


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    """Return a bell whose broker is not there, and for which nothing waits at the end."""
    bell = Bell([f"localhost:{free_ports(1)[0]}"], None, KEY, partial(datetime.now, UTC))
    yield bell
    monkeypatch.setattr(bell_module, "LAST_SECONDS", 0.0)
    bell.close()


def test_rings_beyond_what_may_wait_are_dropped_and_counted(away: Bell) -> None:
    before = counted("dropped")
    away.wake_gates([f"ring.{number}" for number in range(MOST_WAITING + 7)])
    assert counted("dropped") - before == 7
    away.wake_gates(["ring.0", "ring.1"])
    assert counted("dropped") - before == 7, "one that waits already is no further one"
    assert not away.can_wake


def test_a_ring_that_waited_longer_than_a_gate_does_is_dropped_and_counted(
    away: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell_module, "KEPT_SECONDS", 0.0)
    before = counted("dropped")
    away.wake_gates(["ring.a", "ring.b"])
    until(lambda: counted("dropped") - before == 2)
