"""Judge mutants in forks of one pytest: `python -m pytest -p tests.mutation.judging --mutants FILE …`.

The tests are collected once and run once without a change, which says which of them reach which function.
Then each mutant gets a fork, which runs the tests that reach it until one fails: those that noticed most
mutants first, then the quickest. What a session prepares for all tests is kept; what a module prepares, each
test prepares for itself, so that a change is met there too.
"""

import gc
import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from time import process_time

import pytest

from tests.mutation.forks import allow, noticed_in_a_fork

VARIABLE = "MUTANT_UNDER_TEST"
"""Names the mutant that is called in place of its function; `stats` has each call noted."""
UNCHANGED = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where the mutants' names are, and where a line of JSON goes for each: its name and its outcome."""
    parser.addoption("--mutants", type=Path)
    parser.addoption("--verdicts", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Judge in place of running the tests."""
    config.pluginmanager.register(Judge())


class Judge:
    """Runs the tests without a change, then with each."""

    def __init__(self) -> None:
        """Know nothing of the tests yet."""
        self._has_failed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Write the outcome of each mutant; raise UsageError where a test fails without a change."""
        reaching, seconds = self._run_unchanged(session)
        gc.collect()
        gc.freeze()
        outcome, by = self._judged(session, UNCHANGED, session.items, seconds)
        if outcome != "survived":
            raise pytest.UsageError(f"in a fork without any change: {outcome} by {by}")
        noticed: Counter[str] = Counter()
        with session.config.getoption("--verdicts").open("w") as verdicts:
            for mutant in json.loads(session.config.getoption("--mutants").read_text()):
                items = reaching[mutant.rpartition("__mutmut_")[0]]
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
        self, session: pytest.Session
    ) -> tuple[defaultdict[str, list[pytest.Item]], dict[str, float]]:
        """Return by function the tests that reach it, and by test its seconds of computing."""
        from mutmut.mutation import trampoline

        reached: set[str] = set()
        trampoline.record_trampoline_hit = lambda name, **_caller: reached.add(name)
        os.environ[VARIABLE] = "stats"
        reaching: defaultdict[str, list[pytest.Item]] = defaultdict(list)
        seconds: dict[str, float] = {}
        for item in session.items:
            reached.clear()
            begun = process_time()
            if self._fails(session, item):
                raise pytest.UsageError(f"{item.nodeid} fails without any change")
            seconds[item.nodeid] = process_time() - begun
            for function in reached:
                reaching[function].append(item)
        os.environ[VARIABLE] = UNCHANGED
        return reaching, seconds

    def _judged(
        self, session: pytest.Session, mutant: str, items: list[pytest.Item], seconds: dict[str, float]
    ) -> tuple[str, str]:
        """Return what became of a mutant, and the test that noticed it."""

        def fails(item: pytest.Item) -> bool:
            allow(seconds[item.nodeid])
            return self._fails(session, item)

        def noticed_by() -> str:
            os.environ[VARIABLE] = mutant
            return next((item.nodeid for item in items if fails(item)), "")

        return noticed_in_a_fork(noticed_by)
