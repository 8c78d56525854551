"""The page on many compounds: its inventory is one, and every command of the fleet on it is one."""

import re
import shlex
import textwrap
from pathlib import Path

from fleet.cli import COMMANDS, _parser
from fleet.inventory import read_fleet
from tests.growing.costs import OPEN_CELL_MEMORY_WEB_MIB
from tests.project.pages import code_blocks

PAGE = (Path(__file__).resolve().parents[2] / "docs/fleet.md").read_text(encoding="utf-8")
PLAIN = "\n".join(line.removeprefix("   ") for line in PAGE.splitlines()) + "\n"


def test_its_inventory_is_taken_as_it_is_written(tmp_path: Path) -> None:
    first, more = code_blocks(PLAIN, "toml")
    added, after = more.split("\n\n")
    path = tmp_path / "fleet.toml"
    path.write_text(f"{first}{added.partition(chr(10))[2]}\n\n{after}", encoding="utf-8")
    fleet = read_fleet(path)
    assert {name: one.upgrade_to for name, one in fleet.services.items()} == {
        "north": "north-next",
        "north-next": "",
    }
    assert fleet.machines["one"].account == "menjin-web"


def test_what_an_open_cell_costs_is_the_figure_that_was_measured() -> None:
    assert f"costs a process {OPEN_CELL_MEMORY_WEB_MIB} MiB" in PAGE


def test_its_commands_are_taken_and_each_command_is_on_it() -> None:
    written = re.findall(r"`menjin fleet ([a-z][^`]*)`", PAGE)
    for words in written:
        _parser().parse_args(shlex.split(textwrap.dedent(words).replace(" -- OPTIONS", "")))
    assert {words.split()[0] for words in written} == set(COMMANDS)
