"""Thresholds that were chosen on one half of the people of a set and held on the other, as shipped.

`menjin face evaluate PEOPLE.csv --looks 3 --halves FILE` writes its figures; docs/face.md has the people.
A curve is used where it reaches the promised false match rate and every point of it held.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from gate_controller.face.engines.engine import CurvePoint

FILE = Path(__file__).with_name("chosen_thresholds.json")
PROMISED_FALSE_MATCH_RATE = 1e-5
"""With it a home of ten keeps the budget, for an engine whose worst group errs up to ten times as often."""


def chosen_curves(card_name: str, file: Path = FILE) -> Mapping[int, tuple[CurvePoint, ...]]:
    """Return by number of looks the curves that held; raise ValueError where the file is no JSON."""
    measured = json.loads(file.read_text(encoding="utf-8")).get(card_name, {"looks": []})
    found = {one["looks"]: tuple(_points(one["at"], one["now"])) for one in measured["looks"]}
    return {
        looks: curve
        for looks, curve in found.items()
        if any(point.false_match_rate <= PROMISED_FALSE_MATCH_RATE for point in curve)
    }


def _points(rows: list[dict[str, object]], now: dict[str, object]) -> Iterator[CurvePoint]:
    """Yield the points up to the first rate that none held, loosest first; of two that held, the lower."""
    for row in rows:
        held = [
            point
            for point in (_point(row), _point(now))
            if point is not None and point.false_match_rate == row["fmr"]
        ]
        if not held:
            return
        yield min(held, key=lambda point: point.min_face_similarity)


def _point(row: dict[str, object]) -> CurvePoint | None:
    threshold, missed = row["threshold"], cast(dict[str, float | None], row["missed"])["rate"]
    if row["holds"] is not True or threshold is None or missed is None:
        return None
    rate, similarity = float(cast(float, row["fmr"])), float(cast(float, threshold))
    return CurvePoint(rate, similarity, missed, missed_by_person=missed)
