"""Draw the curve of an evaluation: what is missed against who is let in, on logarithmic axes."""

from collections.abc import Sequence
from pathlib import Path

from gate_controller.face.engines.errors import FaceError
from gate_controller.face.evaluation.error_rates import roc
from gate_controller.face.evaluation.evaluation import Evaluation

SMALLEST_SHARE = 1e-6


def draw_roc(path: Path, evaluations: Sequence[Evaluation]) -> None:
    """Write one picture with a line for each engine; PNG, SVG or PDF by the file's ending.

    Raise FaceError when there is nothing to draw, matplotlib is missing or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only evaluation draws
    except ModuleNotFoundError as missing:
        raise FaceError("The curve cannot be drawn without matplotlib: pip install matplotlib") from missing
    drawn = [one for one in evaluations if len(one.genuine) and len(one.impostor)]
    if not drawn:
        raise FaceError("There is no curve to draw: give pairs of one person and pairs of different people.")
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for one in drawn:
        false_matches, false_non_matches = roc(one.genuine, one.impostor)
        # A rate of nought has no place on these axes: it is drawn at the edge of what so many pairs can tell.
        edge = 1 / (2 * len(one.impostor))
        axes.plot(
            [max(rate, edge) for rate in false_matches],
            [max(rate, 1 / (2 * len(one.genuine))) for rate in false_non_matches],
            drawstyle="steps-post",
            label=f"{one.engine}: {len(one.genuine)} genuine, {len(one.impostor)} impostor pairs",
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
