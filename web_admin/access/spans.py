"""Add and subtract spans of time: sorted, half-open, without touching neighbours, aware."""

from collections.abc import Iterable
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]
Spans = tuple[Span, ...]


def union(parts: Iterable[Spans]) -> Spans:
    """Return the time that is in any of these."""
    found: list[Span] = []
    for begins, ends in sorted(span for spans in parts for span in spans):
        if found and begins <= found[-1][1]:
            found[-1] = found[-1][0], max(ends, found[-1][1])
        else:
            found.append((begins, ends))
    return tuple(found)


def length(spans: Spans) -> timedelta:
    """Return how long they are together."""
    return sum((ends - begins for begins, ends in spans), timedelta())


def both(spans: Spans, others: Spans) -> Spans:
    """Return the time that is in each of two."""
    return minus(spans, minus(spans, others))


def minus(spans: Spans, others: Spans) -> Spans:
    """Return the time that is in the first and not in the second."""
    left: list[Span] = []
    for begins, ends in spans:
        at = begins
        for other_begins, other_ends in others:
            if other_ends <= at or other_begins >= ends:
                continue
            if other_begins > at:
                left.append((at, other_begins))
            at = max(at, other_ends)
        if at < ends:
            left.append((at, ends))
    return tuple(left)
