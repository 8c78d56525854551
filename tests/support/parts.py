"""Choose what runs in which part: `make test`, `make test-others`, and all of them in `make test-all`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

WHOLE_PROCESSES = frozenset({"browser", "flows", "served"})
"""Folders of tests that play whole processes: `make test` plays each with the first set of its parameters."""
ONE_OF_A_FILE = frozenset({"browser", "served"})
"""Of them those whose every test starts a server or a browser: `make test` plays the first one of a file."""
WAITING = WHOLE_PROCESSES | {"hardware", "promises", "terminal"}
"""Folders whose tests take long and mostly wait: the workers mix them with those that compute."""
SETS_AT_MOST = 3
"""Sets of parameters with which `make test` plays a test; `make test-all` alone has the further ones."""

Part = Literal["core", "others", "all"]


@dataclass(frozen=True)
class Planned:
    """A test with one set of its parameters."""

    path: Path
    test: str
    """Its name without parameters."""
    marks: frozenset[str]
    database: str | None = None
    """The kind it runs on, None where it asks for none or is about one alone."""

    @property
    def home(self) -> str:
        """Return the database on which it runs: a wide test has the one that large compounds have."""
        return "postgresql" if self.marks & {"both_databases", "wide"} else "sqlite"


def mixed(files: Iterable[Path]) -> list[Path]:
    """Spread the files that wait over two thirds of the others, so that none of them comes last."""
    waiting: list[Path] = []
    others: list[Path] = []
    for file in files:
        (waiting if WAITING & set(file.parts) else others).append(file)
    step = max(1, len(others) * 2 // 3 // max(1, len(waiting)))
    order: list[Path] = []
    for number, file in enumerate(waiting):
        order += [file, *others[number * step : (number + 1) * step]]
    return order + others[len(waiting) * step :]


def chosen(part: Part, planned: Sequence[Planned]) -> list[bool]:
    """Return of each test, in the order in which they are collected, whether this part runs it."""
    if part == "all":
        return [True] * len(planned)
    core = _core(planned)
    return core if part == "core" else _others(planned, core)


def _core(planned: Sequence[Planned]) -> list[bool]:
    """Return which of them `make test` runs: each behaviour, of whole processes one test a file.

    What is about databases runs with its first set on PostgreSQL, which takes longer, and with the others on
    SQLite.
    """
    played: set[str] = set()
    sets: Counter[tuple[str, str | None]] = Counter()
    counts: Counter[str] = Counter()
    chosen = []
    for test in planned:
        folders = set(test.path.parts)
        has_one_set = bool(WHOLE_PROCESSES & folders or "first_set" in test.marks)
        home = test.home if has_one_set or not sets[test.test, test.database] else "sqlite"
        sets[test.test, test.database] += 1
        is_core = "wide" not in test.marks and test.database in (None, home)
        if is_core and has_one_set:
            unit = str(test.path) if ONE_OF_A_FILE & folders else test.test
            is_core = unit not in played
            played.add(unit)
        if is_core:
            counts[test.test] += 1
            is_core = counts[test.test] <= SETS_AT_MOST
        chosen.append(is_core)
    return chosen


def _others(planned: Sequence[Planned], core: Sequence[bool]) -> list[bool]:
    """Return which of them play each test that `make test` does not, with its first set on its home."""
    played = {test.test for test, is_core in zip(planned, core, strict=True) if is_core}
    chosen = []
    for test in planned:
        chosen.append(test.test not in played and test.database in (None, test.home))
        if chosen[-1]:
            played.add(test.test)
    return chosen
