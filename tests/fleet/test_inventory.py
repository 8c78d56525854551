"""The inventory is taken whole, or one sentence says what is wrong, where, and what is legal."""

from pathlib import Path

import pytest

import menjin
from fleet.inventory import read_fleet
from fleet.words import FleetRefused

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
