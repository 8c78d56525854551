"""What outlived a long look for garbage is not looked at again, until a compound was closed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from web_admin.serving.memory import SETTLES_SECONDS, LongLooks


class Node:
    """A part of a cycle."""

    def __init__(self) -> None:
        self.itself = self


class Clocks:
    """A clock that is set, and one by which each look takes so long."""

    def __init__(self) -> None:
        self.now = self.spent = self.look_seconds = 0.0

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        self.spent += self.look_seconds
        return self.spent


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def looks(clocks: Clocks) -> Iterator[LongLooks]:
    frozen = gc.get_freeze_count()
    gc.collect()
    made = LongLooks(monotonic=clocks.monotonic, thread_time=clocks.thread_time, long_look_seconds=0.1)
    made.begin()
    yield made
    gc.callbacks.remove(made.notice)
    if not frozen:
        gc.unfreeze()


@pytest.mark.wide
@pytest.mark.usefixtures("looks")
def test_only_what_outlived_a_long_look_through_everything_is_kept(clocks: Clocks) -> None:
    before = gc.get_freeze_count()
    clocks.look_seconds = 0.05
    gc.collect()
    assert gc.get_freeze_count() == before
    clocks.look_seconds = 0.5
    gc.collect(1)
    assert gc.get_freeze_count() == before
    gc.collect()
    assert gc.get_freeze_count() > before


@pytest.mark.wide
def test_a_cycle_that_was_kept_goes_when_a_compound_was_closed_and_the_rest_is_kept_again(
    looks: LongLooks, clocks: Clocks
) -> None:
    clocks.look_seconds = 0.5
    node = Node()
    seen = weakref.ref(node)
    gc.collect()
    del node
    gc.collect()
    assert seen() is not None, "it is excluded"
    looks.closed()
    gc.collect()
    assert seen() is not None, "its threads may still run"
    clocks.now += SETTLES_SECONDS
    clocks.look_seconds = 0.05
    gc.collect()
    assert seen() is None
    assert gc.get_freeze_count() > 1000, "what was kept is kept again, however quick that look was"
