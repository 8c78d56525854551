"""`menjin face` as a gate has it: list, verify and add the weights of the engines.

The face laboratory, a package of its own, adds the commands that measure.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence

import click

from gate_controller.face.engines.engine import CurvePoint, EngineKind
from gate_controller.face.engines.engines import (
    ADD,
    DEFAULT_ENGINE,
    engine_kind,
    engine_names,
    known_models,
    usable_engines,
    weights_folder,
)
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, Fitness, fitness
from gate_controller.face.engines.errors import EngineRefused, ModelFileError
from gate_controller.face.engines.model_adding import OPTIONAL_MODELS, add_model
from gate_controller.face.engines.model_files import added_models_folder, checked_model_file
from gate_controller.face_control.kept_faces import FaceError

UNUSABLE = 2
"""Exit code when a picture or a model file cannot be used."""

AddCommand = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]"], None]


def run(argv: Sequence[str]) -> int:
    """Run `menjin face` of a gate; return the exit code, 2 for unusable input."""
    return run_commands(argv, {"models": add_command})


def run_commands(argv: Sequence[str], commands: Mapping[str, AddCommand]) -> int:
    """Run one of these commands of `menjin face`; return the exit code, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="menjin face", description="Compare faces and measure engines.")
    subparsers = parser.add_subparsers(dest="face_action", required=True, metavar="|".join(commands))
    for add in commands.values():
        add(subparsers)
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.face_command(arguments)
    except FaceError as fault:
        print(f"menjin face: {fault}", file=sys.stderr)
        return UNUSABLE
    return code


def add_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    models = subparsers.add_parser("models", help="list, add or verify the model files")
    actions = models.add_subparsers(dest="models_action", required=True, metavar="list|add|verify")
    for action, explained, command in (
        ("list", "print each engine, its licence, its measured curve and what it may do", _list_models),
        ("verify", "check that the model files are the measured ones", _verify_models),
        ("add", "add a model file that an engine names, from a path or an address", _add_model),
    ):
        parser = actions.add_parser(action, help=explained, description=explained.capitalize() + ".")
        if action == "add":
            parser.add_argument("source", metavar="FILE|URL")
        parser.add_argument("--json", action="store_true", help="print one object a line")
        parser.set_defaults(face_command=command)


def _list_models(arguments: argparse.Namespace) -> int:
    for name in engine_names():
        try:
            kind = engine_kind(name)
        except EngineRefused as fault:
            if arguments.json:
                print(json.dumps({"engine": name, "may_open": False, "why": str(fault)}))
            else:
                print(f"{name}: not usable\n  {fault}")
            continue
        if arguments.json:
            print(json.dumps(_card_as_object(kind)))
        else:
            print(f"{kind.card.name}{' (default)' if name == DEFAULT_ENGINE else ''}")
            print("\n".join(_card_as_lines(kind)))
    if not arguments.json:
        print("optional, for passive liveness (menjin face models add FILE|URL):")
        for model in OPTIONAL_MODELS:
            added = (added_models_folder() / model.name).is_file()
            print(f"  {model.name} ({'added' if added else 'not added'})\n    sha256 {model.sha256}")
    return 0


def _card_as_object(kind: EngineKind) -> dict[str, object]:
    card, home = kind.card, fitness(kind.card)
    return {
        "engine": card.name,
        "licence": card.licence,
        "files": [{"name": model.name, "sha256": model.sha256} for model in card.model_files],
        "curve": [_point_as_object(point) for point in card.curve],
        "curves_of_looks": {
            looks: [_point_as_object(point) for point in curve]
            for looks, curve in card.curves_of_looks.items()
        },
        "measured_on": card.measured_on,
        "worst_group": card.worst_group,
        "worst_group_factor": card.worst_group_factor,
        "may_open": home.point is not None,
        "why": home.sentence,
        "beside_another_way": _opening_as_object(fitness(card, BESIDE_ANOTHER_WAY)),
        "in_a_home": _opening_as_object(home),
    }


def _opening_as_object(fit: Fitness) -> dict[str, object]:
    nothing = dict.fromkeys(("fmr", "threshold", "fnmr", "fnmr_by_person"))
    return {
        "may_open": fit.point is not None,
        **(_point_as_object(fit.point) if fit.point else nothing),
        "why": fit.sentence,
    }


def _point_as_object(point: CurvePoint) -> dict[str, object]:
    return {
        "fmr": point.false_match_rate,
        "threshold": point.min_face_similarity,
        "fnmr": point.false_non_match_rate,
        "fnmr_by_person": point.missed_by_person,
    }


def _card_as_lines(kind: EngineKind) -> list[str]:
    card = kind.card
    lines = [f"  licence: {card.licence}"]
    for model in card.model_files:
        lines += [f"  file: {model.name}", f"    sha256 {model.sha256}"]
    lines += [
        f"  {looks} look(s), false match rate {point.false_match_rate:g}: similarity of at least "
        f"{point.min_face_similarity:.4f}; of the rightful missed: {_missed(point)}"
        for looks, curve in [(1, card.curve), *sorted(card.curves_of_looks.items())]
        for point in curve
    ]
    lines.append(f"  measured on: {card.measured_on}")
    lines.append(f"  worst group: {card.worst_group}, {card.worst_group_factor:g} times the average")
    return [*lines, f"  {fitness(card).sentence}", f"  {fitness(card, BESIDE_ANOTHER_WAY).sentence}"]


def _missed(point: CurvePoint) -> str:
    if point.missed_by_person is None:
        return f"{point.false_non_match_rate:.1%} by pairs, not measured by person"
    return f"{point.missed_by_person:.2%} by person"


def _verify_models(arguments: argparse.Namespace) -> int:
    bad = 0
    for name, kind in usable_engines():
        for model in kind.card.model_files:
            try:
                text, ok = str(checked_model_file(weights_folder(name, kind), model, kind.remedy)), True
            except ModelFileError as fault:
                text, ok = str(fault), False
            # Every other engine is an extra: its absence is reported and is no fault.
            bad += not ok and name == DEFAULT_ENGINE
            _print_verified(arguments, model.name, text, ok=ok)
    for model in OPTIONAL_MODELS:
        if (added_models_folder() / model.name).exists():
            try:
                text, ok = str(checked_model_file(added_models_folder(), model, f"Run: {ADD}")), True
            except ModelFileError as fault:
                text, ok = str(fault), False
            bad += not ok
            _print_verified(arguments, model.name, text, ok=ok)
    return 1 if bad else 0


def _print_verified(arguments: argparse.Namespace, name: str, text: str, *, ok: bool) -> None:
    if arguments.json:
        print(json.dumps({"file": name, "ok": ok, "detail": text}))
    else:
        print(f"{'ok   ' if ok else 'WRONG'} {text}")


def _add_model(arguments: argparse.Namespace) -> int:
    with click.progressbar(length=0, label="copying", file=sys.stderr, show_pos=True) as bar:

        def progress(done: int, size: int | None) -> None:
            bar.length = size or done
            bar.update(done - bar.pos)

        paths = add_model(arguments.source, known_models(), added_models_folder(), progress)
    for path in paths:
        print(json.dumps({"file": str(path), "ok": True}) if arguments.json else f"added {path}")
    return 0
