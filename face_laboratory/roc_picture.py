"""Draw the curve of an evaluation: what is missed against who is let in, on logarithmic axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from face_laboratory.error_rates import roc
from face_laboratory.evaluation import Evaluation
from face_laboratory.people_evaluation import PeopleEvaluation
from gate_controller.face_control.kept_faces import FaceError

SMALLEST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: the two rates over rising thresholds, and the least that each can tell."""

    label: str
    false_matches: Sequence[float]
    false_non_matches: Sequence[float]
    least_false_match: float
    least_false_non_match: float


def curve_of_pairs(one: Evaluation) -> Curve | None:
    """Return the curve of a list of pairs; None without pairs of both kinds."""
    if not len(one.genuine) or not len(one.impostor):
        return None
    label = f"{one.engine}: {len(one.genuine)} genuine, {len(one.impostor)} impostor pairs"
    false_matches, false_non_matches = roc(one.genuine, one.impostor)
    edges = 1 / (2 * len(one.impostor)), 1 / (2 * len(one.genuine))
    return Curve(label, false_matches, false_non_matches, *edges)


def curve_of_people(one: PeopleEvaluation) -> Curve | None:
    """Return the curve of a list of people; None without strangers or without own probes."""
    scores = one.scores
    enrolled, probes, own = len(scores.enrolled), len(scores.probe_person), len(scores.own_scores)
    if not own or enrolled < 2:
        return None
    return Curve(
        f"{one.engine}: {enrolled} people enrolled, {one.looks} look{'s' if one.looks > 1 else ''} each",
        scores.strangers_at_least().tolist(),
        scores.own_below().tolist(),
        1 / (2 * enrolled * probes),
        1 / (2 * own),
    )


def draw_roc(path: Path, curves: Sequence[Curve]) -> None:
    """Write one picture with a line for each curve; PNG, SVG or PDF by the file's ending.

    Raise FaceError when there is nothing to draw, matplotlib is missing or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only evaluation draws
    except ModuleNotFoundError as missing:
        raise FaceError("The curve cannot be drawn without matplotlib: pip install matplotlib") from missing
    if not curves:
        raise FaceError("There is no curve to draw: give pictures of one person and of different people.")
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for one in curves:
        # A rate of nought has no place on these axes: it is drawn at the edge of what so many can tell.
        axes.plot(
            [max(rate, one.least_false_match) for rate in one.false_matches],
            [max(rate, one.least_false_non_match) for rate in one.false_non_matches],
            drawstyle="steps-post",
            label=one.label,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(left=SMALLEST_SHARE, right=1.2)
    axes.set_xlabel("false match rate (different people accepted)")
    axes.set_ylabel("false non-match rate (the same person refused)")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as fault:
        raise FaceError(f"The curve cannot be written to {path}: {fault}") from fault
