"""`menjin fleet` over machines behind real sshds, with real servers: where cells are and how they are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served.fleets import RunningFleet, copied_cell, first_cell, running_fleet
from tests.support.gates.waiting import until
from tests.support.ssh_machines import SSHD

pytestmark = pytest.mark.skipif(SSHD is None, reason="sudo apt install openssh-server")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a compound that `menjin web init` made."""
    return first_cell(tmp_path_factory.mktemp("first"))


@pytest.fixture
def fleet(tmp_path: Path, first: Path) -> Iterator[RunningFleet]:
    """Return two machines with a service each: willow and elm on the first, oak on the second."""
    with running_fleet(tmp_path / "fleet", {"north": "one", "south": "two"}) as running:
        for name, service in (("willow", "north"), ("elm", "north"), ("oak", "south")):
            copied_cell(first, running.services[service].cells, name)
        yield running


@pytest.mark.wide
def test_list_and_check_say_where_every_cell_is_and_what_is_wrong(fleet: RunningFleet, first: Path) -> None:
    status, out, beside = fleet.run("list", "--json")
    assert status == 0, beside
    assert {(one["cell"], one["service"], one["out"]) for one in map(json.loads, out.splitlines())} == {
        ("willow", "north", None),
        ("elm", "north", None),
        ("oak", "south", None),
    }
    status, out, beside = fleet.run("check")
    assert (status, out) == (0, "3 cells at 2 services: 0 out, 0 services without an answer\n"), beside

    (fleet.services["south"].cells / "oak" / "secrets" / "seal.key").rename(fleet.folder / "kept")
    copied_cell(first, fleet.services["south"].cells, "willow")
    found = fleet.json("check")
    wrong = {(one["cell"], one["service"]): one["out"] for one in found}
    assert wrong == {
        ("elm", "north"): None,
        ("oak", "south"): "settings",
        ("willow", "north"): "twice",
        ("willow", "south"): "twice",
    }
    trouble = next(one for one in found if one["out"] == "twice")
    assert (trouble["where"], trouble["what"]) == ("north/willow", "it is at south/willow as well")


@pytest.mark.wide
def test_a_cell_that_is_nowhere_and_a_machine_without_an_answer_are_named(fleet: RunningFleet) -> None:
    assert fleet.run("list")[0] == 0
    (fleet.services["north"].cells / "elm").rename(fleet.folder / "elm")
    fleet.machines["two"].stop()
    fleet.services["north"].address = "http://127.0.0.1:1"
    fleet.write_inventory()
    status, out, _beside = fleet.run("check")
    assert status == 1
    assert "north: no answer: " in out, "its machine answers, its server does not"
    assert "north/elm: it was at north and is at no service now. Restore it from a backup; " in out
    assert "south: no answer: " in out
    assert "elm" not in fleet.run("check", "--forget", "elm")[1]
    assert "oak" not in out, "who does not answer is not known to have lost a cell"
    until(lambda: fleet.services["south"].status_of("oak") == 200)


@pytest.mark.slow
def test_a_move_whose_command_is_killed_goes_on_or_is_taken_back(fleet: RunningFleet) -> None:
    """Killed while the archive is made: neither serves the cell. Said again it ends; another is undone."""
    north, south = fleet.services["north"], fleet.services["south"]
    before = (north.cells / "willow" / "secrets" / "seal.key").read_bytes()
    assert fleet.run("move", "willow", "--to", "south")[1].startswith("would take willow out at north")
    for name in ("willow", "elm"):
        fleet.killed_once((north.cells / name / "moving.json").exists, "move", name, "--to", "south", "--do")
        until(lambda name=name: north.status_of(name) == 503)
        assert south.status_of(name) in {421, 503}
    status, out, beside = fleet.run("move", "willow", "--do")
    assert (status, out) == (0, "willow is served by south. Lead its host there: willow.example\n"), beside
    status, out, beside = fleet.run("move", "elm", "--undo", "--do")
    assert (status, out) == (0, "elm is served by north, as before\n"), beside
    until(lambda: [one.status_of("willow") for one in (north, south)] == [421, 200])
    until(lambda: [one.status_of("elm") for one in (north, south)] == [200, 421])
    assert (south.cells / "willow" / "secrets" / "seal.key").read_bytes() == before
    assert fleet.where() == {"willow": "south", "elm": "north", "oak": "south"}
    assert not [path for one in (north, south) for path in one.cells.glob(".*.arriving")]
    assert not list((fleet.folder / "fleet.state").glob("move-*"))


@pytest.mark.slow
def test_a_move_is_taken_back_when_the_copy_lies_there_and_not_when_the_original_has_left(
    fleet: RunningFleet,
) -> None:
    north, south = fleet.services["north"], fleet.services["south"]
    fleet.fails(north, "leave")
    status, _out, beside = fleet.run("move", "willow", "--to", "south", "--do")
    assert status == 2
    assert "north, leave: out of order. Say it once more to go on, or --undo" in beside
    until(lambda: [one.status_of("willow") for one in (north, south)] == [503, 503])
    assert {one["out"] for one in fleet.json("list") if one["cell"] == "willow"} == {"moving"}
    assert fleet.run("move", "willow", "--undo", "--do")[0] == 0
    until(lambda: [one.status_of("willow") for one in (north, south)] == [200, 421])

    fleet.works(north)
    fleet.fails(south, "arrive")
    assert fleet.run("move", "willow", "--to", "south", "--do")[0] == 2
    status, _out, beside = fleet.run("move", "willow", "--undo", "--do")
    assert status == 2
    assert "north, whole: " in beside
    assert "is not there as a whole; its copy has to arrive" in beside
    fleet.works(south)
    assert fleet.run("move", "willow", "--do")[0] == 0
    until(lambda: [one.status_of("willow") for one in (north, south)] == [421, 200])
