"""Judge mutants in forks of one pytest: `python -m pytest -p tests.mutation.judging --mutants FILE …`.

The tests are collected once and run once without a change, which says which of them reach which line. Then
each mutant gets a fork, which runs the tests that reach its statement until one fails: those that noticed
most mutants first, then the quickest. What a session prepares for all tests is kept; what a module prepares,
each test prepares for itself, so that a change is met there too. What the module makes as it is imported is
made again in each fork, and each test reaches the lines that make it.
"""

import gc
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from types import FrameType
from typing import TypeVar

import pytest

from tests.mutation.forks import allow, noticed_in_a_fork
from tests.mutation.making_again import make_again

T = TypeVar("T")
VARIABLE = "MUTANT_UNDER_TEST"
"""Names the mutant that is called in place of its function."""
UNCHANGED = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where the mutants' names are, where a line of JSON goes for each, and what to make in each fork."""
    parser.addoption("--mutants", type=Path)
    parser.addoption("--verdicts", type=Path)
    parser.addoption("--made-at-import", action="append", default=[])
    parser.addoption("--dialect")


def pytest_configure(config: pytest.Config) -> None:
    """Judge in place of running the tests."""
    made, dialect = config.getoption("--made-at-import"), config.getoption("--dialect")
    config.pluginmanager.register(Judge(partial(make_again, made, dialect)))


class Judge:
    """Runs the tests without a change, then with each."""

    def __init__(self, make: Callable[[], None]) -> None:
        """Know nothing of the tests yet; remember how to make what is made as modules are imported."""
        self._make = make
        self._has_failed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Write the outcome of each mutant; raise UsageError where a test fails without a change."""
        mutants = json.loads(session.config.getoption("--mutants").read_text())
        reached, seconds = self._run_unchanged(session, next(iter(mutants)).rpartition(".")[0])
        gc.collect()
        gc.freeze()
        outcome, by = self._judged(session, UNCHANGED, session.items, seconds)
        if outcome != "survived":
            raise pytest.UsageError(f"in a fork without any change: {outcome} by {by}")
        noticed: Counter[str] = Counter()
        with session.config.getoption("--verdicts").open("w") as verdicts:
            for mutant, (first, last) in mutants.items():
                items = [
                    item
                    for item in session.items
                    if not reached[item.nodeid].isdisjoint(range(first, last + 1))
                ]
                items.sort(key=lambda item: (-noticed[item.nodeid], seconds[item.nodeid]))
                outcome, by = (
                    self._judged(session, mutant, items, seconds) if items else ("met by no test", "")
                )
                noticed.update([by] if by else [])
                verdicts.write(json.dumps([mutant, outcome]) + "\n")
                verdicts.flush()
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        self._has_failed |= report.failed

    def _fails(self, session: pytest.Session, item: pytest.Item) -> bool:
        self._has_failed = False
        # Nothing but what is the session's outlives the test.
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=session)
        return self._has_failed

    def _run_unchanged(
        self, session: pytest.Session, module: str
    ) -> tuple[dict[str, set[int]], dict[str, float]]:
        """Return by test the lines of a module that it reaches, and its seconds of computing."""
        file, lines = sys.modules[module].__file__, set[int]()

        def note(frame: FrameType, event: str, _given: object) -> Callable[..., object] | None:
            if frame.f_code.co_filename != file:
                return None
            lines.add(frame.f_lineno)
            return note

        def noted(run: Callable[[], T]) -> tuple[T, set[int]]:
            lines.clear()
            threading.settrace(note)
            sys.settrace(note)
            result = run()
            sys.settrace(None)
            threading.settrace(None)
            return result, set(lines)

        reached: dict[str, set[int]] = {}
        seconds: dict[str, float] = {}
        os.environ[VARIABLE] = UNCHANGED
        _, at_import = noted(self._make)
        for item in session.items:
            begun = process_time()
            has_failed, of_test = noted(partial(self._fails, session, item))
            if has_failed:
                raise pytest.UsageError(f"{item.nodeid} fails without any change")
            seconds[item.nodeid] = process_time() - begun
            reached[item.nodeid] = of_test | at_import
        return reached, seconds

    def _judged(
        self, session: pytest.Session, mutant: str, items: list[pytest.Item], seconds: dict[str, float]
    ) -> tuple[str, str]:
        """Return what became of a mutant, and the test that noticed it."""

        def fails(item: pytest.Item) -> bool:
            allow(seconds[item.nodeid])
            return self._fails(session, item)

        def noticed_by() -> str:
            os.environ[VARIABLE] = mutant
            self._make()  # a change with which this raises an error is noticed
            return next((item.nodeid for item in items if fails(item)), "")

        return noticed_in_a_fork(noticed_by)
