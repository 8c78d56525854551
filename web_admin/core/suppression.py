"""Statistical disclosure control: suppress small numbers in published figures.

No person may be recognisable, not even by subtracting. Fewer than ten are "<10". Where one figure of a
family is hidden, the others of it are rounded down to tens ("20+"), or the hidden one would follow from a
total.
"""

from collections.abc import Mapping
from statistics import median

SMALLEST_GROUP = 10

Figure = int | str
"""A figure as it is published: a number, "<10", or "20+" for at least twenty."""


def rounded_down(people: int) -> int:
    """Return a number of people in tens; 0 means fewer than ten."""
    return people // SMALLEST_GROUP * SMALLEST_GROUP


def rounded_count(count: int) -> Figure:
    """Return a count that is alone in its family."""
    return "<10" if 0 < count < SMALLEST_GROUP else count


def count_in_tens(count: int) -> Figure:
    """Return a count in tens, independent of the other cells."""
    return rounded_count(count) if count < SMALLEST_GROUP else f"{rounded_down(count)}+"


def bounds(count: int) -> tuple[int, int]:
    """Return the least and the most that a count in tens leaves possible; zero is zero."""
    least = rounded_down(count) or min(count, 1)
    return least, rounded_down(count) + SMALLEST_GROUP - 1 if count else 0


def rounded_family(*tables: Mapping[str, int]) -> tuple[dict[str, Figure], ...]:
    """Return tables whose figures add up to each other, so that no hidden one follows from the rest."""
    hides = any(0 < count < SMALLEST_GROUP for table in tables for count in table.values())
    show = count_in_tens if hides else rounded_count
    return tuple({key: show(count) for key, count in table.items()} for table in tables)


def rounded_share(part: int, whole: int) -> str | None:
    """Return a share of people in tens of percent, None where either group is small."""
    if part < SMALLEST_GROUP or whole < SMALLEST_GROUP:
        return None
    return f"{100 * part // whole // 10 * 10}+ %"


def rounded_median(values: list[float]) -> int | None:
    """Return the median, rounded, of ten values or more."""
    return round(median(values)) if len(values) >= SMALLEST_GROUP else None
