"""Requests are counted against their limits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.support.scheduling import OpenCell, jobs_on, make_scheduler
from tests.web_admin.cells.jobs_of_cells import marked_at
from web_admin.core import limit_counts
from web_admin.core.database import Database, Menjin
from web_admin.core.limit_counts import (
    CountedTries,
    LimitCounts,
    forget_old_counts,
    wait_seconds,
    with_one_less,
    with_one_more,
)
from web_admin.core.limit_models import LimitCount
from web_admin.core.limits import Limit
from web_admin.core.sealing import Sealer
from web_admin.core.single_process import alone, alone_everywhere
from web_admin.policy.effects import PolicyEffects

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THREE = Limit("three", 3, "tries", "name", "", "", timedelta(seconds=100))
ONE = Limit("one", 1, "tries", "name", "", "", timedelta(seconds=10))


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def counts(database: Database, sealer: Sealer) -> LimitCounts:
    return LimitCounts(database, sealer)


def rows(database: Database) -> int:
    with database.open_reading() as session:
        return session.scalar(select(func.count()).select_from(LimitCount)) or 0


@given(st.lists(st.integers(0, 30), max_size=12).map(sorted), st.integers(0, 160))
def test_a_try_waits_until_fewer_than_the_limit_are_in_its_window(seconds: list[int], later: int) -> None:
    """As a list of moments would say it, second by second."""
    counted: list[int] = []
    for second in seconds:
        counted = with_one_more(THREE, counted, at(second))
    now = max(seconds, default=0) + later

    def free(moment: int) -> bool:
        return sum(moment - second < THREE.window_seconds for second in seconds) < THREE.most

    waits = next(wait for wait in range(THREE.window_seconds + 1) if free(now + wait))
    assert wait_seconds(THREE, counted, at(now)) == waits


def test_tries_of_one_second_are_one_pair_and_old_ones_are_dropped() -> None:
    first = int(NOW.timestamp())
    twice = with_one_more(THREE, with_one_more(THREE, [], NOW), NOW)
    assert twice == [first, 2]
    assert with_one_more(THREE, twice, at(99)) == [first, 2, first + 99, 1]
    assert with_one_more(THREE, twice, at(100)) == [first + 100, 1]


def test_the_newest_try_is_given_back() -> None:
    first = int(NOW.timestamp())
    assert with_one_less(THREE, [first, 2, first + 5, 1], at(6)) == [first, 2]
    assert with_one_less(THREE, [first, 2], at(6)) == [first, 1]
    assert with_one_less(THREE, [first, 1], at(6)) == []
    assert with_one_less(THREE, [], at(6)) == []


def test_asking_for_the_wait_counts_nothing(counts: LimitCounts) -> None:
    one = CountedTries(ONE, ("name",))
    assert [counts.wait(one, NOW), counts.wait(one, NOW), counts.take(one, NOW)] == [0, 0, 0]
    assert counts.wait(one, at(4)) == 6 == counts.take(one, at(4))
    assert counts.take(one, at(10)) == 0


def test_capitals_and_blanks_around_a_word_are_the_same_word_and_its_limit_is_not(
    counts: LimitCounts, sealer: Sealer
) -> None:
    assert counts.key(CountedTries(ONE, (" Name ", "B"))) == counts.key(CountedTries(ONE, ("name", "b")))
    others = (
        CountedTries(THREE, ("name", "b")),
        CountedTries(ONE, ("name", "c")),
        CountedTries(ONE, ("name",)),
        CountedTries(ONE, ("nameb",)),
    )
    assert len({counts.key(of) for of in (*others, CountedTries(ONE, ("name", "b")))}) == 5
    assert counts.key(CountedTries(ONE, ("\ud800",)))  # half a letter, as a browser can send it


def test_several_limits_count_together_or_none_does(counts: LimitCounts) -> None:
    three, one = CountedTries(THREE, ("name",)), CountedTries(ONE, ("name",))
    assert counts.take_all([three, one], NOW) == 0
    assert counts.take_all([three, one], at(1)) == 9
    first = int(NOW.timestamp())
    assert counts.read([one, three, CountedTries(ONE, ("other",))]) == [[first, 1], [first, 1], []]
    for second in (10, 20):
        assert counts.take_all([three, one], at(second)) == 0
    assert counts.take_all([three, one], at(25)) == 75  # the longer of 5 and 75


def test_what_is_given_back_is_deleted_once_it_is_nothing(counts: LimitCounts, database: Database) -> None:
    one = CountedTries(ONE, ("name",))
    counts.take(one, NOW)
    counts.give_back(one, at(1))
    assert rows(database) == 0 and counts.take(one, at(2)) == 0
    three = CountedTries(THREE, ("name",))
    for second in (2, 3):
        counts.take(three, at(second))
    counts.give_back(three, at(4))
    assert counts.read([three]) == [[int(at(2).timestamp()), 1]]
    counts.reset()
    assert rows(database) == 0


def test_a_row_names_its_limit_and_is_deleted_after_the_window_of_its_newest_try(
    counts: LimitCounts, database: Database
) -> None:
    for second in (0, 5):
        counts.take(CountedTries(THREE, ("name",)), at(second))
    with database.open_reading() as session:
        row = session.scalars(select(LimitCount)).one()
        assert (row.limit_name, row.forget_at) == ("three", at(105))
    counts.take(CountedTries(ONE, ("name",)), at(5))
    assert forget_old_counts(database, at(15)) == 0
    assert forget_old_counts(database, at(16)) == 1
    assert forget_old_counts(database, at(106)) == 1 and rows(database) == 0


def test_above_the_maximum_those_go_first_that_would_expire_first(
    counts: LimitCounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_counts, "MAX_COUNTS_KEPT", 3)
    monkeypatch.setattr(limit_counts, "DELETED_AT_ONCE", 2)
    for number in range(8):
        counts.take(CountedTries(THREE, (f"name {number}",)), at(number))
    assert forget_old_counts(database, at(9)) == 5
    left = counts.read([CountedTries(THREE, (f"name {number}",)) for number in range(8)])
    assert [bool(counted) for counted in left] == [False] * 5 + [True] * 3


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    web_config.secrets_dir.mkdir()
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def cell(menjin):
    return OpenCell(menjin)


@pytest.fixture
def jobs():
    return jobs_on(make_scheduler())


def test_of_two_processes_of_a_machine_one_keeps_house(jobs, cell, menjin):
    with alone(menjin.config.data_dir, "housekeeping"):
        jobs._always(cell)
    assert marked_at(menjin) is None
    jobs._always(cell)
    assert marked_at(menjin) is not None


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_machines_one_keeps_house(jobs, cell, menjin, tmp_path):
    other = tmp_path / "web2"
    other.mkdir()
    with alone_everywhere(menjin.database, other, "housekeeping"):
        jobs._always(cell)
    assert marked_at(menjin) is None
    jobs._always(cell)
    assert marked_at(menjin) is not None
