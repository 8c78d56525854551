"""Compute the false match rate that a gate accepts, and what it allows an engine to do.

One attempt of a stranger may open a gate at most once in a thousand. An attempt is compared with as
many templates as are searched, in the group for which the engine errs most:

    templates searched × false match rate × worst group's factor ≤ 1/1,000

Beside a card, PIN or code one template is searched, so a looser threshold keeps the same budget, and
owners are missed less often.
"""

import math
from dataclasses import dataclass

from gate_controller.face.engines.engine import CurvePoint, EngineCard

MAX_FALSE_ACCEPTS = 1 / 1000
NOT_MEASURED = CurvePoint(1.0, 0.5, 0.0)
"""Where pictures of an engine without figures are counted; no gate opens at it."""
LARGEST_HOME = 10
"""Faces of one home for which a threshold is chosen; it is stricter where a home has more."""
BESIDE_ANOTHER_WAY = 1
"""Beside a card, PIN or code a face is compared with the template of its owner alone."""


@dataclass(frozen=True, slots=True)
class Fitness:
    """Uses an engine is fit for: `point` is the threshold it opens at, None where it may not open at all."""

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


def false_match_rate_allowed(card: EngineCard, searched: int) -> float:
    """Return the false match rate that keeps the budget when so many templates are searched."""
    return MAX_FALSE_ACCEPTS / (searched * card.worst_group_factor)


def fitness(card: EngineCard, searched: int = LARGEST_HOME, looks: int = 1) -> Fitness:
    """Return the loosest measured threshold that keeps the budget for so many faces, or why there is none.

    `searched` is 1 where a face is compared with that of one card's owner; `looks` is the number of
    looks in each template, which have curves of their own.
    """
    curve = card.curve_for(looks)
    if not curve:
        return Fitness(None, 0, f"{card.name} was not measured with templates of {looks} looks")
    among = f"in a home of {searched}" if searched > 1 else "beside the card of the person whose face it is"
    for point in curve:
        allowed = templates_allowed(point, card)
        if allowed >= searched:
            accepted = false_accepts(point, card, searched)
            alone = f"; without a home's number it may search {allowed} faces" if searched > 1 else ""
            return Fitness(
                point,
                allowed,
                f"{card.name} may open at a similarity of {point.min_face_similarity:.3f}: {among} "
                f"a stranger of the worst measured group ({card.worst_group}) is accepted "
                f"once in {1 / accepted:,.0f}, its owner is missed in {_missed(point)}"
                f"{_of_more_looks(card, searched) if looks == 1 else ''}{alone}",
            )
    strictest = min(curve, key=lambda point: point.false_match_rate)
    accepted = false_accepts(strictest, card, searched)
    beside = templates_allowed(strictest, card) >= BESIDE_ANOTHER_WAY
    # The figures come first: an entry of the journal holds 200 characters.
    return Fitness(
        None,
        0,
        f"{card.name} may not open: at its strictest measured threshold "
        f"({strictest.min_face_similarity:.4f}) a stranger of the worst measured group "
        f"({card.worst_group}) is accepted once in {1 / accepted:,.0f} {among}, "
        f"the budget is once in 1,000, and "
        f"{strictest.false_non_match_rate:.0%} of genuine attempts are rejected. "
        + ("Beside another way in it keeps the budget ([face] only_beside = true). " if beside else "")
        + "Use the default engine; this one compares and evaluates",
    )


def threshold(card: EngineCard, searched: int, looks: int) -> float | None:
    """Return how alike a face must be to so many looks of a person; None where no threshold keeps the budget.

    Templates of looks without a curve of their own are held to one look's, which is a bound.
    """
    measured = looks if looks in card.curves_of_looks else 1
    point = fitness(card, searched, measured).point
    return point.min_face_similarity if point is not None else None


def _missed(point: CurvePoint) -> str:
    if point.missed_by_person is not None:
        return f"{point.missed_by_person:.2%} of tries"
    return f"{point.false_non_match_rate:.1%} of pairs of pictures"


def _of_more_looks(card: EngineCard, searched: int) -> str:
    points = {looks: fitness(card, searched, looks).point for looks in sorted(card.curves_of_looks)}
    return "".join(
        f"; with {looks} looks at {point.min_face_similarity:.3f} in {_missed(point)}"
        for looks, point in points.items()
        if point is not None
    )


def judged_by(card: EngineCard, looks: int = 1) -> CurvePoint:
    """Return the threshold at which pictures are judged: the one that opens, else the strictest measured."""
    opens = fitness(card, looks=looks).point or fitness(card).point
    strictest = min(card.curve, key=lambda point: point.false_match_rate, default=NOT_MEASURED)
    return opens or strictest


def fitness_at(card: EngineCard, *, only_beside: bool) -> Fitness:
    """Return what an engine may do at a gate that searches homes, or compares beside another way only."""
    return fitness(card, BESIDE_ANOTHER_WAY if only_beside else LARGEST_HOME)
