"""Each test that is not slow runs in `make test` or, with one set of parameters, in `make test-others`."""

from itertools import product
from pathlib import Path

import pytest

from tests.support.parts import ONE_OF_A_FILE, WHOLE_PROCESSES, Planned, chosen, mixed

BOTH = ("sqlite", "postgresql")


def plan(*marks: str, folder: str = "web_admin", databases: tuple[str | None, ...] = BOTH) -> list[Planned]:
    """Return two tests of a file with two sets of parameters each, as they are collected."""
    path = Path("tests", folder, "test_a.py")
    named = product(("test_one", "test_two"), databases, ("first", "second"))
    return [Planned(path, f"{path}::{test}", frozenset(marks), database) for test, database, _set in named]


def run(part: str, planned: list[Planned]) -> list[str]:
    kept = chosen(part, planned)  # type: ignore[arg-type]  # a word of Part
    return [
        f"{test.test.partition('::')[2]} {test.database} {number % 2 + 1}"
        for number, (test, is_kept) in enumerate(zip(planned, kept, strict=True))
        if is_kept
    ]


def test_a_test_runs_with_every_set_on_sqlite() -> None:
    assert run("core", plan()) == [
        "test_one sqlite 1",
        "test_one sqlite 2",
        "test_two sqlite 1",
        "test_two sqlite 2",
    ]


def test_what_is_about_databases_runs_with_its_first_set_on_postgresql() -> None:
    assert sorted(run("core", plan("both_databases"))) == [
        f"test_{test} {database}" for test in ("one", "two") for database in ("postgresql 1", "sqlite 2")
    ]


def test_what_plays_whole_processes_and_is_about_databases_plays_its_one_set_on_postgresql() -> None:
    assert run("core", plan("both_databases", folder="flows")) == [
        "test_one postgresql 1",
        "test_two postgresql 1",
    ]
    assert run("core", plan("both_databases", "first_set")) == [
        "test_one postgresql 1",
        "test_two postgresql 1",
    ]


def test_a_wide_test_runs_with_its_first_set_on_postgresql_and_not_in_make_test() -> None:
    assert run("core", plan("wide")) == []
    assert run("others", plan("wide")) == ["test_one postgresql 1", "test_two postgresql 1"]


@pytest.mark.parametrize("folder", [*sorted(WHOLE_PROCESSES), "web_admin"])
@pytest.mark.parametrize("databases", [(None,), BOTH], ids=["no database", "both"])
@pytest.mark.parametrize(
    "marks", [(), ("first_set",), ("wide",), ("both_databases",), ("wide", "both_databases", "first_set")]
)
def test_each_test_runs_in_one_of_both_parts_and_with_one_set_in_the_second(folder, databases, marks) -> None:
    planned = plan(*marks, folder=folder, databases=databases)
    core = {played.split()[0] for played in run("core", planned)}
    others = [played.split()[0] for played in run("others", planned)]
    assert sorted([*core, *others]) == ["test_one", "test_two"]
    assert len(run("all", planned)) == len(planned)


def test_make_test_plays_three_sets_of_a_test() -> None:
    path = Path("tests/web_admin/test_a.py")
    sets = [Planned(path, f"{path}::test_one", frozenset())] * 5
    assert chosen("core", sets) == [True, True, True, False, False]


def test_of_whole_processes_make_test_plays_the_first_set_or_the_first_test_of_a_file() -> None:
    assert {folder: len(run("core", plan(folder=folder))) for folder in WHOLE_PROCESSES} == {
        folder: 1 if folder in ONE_OF_A_FILE else 2 for folder in WHOLE_PROCESSES
    }


def test_the_files_that_wait_are_spread_among_those_that_compute() -> None:
    waiting = [Path("tests/flows", f"test_{number}.py") for number in range(3)]
    computing = [Path("tests/web_admin", f"test_{number}.py") for number in range(9)]
    order = mixed([*computing, *waiting])
    assert sorted(order) == sorted([*computing, *waiting])
    assert [order.index(file) for file in waiting] == [0, 3, 6]
