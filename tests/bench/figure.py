"""One measured figure."""

import msgspec


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value, and the value of a peer or baseline measured in the same run."""

    bench: str
    case: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    """What the figure should not exceed, or of a rate not fall below, on a quiet machine of two cores."""

    def sentence(self) -> str:
        """Return the figure for a person."""
        beside = "" if self.target is None else f"   target {self.target:g}"
        if self.peer is not None:
            beside += f"   ({self.peer}: {self.peer_value:g} {self.unit}, ratio {self.ratio:g})"
        return f"{self.bench:<6} {self.case:<44} {self.value:>10g} {self.unit}{beside}"


def beside(
    bench: str, case: str, value: float, unit: str, peer: str, peer_value: float, target: float | None = None
) -> Figure:
    """Return a figure with its ratio to a peer; values are rounded to three digits after the point."""
    ratio = round(value / peer_value, 3) if peer_value else None
    return Figure(bench, case, round(value, 3), unit, peer, round(peer_value, 3), ratio, target)


def percentile(values: list[float], share: float) -> float:
    """Return the nearest-rank percentile; `share` 0.99 is p99."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
