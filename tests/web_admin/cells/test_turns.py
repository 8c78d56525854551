"""Works are done in turn, and what hangs holds up no other."""

import threading
from collections.abc import Iterator

import pytest

from web_admin.cells.turns import Turns

LONGEST_SECONDS = 60.0


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """Return what lets hanging works end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def turns(hang: threading.Event) -> Iterator[Turns]:
    """Return two threads that wait a tenth of a second for a work before another takes its place."""
    made = Turns(threads=2, patience_seconds=0.1)
    made.start()
    yield made
    hang.set()
    made.stop(LONGEST_SECONDS)


def test_works_that_hang_hold_up_no_other(turns, hang):
    done = threading.Event()
    for number in range(6):
        turns.add((f"cell-{number}", "mail"), lambda: hang.wait(LONGEST_SECONDS) and None)
    turns.add(("cell-7", "mail"), done.set)
    assert done.wait(LONGEST_SECONDS)
    assert {name for name, _what in turns.hanging()} <= {f"cell-{number}" for number in range(6)}


def test_a_work_that_fails_is_logged_with_its_cell_and_stops_no_other(turns, caplog):
    def fail():
        raise ValueError

    done = threading.Event()
    turns.add(("willow", "watch"), fail)
    turns.add(("elm", "watch"), done.set)
    assert done.wait(LONGEST_SECONDS)
    turns.stop(LONGEST_SECONDS)
    assert "watch of cell willow failed" in caplog.text


def test_a_work_comes_again_after_the_seconds_it_asked_for_and_never_after_none(turns):
    seen, twice = [], threading.Event()

    def again():
        seen.append("again")
        if len(seen) == 3:
            twice.set()
            return None
        return 0.0

    turns.add(("willow", "watch"), again)
    assert twice.wait(LONGEST_SECONDS)
    turns.stop(LONGEST_SECONDS)
    assert seen == ["again"] * 3


def test_a_work_of_a_cell_that_is_gone_has_no_further_turn(turns):
    began, goes_on = threading.Event(), threading.Event()
    count = []

    def work():
        count.append(1)
        began.set()
        goes_on.wait(LONGEST_SECONDS)
        return 0.0

    turns.add(("willow", "watch"), work)
    assert began.wait(LONGEST_SECONDS)
    turns.remove(lambda key: key[0] == "willow")
    goes_on.set()
    turns.stop(LONGEST_SECONDS)
    assert len(count) == 1


def test_a_work_that_is_added_while_its_last_turn_runs_has_one_more(turns):
    began, goes_on, second = threading.Event(), threading.Event(), threading.Event()

    def work():
        if began.is_set():
            second.set()
        began.set()
        goes_on.wait(LONGEST_SECONDS)

    turns.add(("willow", "live"), work)
    assert began.wait(LONGEST_SECONDS)
    turns.add(("willow", "live"), work)
    goes_on.set()
    assert second.wait(LONGEST_SECONDS)
