"""The table of the Cyber Resilience Act has each row of annex I once, and each says what shows it."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "security" / "cra.md"
ANNEX_ONE = ["I.1", *(f"I.2{letter}" for letter in "abcdefghijklm"), *(f"II.{n}" for n in range(1, 9))]
STATES = {"met", "in part", "manufacturer"}


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return [row for row in cells if row[0] != "id" and set(row[0]) != {"-"}]


def test_each_row_of_annex_one_is_there_and_says_what_shows_it() -> None:
    annex = [row for row in rows() if re.match(r"I", row[0])]
    assert [row[0] for row in annex] == ANNEX_ONE
    assert {row[2] for row in rows()} <= STATES
    assert [row[0] for row in annex if row[2] != "manufacturer" and "](" not in row[3]] == []


def test_what_is_there_in_part_says_what_is_missing() -> None:
    short = [row[0] for row in rows() if row[2] == "in part" and not re.search(r"[;,] |as II", row[3])]
    assert short == []
