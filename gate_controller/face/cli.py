"""`menjin face`: compare two pictures, and check the model files."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from gate_controller.face.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.errors import FaceError, UnusablePicture

SAME_PERSON_FALSE_MATCH_RATE = 1e-5
UNUSABLE = 2
"""Exit code when a picture or a model file cannot be used."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare` and `models` to the parser of `menjin face`."""
    compare = subparsers.add_parser("compare", help="tell whether two pictures show the same person")
    compare.add_argument("first", type=Path, metavar="A.jpg")
    compare.add_argument("second", type=Path, metavar="B.jpg")
    compare.add_argument("--json", action="store_true", help="print one object on one line")
    compare.set_defaults(face_command=_compare)
    models = subparsers.add_parser("models", help="list or verify the model files")
    actions = models.add_subparsers(dest="models_action", required=True, metavar="list|verify")
    for action, explained in (
        ("list", "print each engine, its licence and its measured thresholds"),
        ("verify", "check that the model files are the measured ones"),
    ):
        parser = actions.add_parser(action, help=explained)
        parser.add_argument("--json", action="store_true", help="print one object on one line")
        parser.set_defaults(face_command=_list_models if action == "list" else _verify_models)


def run(argv: Sequence[str]) -> int:
    """Run `menjin face` with the words after it; return the exit code, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="menjin face", description="Compare faces and check face models.")
    add_commands(parser.add_subparsers(dest="face_action", required=True, metavar="compare|models"))
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.face_command(arguments)
    except FaceError as fault:
        print(f"menjin face: {fault}", file=sys.stderr)
        return UNUSABLE
    return code


def _compare(arguments: argparse.Namespace) -> int:
    from gate_controller.face.yunet_sface import load_yunet_sface

    engine = load_yunet_sface()
    threshold = engine.card.min_face_similarity_at(SAME_PERSON_FALSE_MATCH_RATE)
    first = _only_face(engine, arguments.first)
    second = _only_face(engine, arguments.second)
    face_similarity = similarity(first, second)
    wipe(first, second)
    same = face_similarity >= threshold
    if arguments.json:
        answer = {
            "engine": engine.card.name,
            "similarity": round(face_similarity, 4),
            "same_person": same,
            "min_face_similarity": threshold,
            "false_match_rate": SAME_PERSON_FALSE_MATCH_RATE,
        }
        print(json.dumps(answer))
    else:
        print(
            f"{'same person' if same else 'different people'}: similarity {face_similarity:.3f}, "
            f"threshold {threshold:.3f} (one false match in 100,000 on average, "
            f"{engine.card.worst_group_factor:g} times that in the worst measured group)"
        )
    return 0


def _only_face(engine: FaceEngine, path: Path) -> Embedding:
    from gate_controller.face.still_pictures import read_picture

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
    from gate_controller.face.yunet_sface import YUNET_SFACE_CARD

    card = YUNET_SFACE_CARD

    if arguments.json:
        answer = {
            "engine": card.name,
            "licence": card.licence,
            "files": [{"name": model.name, "sha256": model.sha256} for model in card.model_files],
            "curve": [{"fmr": rate, "threshold": threshold} for rate, threshold in card.curve],
            "measured_on": card.measured_on,
            "worst_group_factor": card.worst_group_factor,
        }
        print(json.dumps(answer))
        return 0
    print(f"{card.name} (default)\n  licence: {card.licence}")
    for model in card.model_files:
        print(f"  file: {model.name}\n    sha256 {model.sha256}")
    for rate, threshold in card.curve:
        print(f"  false match rate {rate:g}: similarity of at least {threshold:.3f}")
    print(f"  measured on: {card.measured_on}; worst group {card.worst_group_factor:g} times the average")
    return 0


def _verify_models(arguments: argparse.Namespace) -> int:
    from gate_controller.face.yunet_sface import (
        YUNET_SFACE_CARD,
        checked_model_file,
        installed_models_folder,
    )

    folder = installed_models_folder()
    for model in YUNET_SFACE_CARD.model_files:
        path = checked_model_file(folder, model)
        if arguments.json:
            print(json.dumps({"file": str(path), "sha256": model.sha256, "ok": True}))
        else:
            print(f"ok {path}")
    return 0
