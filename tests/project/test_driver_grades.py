"""Menjin's own drivers have their grades, and the checklist says what each grade asks."""

import re
from pathlib import Path

import pytest

from hardware.conformance.check import check_driver
from hardware.conformance.points import POINTS, Grade, Verdict, grade_of
from hardware.registry import installed_drivers

PAGE = (Path(__file__).resolve().parents[2] / "docs/driver_checklist.md").read_text(encoding="utf-8")
GRADES = PAGE.partition("\n## Grades\n")[2].partition("\n## ")[0]
NO_TWIN = ("twin", "reads", "stops", "stable name", "reopens", "says once", "noise", "golden")
ONLY_LEVELS = ("noise", "golden")
OWN_FORM = ("golden",)
OF_TRIALS = ("reopens", "says once", "noise", "golden")
EXEMPT = {
    "file": OF_TRIALS,
    "folder": OF_TRIALS,
    "frame_reader": (),
    "gpio_inputs": ONLY_LEVELS,
    "gpio_relay": ONLY_LEVELS,
    "modbus_inputs": (),
    "modbus_relay": (),
    "modem_inputs": NO_TWIN,
    "osdp_reader": OWN_FORM,
    "rtsp": ("says once", "noise", "golden"),
    "serial_card": OWN_FORM,
    "serial_code": OWN_FORM,
    "serial_inputs": OWN_FORM,
    "serial_keypad": OWN_FORM,
    "stx_keypad": OWN_FORM,
    "stx_sum_keypad": OWN_FORM,
    "tag_reader": (),
    "usb_card": OWN_FORM,
    "usb_keypad": OWN_FORM,
    "usb_relay": (),
    "v4l2": NO_TWIN,
}
"""Points that a driver of Menjin's own need not have; its reason is in the driver."""


def test_every_driver_is_graded() -> None:
    assert sorted(EXEMPT) == [one.name for one in installed_drivers().of_package("menjin")]


def test_every_point_is_explained_with_the_grade_that_needs_it() -> None:
    shown = re.findall(r"^\| (bronze|silver|gold|platinum) \| \*\*([\w ]+)\*\* \|", GRADES, re.MULTILINE)
    assert shown == [(grade.value, point) for point, grade in POINTS.items()]


@pytest.mark.first_set
@pytest.mark.parametrize("name", ["v4l2", *sorted(EXEMPT.keys() - {"v4l2"})])
def test_a_driver_has_its_grade(name: str) -> None:
    points = check_driver(installed_drivers().driver(name))
    assert tuple(point.name for point in points if point.verdict is Verdict.EXEMPT) == EXEMPT[name]
    assert [point.name for point in points if point.verdict is Verdict.NO] == ["tried on metal"]
    assert grade_of(points) is {NO_TWIN: Grade.BRONZE}.get(EXEMPT[name], Grade.GOLD)


def test_the_page_names_the_drivers_that_are_not_gold() -> None:
    (named,) = re.findall(r"are gold, but (.*), which have no twin and are bronze", GRADES)
    assert re.findall(r"`(\w+)`", named) == [name for name, exempt in EXEMPT.items() if exempt == NO_TWIN]
