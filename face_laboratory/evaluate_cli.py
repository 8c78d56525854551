"""`menjin face evaluate`: how often an engine errs, by pairs or by person, and is deceived."""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
import cv2

from face_laboratory.attack_items import Item, list_items
from face_laboratory.attack_trials import AttackTrials, try_attacks
from face_laboratory.error_rates import Share
from face_laboratory.evaluation import (
    EmbeddedPictures,
    Evaluation,
    embed_pictures,
    evaluate,
    room_for,
)
from face_laboratory.halves import measure_halves
from face_laboratory.halves_words import halves_as_lines, halves_as_object, write_halves
from face_laboratory.liveness_picture import draw_liveness
from face_laboratory.liveness_set import SetItem, read_set
from face_laboratory.liveness_trials import LivenessTrials, try_set
from face_laboratory.liveness_words import liveness_as_object, liveness_as_text
from face_laboratory.pair_list import read_pairs
from face_laboratory.people_evaluation import PeopleEvaluation, evaluate_people
from face_laboratory.people_list import PeopleList, read_people
from face_laboratory.people_words import people_as_object, people_as_text
from face_laboratory.roc_picture import curve_of_pairs, curve_of_people, draw_roc
from gate_controller.contract.records import MAX_LOOKS
from gate_controller.face.engines.engine import FaceEngine, wipe
from gate_controller.face.engines.engines import DEFAULT_ENGINE, OWN_ENGINES, engine_names, load_engine
from gate_controller.face.engines.errors import UnusablePicture
from gate_controller.face.liveness.liveness import PersonCheck
from gate_controller.face.liveness.passive_liveness import added_pair
from gate_controller.face_control.kept_faces import FaceError

ROC_FILE = Path("roc.png")
LIVENESS_FILE = Path("liveness.png")
LISTED = 10
"""Pictures that could not be used, named in the text for people; the JSON names all."""


def add_command(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("evaluate", help="measure how often an engine errs on labelled pictures")
    parser.add_argument(
        "pictures",
        type=Path,
        metavar="PAIRS.csv|PEOPLE.csv",
        nargs="?",
        help="columns: a, b, same[, group]; with --looks: person, path[, group]",
    )
    parser.add_argument(
        "--looks",
        type=int,
        choices=range(1, MAX_LOOKS + 1),
        metavar="K",
        help=f"count by person: enrol each on K pictures (1 to {MAX_LOOKS}), probe with the rest",
    )
    parser.add_argument(
        "--attacks",
        type=Path,
        metavar="DIR",
        help="one folder for each kind of attack, in it pictures, videos and folders of frames",
    )
    parser.add_argument(
        "--liveness",
        type=Path,
        metavar="SET.csv",
        help="columns: species, path[, source]; species live are living people: curve and limits by species",
    )
    parser.add_argument(
        "--liveness-curves",
        type=Path,
        default=LIVENESS_FILE,
        metavar="FILE",
        help="where to draw the curves of --liveness",
    )
    parser.add_argument(
        "--halves",
        type=Path,
        metavar="FILE",
        help="with --looks K: choose thresholds on one half of the people for 1 to K looks, report on the "
        "other, and write all to FILE",
    )
    parser.add_argument("--engine", choices=[*engine_names(), "both"], default=DEFAULT_ENGINE)
    parser.add_argument("--roc", type=Path, default=ROC_FILE, metavar="FILE", help="where to draw the curve")
    parser.add_argument("--json", action="store_true", help="print one object a line for each engine")
    parser.set_defaults(face_command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    without_pictures = arguments.attacks is not None or arguments.liveness is not None
    if arguments.pictures is None and (not without_pictures or arguments.looks is not None):
        raise UnusablePicture(
            "Nothing to measure: give PAIRS.csv, or PEOPLE.csv with --looks, or --attacks DIR, or "
            "--liveness SET.csv."
        )
    if arguments.halves is not None and arguments.looks is None:
        raise UnusablePicture("--halves needs PEOPLE.csv and --looks K: it chooses for 1 to K looks.")
    by_person = arguments.looks is not None
    pairs = read_pairs(arguments.pictures) if arguments.pictures is not None and not by_person else None
    people = read_people(arguments.pictures) if by_person else None
    items = list_items(arguments.attacks) if arguments.attacks is not None else None
    clips = read_set(arguments.liveness) if arguments.liveness is not None else None
    names = list(OWN_ENGINES) if arguments.engine == "both" else [arguments.engine]
    curves, halves = [], dict[str, object]()
    for name in names:
        engine = load_engine(name, measured=False)
        cv2.setNumThreads(-1)  # nothing else waits for this machine now
        one = evaluate(engine, pairs, _embedded(engine, pairs.pictures)) if pairs is not None else None
        persons = _by_person(engine, people, arguments, halves) if people is not None else None
        trials = _deceive(engine, items) if items is not None else None
        living = _measure_liveness(engine, clips, arguments.liveness_curves) if clips is not None else None
        curves += [curve_of_pairs(one)] if one is not None else []
        curves += [curve_of_people(persons)] if persons is not None else []
        if arguments.json:
            figures: dict[str, object] = {"engine": engine.card.name}
            figures |= as_object(one) if one is not None else {}
            figures |= people_as_object(persons) if persons is not None else {}
            figures |= {"halves": halves[engine.card.name]} if halves else {}
            figures |= {"liveness": liveness_as_object(living)} if living is not None else {}
            print(json.dumps(_object(figures, trials)), flush=True)
        else:
            if one is not None:
                print(as_text(one), flush=True)
            if persons is not None:
                said = [people_as_text(persons), *_listed(persons.unreadable)]
                print("\n".join([*said, *halves_as_lines(halves.get(engine.card.name))]), flush=True)
            if trials is not None:
                print(attacks_as_text(engine.card.name, trials), flush=True)
            if living is not None:
                said = [liveness_as_text(engine.card.name, living), *_listed(living.unreadable)]
                print("\n".join(said), flush=True)
    if arguments.halves is not None:
        write_halves(arguments.halves, halves)
    try:
        if curves:
            draw_roc(arguments.roc, [curve for curve in curves if curve is not None])
            print(f"curve drawn: {arguments.roc}", file=sys.stderr)
    except FaceError as fault:
        # The figures are out already; a missing drawing must not throw them away.
        print(f"menjin face evaluate: {fault}", file=sys.stderr)
    return 0


def _embedded(engine: FaceEngine, pictures: Sequence[Path]) -> EmbeddedPictures:
    embedded = room_for(engine, len(pictures))
    with click.progressbar(
        length=len(pictures), label=engine.card.name, file=sys.stderr, show_pos=True
    ) as bar:
        for _path in embed_pictures(engine, pictures, embedded):
            bar.update(1)
    return embedded


def _by_person(
    engine: FaceEngine, people: PeopleList, arguments: argparse.Namespace, halves: dict[str, object]
) -> PeopleEvaluation:
    embedded = _embedded(engine, people.pictures)
    try:
        if arguments.halves is not None:
            halves[engine.card.name] = halves_as_object(
                arguments.pictures.name, people, measure_halves(engine, people, embedded, arguments.looks)
            )
        return evaluate_people(engine, people, embedded, arguments.looks)
    finally:
        wipe(embedded.vectors)


def _deceive(engine: FaceEngine, items: list[Item]) -> AttackTrials:
    make_check = partial(PersonCheck, judge=added_pair())
    label = f"{engine.card.name}, attacks"
    with click.progressbar(length=len(items), label=label, file=sys.stderr, show_pos=True) as bar:
        return try_attacks(engine, items, lambda _item: bar.update(1), make_check)


def _measure_liveness(engine: FaceEngine, clips: Sequence[SetItem], drawn: Path) -> LivenessTrials:
    label = f"{engine.card.name}, liveness"
    with click.progressbar(length=len(clips), label=label, file=sys.stderr, show_pos=True) as bar:
        trials = try_set(engine, clips, added_pair(), lambda _item: bar.update(1))
    try:
        draw_liveness(drawn, engine.card.name, trials.separations())
        print(f"curves drawn: {drawn}", file=sys.stderr)
    except FaceError as fault:
        print(f"menjin face evaluate: {fault}", file=sys.stderr)
    return trials


def _object(figures: dict[str, object], trials: AttackTrials | None) -> dict[str, object]:
    answer = dict(figures)
    if trials is not None:
        before = answer.get("unreadable_pictures")
        pictures = [*(before if isinstance(before, list) else ()), *trials.unreadable]
        answer |= {"unreadable": len(pictures), "unreadable_pictures": pictures}
        answer["attacks"] = {
            species: {"n": share.of, "accepted": share.count, "rate": share.rate, "ci": share.limits}
            for species, share in trials.shares().items()
        }
    return answer


def attacks_as_text(engine: str, trials: AttackTrials) -> str:
    """Return the shares of attacks that were taken for a person, for a person, worst first."""
    lines = [f"{engine}: attacks taken for a person"]
    lines += [f"  {species}: {_words(share)}" for species, share in trials.shares().items()]
    return "\n".join(lines + _listed(trials.unreadable))


def _listed(unreadable: Sequence[str]) -> list[str]:
    lines = [f"  unreadable: {what}" for what in unreadable[:LISTED]]
    if len(unreadable) > LISTED:
        lines.append(f"  and {len(unreadable) - LISTED} more; --json names all")
    return lines


def as_object(one: Evaluation) -> dict[str, object]:
    """Return the figures as one JSON object; rates out of too few pairs are null."""
    return {
        "engine": one.engine,
        "pairs": one.pairs,
        "people_at_most": one.people.at_most,
        "largest_persons_share": one.people.largest_share,
        "unreadable": len(one.unreadable),
        "unreadable_pictures": list(one.unreadable),
        "failure_to_enrol": {
            **_share(one.enrolment_failures),
            "reasons": {reason.value: count for reason, count in one.not_enrolled_for.items()},
        },
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
    lines = [
        f"{one.engine}: {one.pairs} pairs; compared: {len(one.genuine)} of one person, "
        f"{len(one.impostor)} of two",
        f"  they rest on at most {one.people.at_most} people; {one.people.largest_share:.0%} of the pairs of "
        "one person are of the same one; --looks counts by person",
        f"  pictures that an enrolment would refuse: {_words(one.enrolment_failures)}",
    ]
    lines += [f"    {reason.value}: {count}" for reason, count in one.not_enrolled_for.items()]
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
        words = "too few pairs to tell" if rate is None else f"{rate:.4g}"
        lines.append(f"    a stranger among {enrolled} enrolled is taken for one of them: {words}")
    return "\n".join(lines + _listed(one.unreadable))


def _words(share: Share) -> str:
    if share.rate is None or share.limits is None:
        return "no pairs to tell"
    low, high = share.limits
    return f"{share.rate:.4g} ({share.count} of {share.of}; 95 % between {low:.4g} and {high:.4g})"
