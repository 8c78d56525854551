"""A cell at two services is out at both, unless a move is under way; a cell that is nowhere is missed."""

import json

import pytest

from fleet.judging import Cell, FoundCell, judged, missing, read_cells
from fleet.words import FleetRefused, _
from gate_controller.command_line.spoken import language_of


def at(service: str, name: str, **more: str) -> FoundCell:
    return FoundCell(service, Cell(name, **{"host": f"{name}.example", "keys": f"keys of {name}", **more}))


def outs(*seen: FoundCell) -> dict[tuple[str, str], str | None]:
    return {(one.service, one.cell.cell): one.cell.out for one in judged(seen)}


def test_cells_of_their_own_are_good() -> None:
    assert set(outs(at("a", "elm"), at("a", "oak"), at("b", "willow")).values()) == {None}


@pytest.mark.parametrize(
    "other",
    [
        at("b", "elm", host="x.example", keys="x"),
        at("b", "fir", host="elm.example"),
        at("b", "fir", keys="keys of elm"),
    ],
)
def test_one_name_host_or_key_at_two_services_is_trouble_at_both(other: FoundCell) -> None:
    assert outs(at("a", "elm"), other, at("b", "oak")) == {
        ("a", "elm"): "twice",
        ("b", other.cell.cell): "twice",
        ("b", "oak"): None,
    }


def test_a_move_under_way_is_no_trouble_of_its_own() -> None:
    assert outs(at("a", "elm", out="moving"), at("b", "elm", out="moving")) == {
        ("a", "elm"): "moving",
        ("b", "elm"): "moving",
    }


def test_what_is_nowhere_is_missed_where_its_service_answers() -> None:
    found = missing({"elm": "a", "oak": "b", "fir": "a"}, [at("b", "elm")], silent=["b"])
    assert [(one.service, one.cell.cell, one.cell.out) for one in found] == [("a", "fir", "missing")]


def test_what_a_newer_service_says_more_is_passed_over_and_what_is_no_cell_is_an_error() -> None:
    _.speak(language_of({}))
    assert read_cells("a", "one", '{"cell": "elm", "later": 1}\n')[0].cell.cell == "elm"
    with pytest.raises(FleetRefused, match="machine one prints for a"):
        read_cells("a", "one", "Traceback")


@pytest.mark.parametrize(
    "said",
    [
        {"cell": "../elm"},
        {"cell": "{{ lookup('pipe', 'id') }}"},
        {"cell": "elm\n"},
        {"cell": ""},
        {"cell": "elm", "host": "{{ 1 }}.example"},
        {"cell": "elm", "host": "elm.example\x1b[2J"},
        {"cell": "elm", "host": "x" * 254},
        {"cell": "elm", "host": "-elm.example"},
    ],
)
def test_a_name_or_host_that_no_cell_has_is_refused_with_the_machine(said: dict[str, str]) -> None:
    _.speak(language_of({}))
    with pytest.raises(FleetRefused, match=r"^machine one says for a .* is no name and no host of a cell"):
        read_cells("a", "one", json.dumps(said))


def test_a_folder_with_a_wrong_name_is_shown_and_has_no_host_to_work_with() -> None:
    [seen] = read_cells("a", "one", '{"cell": "My Folder", "host": "my.example", "out": "name"}')
    assert (seen.cell.cell, seen.cell.host) == ("My Folder", None)


def test_hosts_as_the_server_names_them_are_taken() -> None:
    for host in ("elm.example", "xn--fiq228c.example", "[2001:db8::1]", "a_b.example"):
        assert read_cells("a", "one", json.dumps({"cell": "elm", "host": host}))[0].cell.host == host


def test_more_cells_than_a_service_can_have_are_refused() -> None:
    _.speak(language_of({}))
    with pytest.raises(FleetRefused, match="machine one names 10001 cells of a, more than 10000"):
        read_cells("a", "one", '{"cell": "elm"}\n' * 10_001)
