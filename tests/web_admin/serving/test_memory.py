"""What outlived a long look for garbage is not looked at again, until a compound is closed."""

import gc
import itertools
import weakref
from collections.abc import Callable, Iterator

import pytest

from web_admin.serving.memory import keep_what_lasts, look_at_all_again

Keep = Callable[..., None]


class Node:
    """A part of a cycle."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Return what begins to keep; a look takes a second by its clock."""
    kept = []

    def begin(long_look_seconds: float) -> None:
        seconds = itertools.count()
        kept.append(keep_what_lasts(lambda: float(next(seconds)), long_look_seconds))

    frozen = gc.get_freeze_count()
    gc.collect()
    yield begin
    for notice in kept:
        gc.callbacks.remove(notice)
    if not frozen:
        gc.unfreeze()


def test_only_what_outlived_a_long_look_through_everything_is_kept(keep: Keep) -> None:
    before = gc.get_freeze_count()
    keep(1.5)
    gc.collect()
    assert gc.get_freeze_count() == before
    keep(0.5)
    gc.collect(1)
    assert gc.get_freeze_count() == before
    gc.collect()
    assert gc.get_freeze_count() > before


def test_a_cycle_that_was_kept_goes_when_all_is_looked_at_again(keep: Keep) -> None:
    keep(0.5)
    node = Node()
    seen = weakref.ref(node)
    gc.collect()
    del node
    gc.collect()
    assert seen() is not None, "it is excluded"
    look_at_all_again()
    gc.collect()
    assert seen() is None
