"""`menjin face`: compare two pictures, and check the model files."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from gate_controller.face.engines.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.engines.engines import DEFAULT_ENGINE, ENGINES
from gate_controller.face.engines.error_budget import fitness
from gate_controller.face.engines.errors import FaceError, ModelFileError, UnusablePicture
from gate_controller.face.engines.model_adding import OPTIONAL_MODELS, add_model
from gate_controller.face.engines.model_files import added_models_folder, checked_model_file
from gate_controller.face.evaluation import evaluate_cli
from gate_controller.face.evaluation.still_pictures import read_picture

UNUSABLE = 2
"""Exit code when a picture or a model file cannot be used."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare`, `evaluate` and `models` to the parser of `menjin face`."""
    compare = subparsers.add_parser("compare", help="decide whether two pictures show the same person")
    compare.add_argument("first", type=Path, metavar="A.jpg")
    compare.add_argument("second", type=Path, metavar="B.jpg")
    compare.add_argument("--engine", choices=list(ENGINES), default=DEFAULT_ENGINE)
    compare.add_argument("--json", action="store_true", help="print one object on one line")
    compare.set_defaults(face_command=_compare)
    evaluate_cli.add_command(subparsers)
    models = subparsers.add_parser("models", help="list, add or verify the model files")
    actions = models.add_subparsers(dest="models_action", required=True, metavar="list|add|verify")
    for action, explained, command in (
        ("list", "print each engine, its licence, its measured curve and what it may do", _list_models),
        ("verify", "check that the model files are the measured ones", _verify_models),
        ("add", "add a model file that no package ships, from a path or an address", _add_model),
    ):
        parser = actions.add_parser(action, help=explained, description=explained.capitalize() + ".")
        if action == "add":
            parser.add_argument("source", metavar="FILE|URL")
        parser.add_argument("--json", action="store_true", help="print one object a line")
        parser.set_defaults(face_command=command)


def run(argv: Sequence[str]) -> int:
    """Run `menjin face` with the words after it; return the exit code, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="menjin face", description="Compare faces and measure engines.")
    add_commands(parser.add_subparsers(dest="face_action", required=True, metavar="compare|evaluate|models"))
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.face_command(arguments)
    except FaceError as fault:
        print(f"menjin face: {fault}", file=sys.stderr)
        return UNUSABLE
    return code


def _compare(arguments: argparse.Namespace) -> int:
    engine = ENGINES[arguments.engine].load()
    card = engine.card
    # An engine that may not open is judged by its strictest threshold.
    point = fitness(card).point or min(card.curve, key=lambda point: point.false_match_rate)
    threshold = point.min_face_similarity
    first = _only_face(engine, arguments.first)
    second = _only_face(engine, arguments.second)
    face_similarity = similarity(engine, first, second)
    wipe(first, second)
    same = face_similarity >= threshold
    if arguments.json:
        answer = {
            "engine": card.name,
            "similarity": round(face_similarity, 4),
            "same_person": same,
            "min_face_similarity": threshold,
            "false_match_rate": point.false_match_rate,
        }
        print(json.dumps(answer))
    else:
        print(
            f"{'same person' if same else 'different people'}: similarity {face_similarity:.3f}, "
            f"threshold {threshold:.3f} (one false match in {1 / point.false_match_rate:,.0f} on average, "
            f"{card.worst_group_factor:g} times that in the worst measured group)"
        )
    return 0


def _only_face(engine: FaceEngine, path: Path) -> Embedding:
    frame = read_picture(path)
    faces = engine.find(frame)
    if not faces:
        raise UnusablePicture(f"{path} shows no face. Give a picture of one person looking at the camera.")
    if len(faces) > 1:
        raise UnusablePicture(f"{path} shows {len(faces)} faces. Cut out the one that is meant.")
    embedding = engine.embed(frame, faces[0])
    wipe(frame)
    return embedding


def _list_models(arguments: argparse.Namespace) -> int:
    for name, kind in ENGINES.items():
        card, fit = kind.card, fitness(kind.card)
        if arguments.json:
            answer = {
                "engine": card.name,
                "licence": card.licence,
                "files": [{"name": model.name, "sha256": model.sha256} for model in card.model_files],
                "curve": [
                    {
                        "fmr": point.false_match_rate,
                        "threshold": point.min_face_similarity,
                        "fnmr": point.false_non_match_rate,
                        "fnmr_by_person": point.missed_by_person,
                    }
                    for point in card.curve
                ],
                "measured_on": card.measured_on,
                "looks": [asdict(point) for point in card.by_person],
                "looks_measured_on": card.by_person_on,
                "worst_group": card.worst_group,
                "worst_group_factor": card.worst_group_factor,
                "may_open": fit.point is not None,
                "why": fit.sentence,
            }
            print(json.dumps(answer))
            continue
        print(f"{card.name}{' (default)' if name == DEFAULT_ENGINE else ''}\n  licence: {card.licence}")
        for model in card.model_files:
            print(f"  file: {model.name}\n    sha256 {model.sha256}")
        for point in card.curve:
            print(
                f"  false match rate {point.false_match_rate:g}: similarity of at least "
                f"{point.min_face_similarity:.4f}; of the rightful missed: "
                f"{point.false_non_match_rate:.1%} by pairs, {_by_person(point.missed_by_person)}"
            )
        print(f"  measured on: {card.measured_on}")
        for looks in card.by_person:
            mirror = "averaged in" if looks.mirrored else "left out"
            print(
                f"  looks {looks.looks}, mirror image {mirror}: at a false match rate of "
                f"{looks.false_match_rate:g} {looks.missed_by_person:.2%} missed by person"
            )
        if card.by_person:
            print(f"  looks measured on: {card.by_person_on}")
        print(f"  worst group: {card.worst_group}, {card.worst_group_factor:g} times the average")
        print(f"  {fit.sentence}")
    if not arguments.json:
        print("optional, for passive liveness (menjin face models add FILE|URL):")
        for model in OPTIONAL_MODELS:
            added = (added_models_folder() / model.name).is_file()
            print(f"  {model.name} ({'added' if added else 'not added'})\n    sha256 {model.sha256}")
    return 0


def _by_person(missed: float | None) -> str:
    return "not measured by person" if missed is None else f"{missed:.1%} by person"


def _verify_models(arguments: argparse.Namespace) -> int:
    bad = 0
    for kind in ENGINES.values():
        for model in kind.card.model_files:
            try:
                text = str(checked_model_file(kind.folder(), model, kind.remedy))
                ok = True
            except ModelFileError as fault:
                text, ok = str(fault), False
            # The second engine is an extra: its absence is reported and is no fault.
            bad += not ok and kind is ENGINES[DEFAULT_ENGINE]
            _print_verified(arguments, model.name, text, ok=ok)
    for model in OPTIONAL_MODELS:
        if (added_models_folder() / model.name).exists():
            remedy = "Run: menjin face models add FILE|URL"
            try:
                text, ok = str(checked_model_file(added_models_folder(), model, remedy)), True
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

        path = add_model(arguments.source, added_models_folder(), progress)
    print(json.dumps({"file": str(path), "ok": True}) if arguments.json else f"added {path}")
    return 0
