"""The inventory of a fleet, and how its cells are judged."""

import json
from pathlib import Path

import pytest

import menjin
from fleet.inventory import read_fleet
from fleet.judging import Cell, FoundCell, judged, missing, read_cells
from fleet.words import FleetRefused, _
from gate_controller.command_line.spoken import language_of

GOOD = """
[machines.one]
address = "north.example"
user = "root"
account = "menjin-web"

[services.north]
machine = "one"
cells = "/var/lib/menjin-web/cells"
url = "http://127.0.0.1:8000"
upgrade_to = "north-next"

[services.north-next]
machine = "one"
cells = "/var/lib/menjin-web/cells-next"
url = "http://127.0.0.1:8001"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_cell_goes_back_to_the_service_that_it_came_from(tmp_path: Path) -> None:
    third = (
        GOOD
        + 'upgrade_to = "north-last"\n'
        + """
[services.north-last]
machine = "one"
cells = "/var/lib/menjin-web/cells-last"
url = "http://127.0.0.1:8002"
"""
    )
    head, north, rest = third.partition("[services.north]")
    north_of, _, later = (north + rest).partition("[services.north-next]")
    for text in (third, head + "[services.north-next]" + later + north_of):
        fleet = read_fleet(written(tmp_path, text))
        came_from = {name: fleet.service_before(name) for name in sorted(fleet.services)}
        assert came_from == {"north": "north", "north-last": "north-next", "north-next": "north"}
    assert read_fleet(written(tmp_path, GOOD)).service_before("north-next") == "north"


def test_an_inventory_names_machines_and_their_services(tmp_path: Path) -> None:
    fleet = read_fleet(written(tmp_path, GOOD))
    assert fleet.machines["one"].port == 22
    assert {name: one.machine for name, one in fleet.services.items()} == {
        "north": "one",
        "north-next": "one",
    }
    assert fleet.services["north"].command == ("menjin-server",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[machines.one]", "[machines.One]", r"\[machines.One\]: legal are 1 to 40 of a-z, 0-9 and -"),
        (
            'machine = "one"',
            'machine = "two"',
            r"\[services.north\] machine two is not there: add \[machines",
        ),
        ("cells-next", "cells", r"\[services.north\] has the folder of cells of \[services.north-next\]"),
        (
            '"north-next"',
            '"south"',
            r"\[services.north\] upgrade_to 'south': name another service on the same",
        ),
        (
            "/var/lib/menjin-web/cells-next",
            "cells",
            r"\[services.north-next\] cells 'cells': write a whole path",
        ),
        ("/var/lib/menjin-web/cells-next", "/var/{{ x }}", "write it without braces"),
        (
            "http://127.0.0.1:8001",
            "127.0.0.1:8001",
            r"\[services.north-next\] url '127.0.0.1:8001': write where",
        ),
        ('"north.example"', '"-oProxyCommand=x"', r"\[machines.one\] address and user begin with a letter"),
        (
            '"north.example"',
            '"north example"',
            r"\[machines.one\] address 'north example': write it in one line",
        ),
        ('user = "root"', 'usr = "root"', r"unknown field `usr` - at `\$.machines"),
        ("[machines.one]", "[machines.one", "Expected ']'"),
        (GOOD, "", r"names no service: add \[services.NAME\]"),
    ],
)
def test_a_wrong_inventory_is_one_sentence_with_the_place(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(FleetRefused, match=says) as refused:
        read_fleet(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_without_an_inventory_the_command_says_what_to_write_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["fleet", "list", "--inventory", str(tmp_path / "fleet.toml")]
    for language, says in (("en", "is missing: write the inventory"), ("zh", "不存在：请编写机器清单")):
        monkeypatch.setenv("LANGUAGE", language)
        assert menjin.main(command) == 2
        assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


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
