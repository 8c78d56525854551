"""`menjin face`: compare two pictures, measure and check engines and their model files."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from face_laboratory import engines_cli, evaluate_cli
from face_laboratory.still_pictures import read_picture
from gate_controller.face import models_cli
from gate_controller.face.engines.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.engines.engines import DEFAULT_ENGINE, engine_names, load_engine
from gate_controller.face.engines.error_budget import judged_by
from gate_controller.face.engines.errors import UnusablePicture


def run(argv: Sequence[str]) -> int:
    """Run `menjin face` with the words after it; return the exit code, 2 for unusable input."""
    commands = {
        "compare": _add_compare,
        "evaluate": evaluate_cli.add_command,
        "models": models_cli.add_command,
        "engines": engines_cli.add_command,
    }
    return models_cli.run_commands(argv, commands)


def _add_compare(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compare = subparsers.add_parser("compare", help="decide whether two pictures show the same person")
    compare.add_argument("first", type=Path, metavar="A.jpg")
    compare.add_argument("second", type=Path, metavar="B.jpg")
    compare.add_argument("--engine", choices=engine_names(), default=DEFAULT_ENGINE)
    compare.add_argument("--json", action="store_true", help="print one object on one line")
    compare.set_defaults(face_command=_compare)


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
