"""`menjin driver`: hold a package of drivers against the checklist, or show how a driver is set and wired."""

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from hardware.conformance.check import check_driver
from hardware.conformance.points import Grade, Point, grade_of
from hardware.conformance.settings import LANGUAGES, keys_of
from hardware.registry import DriverEntry, DriverRefused, installed_drivers

GRADES = tuple(Grade)


def run(argv: list[str]) -> int:
    """Run `menjin driver`; return 0 when every driver has the grade that is asked for, 1 when one has not."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "show":
        return _show(arguments.driver, arguments.language)
    if find_spec("hardware.simulated") is None:
        return _complain("a check needs the simulated devices of the package menjin; this one has none")
    found = [
        one for one in installed_drivers().of_package(arguments.package) if arguments.only in (None, one.name)
    ]
    if not found:
        return _complain(f"the package {arguments.package} registers no such driver; is it installed here?")
    least = GRADES.index(Grade(arguments.least))
    grades = [_check(one, as_json=arguments.json) for one in found]
    return 0 if all(GRADES.index(grade) >= least for grade in grades) else 1


def _check(one: DriverEntry, *, as_json: bool) -> Grade:
    """Print what was found of one driver; return its grade."""
    try:
        points = check_driver(one.load())
    except DriverRefused as err:
        _complain(str(err))
        return Grade.NONE
    grade = grade_of(points)
    if as_json:
        shown = [{"point": point.name, "verdict": point.verdict, "text": point.text} for point in points]
        line = {"driver": one.name, "package": one.package, "grade": grade, "points": shown}
        print(json.dumps(line, ensure_ascii=False))
    else:
        print("\n".join([f"{one.name} of {one.package}: {grade}", *map(_line, points)]), flush=True)
    return grade


def _line(point: Point) -> str:
    return f"  {point.verdict:<8}{point.name}{': ' * bool(point.text)}{point.text}"


def _show(name: str, language: str) -> int:
    try:
        driver = installed_drivers().driver(name)
    except DriverRefused as err:
        return _complain(str(err))
    print(f"[{driver.table}.NAME]  {driver.name}")
    for key in keys_of(driver.settings):
        facts = [key.legal, key.unit or "", f"default {key.default}" if key.default else "", key.sentence]
        print(f"  {key.name:<18}{'; '.join(fact for fact in facts if fact)}")
    print(driver.wiring.get(language) or driver.wiring.get("en", ""))
    return 0


def _complain(message: str) -> int:
    print(f"menjin driver: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="menjin driver", description="Drivers of this installation.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    check = commands.add_parser("check", help="hold a package's drivers against the checklist; print grades")
    check.add_argument("package", metavar="PACKAGE", help="the name that pip knows; menjin for its own")
    check.add_argument("--only", metavar="DRIVER", help="only this driver of the package")
    grades: Sequence[str] = [grade.value for grade in GRADES[1:]]
    check.add_argument("--least", choices=grades, default="bronze", help="the grade that each must have")
    check.add_argument("--json", action="store_true", help="one JSON object for each driver")
    show = commands.add_parser("show", help="print a driver's keys of the site file, and how it is wired")
    show.add_argument("driver", metavar="DRIVER")
    show.add_argument("--language", choices=LANGUAGES, default="en", help="of the wiring (default en)")
    return parser
