"""Compute the false match rate that a gate accepts, and what it allows an engine to do.

One attempt of a stranger may open a gate at most once in a thousand. An attempt is compared with as
many templates as are searched, in the group for which the engine errs most:

    templates searched × false match rate × worst group's factor ≤ 1/1,000
"""

import math
from dataclasses import dataclass

from gate_controller.face.engines.engine import CurvePoint, EngineCard

MAX_FALSE_ACCEPTS = 1 / 1000
NOT_MEASURED = CurvePoint(1.0, 0.5, 0.0)
"""Where pictures of an engine without figures are counted; no gate opens at it."""
LARGEST_HOME = 10
"""Faces of one home that are searched after its number was typed."""
BESIDE_CARD = 1
"""A face beside a card is compared with that person's template alone."""


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


def fitness(card: EngineCard, searched: int = LARGEST_HOME, looks: int = 1) -> Fitness:
    """Return the loosest measured threshold that keeps the budget for so many faces, or why there is none.

    `searched` is 1 where a face is compared with that of one card's person; `looks` is the number of
    looks in each template, which have curves of their own.
    """
    curve = card.curve_for(looks)
    if not curve:
        return Fitness(None, 0, f"{card.name} was not measured with templates of {looks} looks")
    among = f"in a home of {searched}" if searched > 1 else "compared with one face"
    for point in curve:
        allowed = templates_allowed(point, card)
        alone = f"{allowed} face{'s' if allowed > 1 else ''}"
        if allowed >= searched:
            accepted = false_accepts(point, card, searched)
            return Fitness(
                point,
                allowed,
                f"{card.name} may open at a similarity of {point.min_face_similarity:.3f}: {among} "
                f"a stranger of the worst measured group ({card.worst_group}) is accepted "
                f"once in {1 / accepted:,.0f}; without a home's number it may search {alone}",
            )
    strictest = min(curve, key=lambda point: point.false_match_rate)
    accepted = false_accepts(strictest, card, searched)
    kept = templates_allowed(strictest, card)
    # The figures come first: an entry of the journal holds 200 characters.
    return Fitness(
        None,
        0,
        f"{card.name} may not open: at its strictest measured threshold "
        f"({strictest.min_face_similarity:.4f}) a stranger of the worst measured group "
        f"({card.worst_group}) is accepted once in {1 / accepted:,.0f} {among}, "
        f"the budget is once in 1,000, and "
        f"{strictest.false_non_match_rate:.0%} of genuine attempts are rejected. "
        + (f"The budget would be kept for {kept} face at a time, which no gate does yet. " if kept else "")
        + "Use the default engine; this one compares and evaluates",
    )


def judged_by(card: EngineCard, looks: int = 1) -> CurvePoint:
    """Return the threshold at which pictures are judged: the one that opens, else the strictest measured."""
    opens = fitness(card, looks=looks).point or fitness(card).point
    strictest = min(card.curve, key=lambda point: point.false_match_rate, default=NOT_MEASURED)
    return opens or strictest
