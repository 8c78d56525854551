"""`menjin face`: compare two pictures, measure and check engines and their model files."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from gate_controller.face.engines.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.engines.engines import DEFAULT_ENGINE, engine_names, load_engine
from gate_controller.face.engines.error_budget import judged_by
from gate_controller.face.engines.errors import UnusablePicture
from gate_controller.face.evaluation import engines_cli, evaluate_cli, models_cli
from gate_controller.face.evaluation.still_pictures import read_picture
from gate_controller.face_control.kept_faces import FaceError

UNUSABLE = 2
"""Exit code when a picture or a model file cannot be used."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare`, `evaluate`, `models` and `engines` to the parser of `menjin face`."""
    compare = subparsers.add_parser("compare", help="decide whether two pictures show the same person")
    compare.add_argument("first", type=Path, metavar="A.jpg")
    compare.add_argument("second", type=Path, metavar="B.jpg")
    compare.add_argument("--engine", choices=engine_names(), default=DEFAULT_ENGINE)
    compare.add_argument("--json", action="store_true", help="print one object on one line")
    compare.set_defaults(face_command=_compare)
    evaluate_cli.add_command(subparsers)
    models_cli.add_command(subparsers)
    engines_cli.add_command(subparsers)


def run(argv: Sequence[str]) -> int:
    """Run `menjin face` with the words after it; return the exit code, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="menjin face", description="Compare faces and measure engines.")
    add_commands(
        parser.add_subparsers(dest="face_action", required=True, metavar="compare|evaluate|models|engines")
    )
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.face_command(arguments)
    except FaceError as fault:
        print(f"menjin face: {fault}", file=sys.stderr)
        return UNUSABLE
    return code


def _compare(arguments: argparse.Namespace) -> int:
    engine = load_engine(arguments.engine)
    card = engine.card
    point = judged_by(card)
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
