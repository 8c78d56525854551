"""The simulation plays what it says."""

import pytest

from tests.growing import assumed
from tests.growing.day import HOUR, Day, Played
from tests.growing.fleet import Compounds, Machines, draw_compounds, size, spread
from tests.growing.table import limits

GATES, CELLS = 5_000, 150


@pytest.fixture(scope="module")
def compounds() -> Compounds:
    return draw_compounds(CELLS, GATES, 7)


@pytest.fixture(scope="module")
def day(compounds: Compounds) -> Day:
    return Played(compounds, size(compounds)).run()


def test_equal_seeds_make_equal_compounds_and_others_do_not(compounds: Compounds) -> None:
    again, other = draw_compounds(CELLS, GATES, 7), draw_compounds(CELLS, GATES, 8)
    assert (again.people == compounds.people).all()
    assert (again.shift == compounds.shift).all()
    assert (other.people != compounds.people).any()
    assert round(float(compounds.gates.sum())) == GATES
    assert round(float(compounds.people.sum())) == CELLS * assumed.PEOPLE_OF_A_CELL


def test_all_passages_of_a_day_are_in_it(compounds: Compounds) -> None:
    shared_out = spread(compounds, 6)
    entries = sum(float(shared_out.load(60.0 * minute).entries.sum()) * 60 for minute in range(1440))
    assert entries == pytest.approx(CELLS * assumed.PEOPLE_OF_A_CELL * assumed.PASSAGES_OF_A_PERSON, rel=0.01)


@pytest.mark.wide
def test_a_fault_makes_people_wait_and_an_ordinary_hour_does_not(day: Day) -> None:
    assert day.web.longest_wait(12.0) == 0
    assert day.web.longest_wait(assumed.MACHINE_LOST) > 1
    assert day.web.longest_wait(assumed.UPGRADE_BEGINS) > 1
    assert day.web.waits[-1][1] == day.postgres.waits[-1][1] == day.proxy.waits[-1][1] == 0


def test_gates_of_a_lone_machine_keep_their_entries_until_it_is_back(compounds: Compounds) -> None:
    """Ten minutes without a server: then all of them ask, connect and hand over at once."""
    lone = Machines(processes=7, web=1, groups=1, brokers=3, proxies=2, decides="")
    played = Played(compounds, lone, has_spare=False)
    day = played.run(18.0, 19.5)
    assert day.web.at(18.0) > 1
    assert day.web.at(assumed.MACHINE_LOST) == 0
    assert day.web.longest_wait(assumed.MACHINE_LOST + assumed.MACHINE_AWAY_SECONDS / HOUR) > 5
    assert day.entries_kept > 1000
    assert played.unsent.sum() == 0


def test_what_is_full_first_comes_first() -> None:
    full = [one.gates for one in limits()]
    assert full == sorted(full)
    assert min(full) > 0
