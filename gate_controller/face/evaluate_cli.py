"""`menjin face evaluate PAIRS.csv`: how often an engine errs on labelled pairs of pictures."""

import argparse
import json
import sys
from pathlib import Path

import click
import cv2

from gate_controller.face.engines import DEFAULT_ENGINE, ENGINES
from gate_controller.face.error_rates import Share
from gate_controller.face.errors import FaceError
from gate_controller.face.evaluation import Evaluation, embed_pictures, evaluate, room_for
from gate_controller.face.pair_list import PairList, read_pairs
from gate_controller.face.roc_picture import draw_roc

ROC_FILE = Path("roc.png")
LISTED = 10
"""Pictures that could not be used, named in the text for people; the JSON names all."""


def add_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` to the parser of `menjin face`."""
    parser = subparsers.add_parser("evaluate", help="measure how often an engine errs on labelled pairs")
    parser.add_argument("pairs", type=Path, metavar="PAIRS.csv", help="columns: a, b, same[, group]")
    parser.add_argument("--engine", choices=[*ENGINES, "both"], default=DEFAULT_ENGINE)
    parser.add_argument("--roc", type=Path, default=ROC_FILE, metavar="FILE", help="where to draw the curve")
    parser.add_argument("--json", action="store_true", help="print one object a line for each engine")
    parser.set_defaults(face_command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    pairs = read_pairs(arguments.pairs)
    names = list(ENGINES) if arguments.engine == "both" else [arguments.engine]
    done = []
    for name in names:
        one = _measure(name, pairs)
        done.append(one)
        print(json.dumps(as_object(one)) if arguments.json else as_text(one), flush=True)
    try:
        draw_roc(arguments.roc, done)
        print(f"curve drawn: {arguments.roc}", file=sys.stderr)
    except FaceError as fault:
        # The figures are out already; a missing drawing must not throw them away.
        print(f"menjin face evaluate: {fault}", file=sys.stderr)
    return 0


def _measure(name: str, pairs: PairList) -> Evaluation:
    engine = ENGINES[name].load()
    cv2.setNumThreads(-1)  # nothing else waits for this machine now
    embedded = room_for(engine, len(pairs.pictures))
    with click.progressbar(
        length=len(pairs.pictures), label=engine.card.name, file=sys.stderr, show_pos=True
    ) as bar:
        for _path in embed_pictures(engine, pairs.pictures, embedded):
            bar.update(1)
    return evaluate(engine, pairs, embedded)


def as_object(one: Evaluation) -> dict[str, object]:
    """Return the figures as one JSON object; rates out of too few pairs are null."""
    return {
        "engine": one.engine,
        "pairs": one.pairs,
        "unreadable": len(one.unreadable),
        "unreadable_pictures": list(one.unreadable),
        "failure_to_enrol": _share(one.enrolment_failures),
        "at": [
            {
                "fmr": point.false_match_rate,
                "threshold": point.min_face_similarity,
                "fnmr": point.missed.rate if point.missed else None,
                "fnmr_ci": point.missed.limits if point.missed else None,
            }
            for point in one.at
        ],
        "threshold": one.min_face_similarity,
        "fmr": _share(one.false_matches),
        "fnmr": _share(one.false_non_matches),
        "fpir": [
            {"enrolled": enrolled, "threshold": one.min_face_similarity, "fpir": rate}
            for enrolled, rate in one.identification_rates()
        ],
        "groups": {
            group.group: {"fmr": _share(group.false_matches), "fnmr": _share(group.false_non_matches)}
            for group in one.groups
        },
    }


def _share(share: Share) -> dict[str, object]:
    return {"n": share.of, "count": share.count, "rate": share.rate, "ci": share.limits}


def as_text(one: Evaluation) -> str:
    """Return the figures for a person."""
    lines = [
        f"{one.engine}: {one.pairs} pairs; compared: {len(one.genuine)} of one person, "
        f"{len(one.impostor)} of two",
        f"  pictures without a face found: {_words(one.enrolment_failures)}",
    ]
    for point in one.at:
        if point.min_face_similarity is None or point.missed is None:
            lines.append(f"  at FMR {point.false_match_rate:g}: too few pairs to tell")
        else:
            lines.append(
                f"  at FMR {point.false_match_rate:g}: similarity {point.min_face_similarity:.3f}, "
                f"FNMR {_words(point.missed)}"
            )
    lines.append(f"  at the engine's own {one.min_face_similarity:.4f}: FMR {_words(one.false_matches)}")
    lines.append(f"    FNMR {_words(one.false_non_matches)}")
    for group in one.groups:
        lines.append(f"    group {group.group}: FMR {_words(group.false_matches)}")
        lines.append(f"      FNMR {_words(group.false_non_matches)}")
    for enrolled, rate in one.identification_rates():
        told = "too few pairs to tell" if rate is None else f"{rate:.4g}"
        lines.append(f"    a stranger among {enrolled} enrolled is taken for one of them: {told}")
    lines += [f"  unreadable: {what}" for what in one.unreadable[:LISTED]]
    if len(one.unreadable) > LISTED:
        lines.append(f"  and {len(one.unreadable) - LISTED} more; --json names all")
    return "\n".join(lines)


def _words(share: Share) -> str:
    if share.rate is None or share.limits is None:
        return "no pairs to tell"
    low, high = share.limits
    return f"{share.rate:.4g} ({share.count} of {share.of}; 95 % between {low:.4g} and {high:.4g})"
