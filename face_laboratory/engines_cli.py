"""`menjin face engines check`: whether an engine of another package keeps to the interface."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from face_laboratory.conformance import check_engine
from face_laboratory.people_list import read_people
from gate_controller.face.engines.engines import engine_kind
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, fitness
from gate_controller.face.engines.errors import EngineRefused


def add_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    engines = subparsers.add_parser("engines", help="check an engine that another package brings")
    actions = engines.add_subparsers(dest="engines_action", required=True, metavar="check")
    explained = "check that an engine has a whole card, the measured weights, and keeps to the interface"
    check = actions.add_parser("check", help=explained, description=explained.capitalize() + ".")
    check.add_argument("engine", metavar="NAME")
    check.add_argument("pictures", type=Path, metavar="PEOPLE.csv", help="columns: person, path")
    check.add_argument("--json", action="store_true", help="print one object a line for each check")
    check.set_defaults(face_command=_check)


def _check(arguments: argparse.Namespace) -> int:
    people = read_people(arguments.pictures)
    bad = 0
    for finding in check_engine(arguments.engine, people):
        bad += not finding.ok
        if arguments.json:
            print(json.dumps(asdict(finding)), flush=True)
        else:
            print(f"{'ok   ' if finding.ok else 'WRONG'} {finding.check}: {finding.detail}", flush=True)
    if not arguments.json:
        print("\n".join(_what_it_may_do(arguments.engine)))
    return 1 if bad else 0


def _what_it_may_do(name: str) -> list[str]:
    try:
        card = engine_kind(name).card
    except EngineRefused:
        return []
    return [fitness(card).sentence, fitness(card, BESIDE_ANOTHER_WAY).sentence]
