"""The points of the checklist of drivers, and the grade that they come to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    EXEMPT = "exempt"


class Grade(StrEnum):
    """How much of the checklist a driver has; each has all of the one before it."""

    NONE = "no grade"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


POINTS: dict[str, Grade] = {
    "twin": Grade.BRONZE,
    "reads": Grade.BRONZE,
    "stops": Grade.BRONZE,
    "stable name": Grade.BRONZE,
    "settings": Grade.BRONZE,
    "reopens": Grade.SILVER,
    "says once": Grade.SILVER,
    "noise": Grade.GOLD,
    "golden": Grade.GOLD,
    "wiring": Grade.GOLD,
    "tried on metal": Grade.PLATINUM,
}
"""Each point, and the grade that needs it."""
NO_EXEMPTION = frozenset({"settings", "wiring", "tried on metal"})
"""Points that apply to every driver."""
LEAST_REASON_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Point:
    """The result at one point, and its reason."""

    name: str
    verdict: Verdict
    text: str = ""


def grade_of(points: Iterable[Point]) -> Grade:
    """Return the highest grade of which no point is missing.

    Without a twin nothing of a driver was seen to work: such a one is bronze at most.
    """
    found = {point.name: point.verdict for point in points}
    lacks = {POINTS[name] for name in POINTS if found.get(name, Verdict.NO) is Verdict.NO}
    grade = Grade.NONE
    for higher in (Grade.BRONZE, Grade.SILVER, Grade.GOLD, Grade.PLATINUM):
        if higher in lacks:
            return grade
        grade = higher
        if found.get("twin") is Verdict.EXEMPT:
            return grade
    return grade


def wrong_exemption(name: str, reason: str) -> str | None:
    """Return why a driver may not be exempt from a point for this reason, or None."""
    if name not in POINTS:
        return f"there is no point {name!r}; points: {', '.join(POINTS)}"
    if name in NO_EXEMPTION:
        return "applies to every driver"
    if len(reason) < LEAST_REASON_CHARACTERS:
        return f"the reason {reason!r} says too little"
    return None
