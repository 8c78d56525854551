"""A fleet goes over in waves: progress, pages and words."""

import ast
import io
import json
import re
import shlex
import textwrap
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from fleet.cli import COMMANDS, _parser
from fleet.commands.upgrade import _is_kept
from fleet.inventory import read_fleet
from fleet.judging import Cell, FoundCell
from fleet.progress import Bar
from fleet.terminal import out, printable
from fleet.waves import Waves, next_wave
from tests.growing.costs import OPEN_CELL_MEMORY_WEB_MIB
from tests.project.pages import code_blocks
from tests.support.source import tree_of

CELLS = [f"c{number:02}" for number in range(30)]


def in_order(so_far: Waves, size: int, canary: str | None = None) -> list[list[str]]:
    waves: list[list[str]] = []
    while left := [name for name in CELLS if name not in so_far.done]:
        waves.append(next_wave(so_far, left, size, canary))
        so_far = Waves([], [*so_far.done, *waves[-1]])
    return waves


def test_one_comes_first_and_then_so_many_at_a_time() -> None:
    waves = in_order(Waves(), 10)
    assert [len(wave) for wave in waves] == [1, 10, 10, 9]
    assert [name for wave in waves for name in wave] == CELLS


def test_the_first_one_may_be_chosen() -> None:
    waves = in_order(Waves(), 10, canary="c12")
    assert waves[0] == ["c12"]
    assert sorted(name for wave in waves for name in wave) == CELLS
    assert in_order(Waves(), 10, canary="gone")[0] == ["c00"]


def test_a_wave_that_was_not_good_comes_again_before_any_other() -> None:
    assert next_wave(Waves(["c07", "c08"], CELLS[:7]), CELLS[9:], 10) == ["c07", "c08"]
    assert next_wave(Waves([], CELLS[:7]), CELLS[7:], 10) == CELLS[7:17]


@pytest.mark.parametrize(
    ("out", "held_by", "in_wave", "is_kept"),
    [
        (None, (), False, False),
        ("held", ("cells hold",), False, True),
        ("held", ("cells upgrade", "cells hold"), True, True),  # since it was cut off
        ("held", ("cells upgrade",), True, False),
        ("held", ("cells restore",), False, False),  # the upgrade says what to do about it
        ("held", None, False, True),  # its service is of a version that does not say who holds it
        ("held", None, True, False),
    ],
)
def test_an_upgrade_leaves_alone_what_an_operator_holds(
    out: str | None, held_by: tuple[str, ...] | None, in_wave: bool, is_kept: bool
) -> None:
    seen = FoundCell("north", Cell("willow", out=out, held_by=held_by))
    assert _is_kept(seen, Waves(wave=["willow"] if in_wave else [])) is is_kept


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_below_what_is_said() -> None:
    terminal = Terminal()
    bar = Bar(4, terminal)
    bar.step("elm")
    bar.step("oak", by=2)
    assert terminal.getvalue().endswith("[######################........] 3/4")
    bar.say("fir waits")
    bar.close()
    shown = [line.rpartition("\r\033[K")[2] for line in terminal.getvalue().split("\n")]
    assert shown == ["[1/4] elm", "[3/4] oak", "fir waits", ""]


def test_a_file_has_a_line_a_step() -> None:
    file = io.StringIO()
    bar = Bar(2, file)
    bar.step("elm")
    bar.step("oak")
    bar.close()
    assert file.getvalue() == "[1/2] elm\n[2/2] oak\n"


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


ROOT = Path(__file__).resolve().parents[2] / "fleet"
CHINESE = ROOT / "translations/zh/LC_MESSAGES/messages.po"


def said() -> set[str]:
    return {
        str(call.args[0].value)
        for path in ROOT.rglob("*.py")
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_"
        if isinstance(call.args[0], ast.Constant)
    }


def test_every_text_has_its_chinese_with_the_same_values() -> None:
    with CHINESE.open("rb") as file:
        entries = [entry for entry in read_po(file, locale="zh", abort_invalid=True) if entry.id]
    assert [str(entry.id) for entry in entries] == sorted(said())
    assert [entry.id for entry in entries if not entry.string or list(entry.check())] == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b]0;good\x07", "\\u001b]0;good\\u0007"),
        ("all good\rred", "all good\\u000dred"),
        ("\x9b2J", "\\u009b2J"),
        ("\x7f", "\\u007f"),
        ("\u202emle", "\\u202emle"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("\udc80", "\\udc80"),
        ("柳苑　é\tline\n", "柳苑　é\tline\n"),
    ],
)
def test_what_is_no_mark_on_paper_is_named(said: str, shown: str) -> None:
    assert printable(said) == shown


def test_json_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"cell": "\x9b\u202e\U000e0041\x7f\x1b柳"}
    out(json.dumps(facts, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert json.loads(printed) == facts
    assert printed.rstrip("\n").isprintable()
