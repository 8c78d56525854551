"""Compare what an act takes from people when it begins with what its author read. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec


class Loss(msgspec.Struct, frozen=True):
    """One thing that an act takes: its kind, where, and from whom; either may be empty for all."""

    kind: str
    lane_ids: tuple[str, ...] = ()
    person_ids: frozenset[str] = frozenset()


def takes_more(read: Iterable[Loss], now: Iterable[Loss]) -> bool:
    """Return whether something is taken now, at some lane from someone, that was not read of."""
    known = _by_place(read)
    return any(
        place not in known or not people <= frozenset().union(*known[place])
        for place, taken in _by_place(now).items()
        for people in taken
    )


def _by_place(losses: Iterable[Loss]) -> Mapping[tuple[str, str], Sequence[frozenset[str]]]:
    found: dict[tuple[str, str], list[frozenset[str]]] = {}
    for loss in losses:
        for lane_id in loss.lane_ids or ("",):
            found.setdefault((loss.kind, lane_id), []).append(loss.person_ids)
    return found
