"""Draw the curves of an operator's liveness set: one line for each species, with its limits."""

from collections.abc import Sequence
from pathlib import Path

from face_laboratory.liveness_rates import Separation
from gate_controller.face_control.kept_faces import FaceError


def draw_liveness(path: Path, engine: str, measured: Sequence[Separation]) -> None:
    """Write one picture with a panel for each measure that has a curve; PNG, SVG or PDF by the ending.

    Raise FaceError when there is nothing to draw, matplotlib is missing or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and only evaluation draws
    except ModuleNotFoundError as missing:
        raise FaceError("The curves cannot be drawn without matplotlib: pip install matplotlib") from missing
    drawn = [one for one in measured if len(one.measure.thresholds) > 1]
    if not drawn:
        raise FaceError("There is no curve to draw: give living people and attacks that can be read.")
    figure = Figure(figsize=(7, 4 * len(drawn)), layout="constrained")
    panels = figure.subplots(len(drawn), squeeze=False)[:, 0]
    figure.suptitle(engine)
    for axes, one in zip(panels, drawn, strict=True):
        for species in (one.living, *one.attacks):
            low, high = [point.low for point in species.curve], [point.high for point in species.curve]
            (line,) = axes.plot(
                one.measure.thresholds,
                [point.rate for point in species.curve],
                label=f"{species.species} ({species.at_used.sources} sources)",
                linewidth=2.5 if species is one.living else 1.5,
            )
            axes.fill_between(one.measure.thresholds, low, high, color=line.get_color(), alpha=0.12)
        axes.axvline(one.measure.used, color="black", linestyle=":", label=f"used: {one.measure.used:g}")
        axes.set_xlabel(f"threshold: {one.measure.says}")
        axes.set_ylabel("share accepted")
        axes.set_ylim(-0.02, 1.02)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as fault:
        raise FaceError(f"The curves cannot be written to {path}: {fault}") from fault
