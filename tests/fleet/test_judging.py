"""A cell at two services is out at both, unless a move is under way; a cell that is nowhere is missed."""

import msgspec
import pytest

from fleet.judging import Cell, Seen, judged, missing, read_cells


def at(service: str, name: str, **more: str) -> Seen:
    return Seen(service, Cell(name, **{"host": f"{name}.example", "keys": f"keys of {name}", **more}))


def outs(*seen: Seen) -> dict[tuple[str, str], str | None]:
    return {(one.service, one.cell.cell): one.cell.out for one in judged(seen)}


def test_cells_of_their_own_are_good() -> None:
    assert set(outs(at("a", "elm"), at("a", "oak"), at("b", "willow")).values()) == {None}


@pytest.mark.parametrize("other", [
    at("b", "elm", host="x.example", keys="x"), at("b", "fir", host="elm.example"),
    at("b", "fir", keys="keys of elm"),
])
def test_one_name_host_or_key_at_two_services_is_trouble_at_both(other: Seen) -> None:
    assert outs(at("a", "elm"), other, at("b", "oak")) == {
        ("a", "elm"): "twice", ("b", other.cell.cell): "twice", ("b", "oak"): None}


def test_a_move_under_way_is_no_trouble_of_its_own() -> None:
    assert outs(at("a", "elm", out="moving"), at("b", "elm", out="moving")) == {
        ("a", "elm"): "moving", ("b", "elm"): "moving"}


def test_what_is_nowhere_is_missed_where_its_service_answers() -> None:
    found = missing({"elm": "a", "oak": "b", "fir": "a"}, [at("b", "elm")], silent=["b"])
    assert [(one.service, one.cell.cell, one.cell.out) for one in found] == [("a", "fir", "missing")]


def test_what_a_newer_service_says_more_is_passed_over_and_what_is_no_cell_is_an_error() -> None:
    assert read_cells("a", '{"cell": "elm", "later": 1}\n')[0].cell.cell == "elm"
    with pytest.raises(msgspec.MsgspecError):
        read_cells("a", "Traceback")
