"""Compute the false match rate that a gate accepts, and what it allows an engine to do.

One attempt of a stranger may open a gate at most once in a thousand. An attempt is compared with as
many templates as are searched, in the group for which the engine errs most:

    templates searched × false match rate × worst group's factor ≤ 1/1,000
"""

import math
from dataclasses import dataclass

from gate_controller.face.engines.engine import CurvePoint, EngineCard

MAX_FALSE_ACCEPTS = 1 / 1000
LARGEST_HOME = 10
"""Faces of one home that are searched after its number was typed."""


@dataclass(frozen=True, slots=True)
class Fitness:
    """What an engine may do: `point` is the threshold it opens at, None where it may not open at all."""

    point: CurvePoint | None
    templates_alone: int
    """How many templates may be searched without a home's number."""
    sentence: str


def false_accepts(point: CurvePoint, card: EngineCard, templates: int) -> float:
    """Return how often one attempt of a stranger of the worst group is accepted, 0..1."""
    return 1 - (1 - min(1.0, point.false_match_rate * card.worst_group_factor)) ** templates


def templates_allowed(point: CurvePoint, card: EngineCard) -> int:
    """Return how many templates may be searched at once within the budget."""
    return math.floor(MAX_FALSE_ACCEPTS / (point.false_match_rate * card.worst_group_factor) + 1e-9)


def fitness(card: EngineCard) -> Fitness:
    """Return the loosest measured threshold that keeps the budget for a home, or why there is none."""
    for point in card.curve:
        allowed = templates_allowed(point, card)
        if allowed >= LARGEST_HOME:
            accepted = false_accepts(point, card, LARGEST_HOME)
            return Fitness(
                point,
                allowed,
                f"{card.name} may open at a similarity of {point.min_face_similarity:.3f}: in a home of "
                f"{LARGEST_HOME} a stranger of the worst measured group ({card.worst_group}) is accepted "
                f"once in {1 / accepted:,.0f}; without a home's number it may search {allowed} faces",
            )
    strictest = min(card.curve, key=lambda point: point.false_match_rate)
    accepted = false_accepts(strictest, card, LARGEST_HOME)
    return Fitness(
        None,
        0,
        f"{card.name} may not open: at its strictest measured threshold "
        f"({strictest.min_face_similarity:.4f}) a stranger of the worst measured group "
        f"({card.worst_group}) is accepted once in {1 / accepted:,.0f} in a home of {LARGEST_HOME}, "
        f"the budget is once in 1,000, and "
        f"{strictest.false_non_match_rate:.0%} of genuine attempts are rejected. "
        "Use the default engine; this one compares and evaluates",
    )
