"""The grades in the checklist are those of Menjin's own drivers, and say why they are not higher."""

import re
from pathlib import Path

import pytest

from hardware.conformance.check import check_driver
from hardware.conformance.points import POINTS, Verdict, grade_of
from hardware.registry import installed_drivers

PAGE = (Path(__file__).resolve().parents[2] / "docs/driver_checklist.md").read_text(encoding="utf-8")
GRADES = PAGE.partition("\n## Grades\n")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GRADES, re.MULTILINE))


def test_every_driver_has_its_row() -> None:
    assert sorted(ROWS) == [one.name for one in installed_drivers().of_package("menjin")]


def test_every_point_is_explained_with_the_grade_that_needs_it() -> None:
    shown = re.findall(r"^\| (bronze|silver|gold|platinum) \| \*\*([\w ]+)\*\* \|", GRADES, re.MULTILINE)
    assert shown == [(grade.value, point) for point, grade in POINTS.items()]


@pytest.mark.first_set
@pytest.mark.parametrize("name", ["v4l2", *sorted(set(ROWS) - {"v4l2"})])
def test_a_driver_has_the_grade_of_its_row(name: str) -> None:
    points = check_driver(installed_drivers().driver(name))
    exempt = ", ".join(point.name for point in points if point.verdict is Verdict.EXEMPT) or "–"
    assert ROWS[name] == f"{grade_of(points)} | {exempt}"
    assert [point.name for point in points if point.verdict is Verdict.NO] == ["tried on metal"]
