"""Answer who may pass a lane at an instant, and where and when one person may pass."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from gate_controller.rules.decision import Reason
from web_admin.access.groups import Lanes, Sweep
from web_admin.access.sent import Sent
from web_admin.access.sweep import Answer, Way, policy_of, presented, try_all

_MOMENT = timedelta(microseconds=1)


def who_may(sent: Sent, lane_id: str, at: datetime) -> dict[str, frozenset[Way]]:
    """Return by person the ways by which they may pass a lane at an aware instant; others are absent."""
    sweep, found = Sweep(at, at + _MOMENT), {}
    for part in sent.parts:
        lanes = Lanes(sweep, part.gates)
        for person_id, person in part.people.items():
            group = sweep.group(sweep.group_of(person))
            for place, lane_ids in lanes.classes(group):
                if lane_id in lane_ids and (ways := sweep.answer(group, place).ways):
                    found[person_id] = frozenset(ways)
    return found


def where_may(sent: Sent, person_id: str, begins: datetime, ends: datetime) -> dict[str, Answer]:
    """Return by lane that a grant of theirs names when one person may pass in [begins, ends)."""
    sweep, found = Sweep(begins, ends), {}
    for part in sent.parts:
        person = part.people.get(person_id)
        if person is not None:
            group = sweep.group(sweep.group_of(person))
            for place, lane_ids in Lanes(sweep, part.gates).classes(group):
                found.update(dict.fromkeys(lane_ids, sweep.answer(group, place)))
    return found


class HowMany(NamedTuple):
    """Numbers of people who may pass, by lane and time; spells in which no person may are absent."""

    people: int
    without_a_way_in: int
    by_lane: Mapping[str, tuple[tuple[datetime, datetime, int], ...]]


def how_many_may(sent: Sent, begins: datetime, ends: datetime) -> HowMany:
    """Return in [begins, ends) how many people may pass each lane when, each by some way of their own."""
    sweep = Sweep(begins, ends)
    changes: dict[str, Counter[datetime]] = {}
    everyone: set[str] = set()
    with_a_way: set[str] = set()
    for part in sent.parts:
        lanes, groups = Lanes(sweep, part.gates), dict[int, list[str]]()
        for person_id, person in part.people.items():
            groups.setdefault(sweep.group_of(person), []).append(person_id)
        everyone.update(part.people)
        for group_id, person_ids in groups.items():
            group = sweep.group(group_id)
            for place, lane_ids in lanes.classes(group):
                own = sweep.answer(group, place).own
                if own and place.lane.direction == "in":
                    with_a_way.update(person_ids)
                for lane_id in lane_ids if own else ():
                    of_lane = changes.setdefault(lane_id, Counter())
                    for first, last in own:
                        of_lane[first] += len(person_ids)
                        of_lane[last] -= len(person_ids)
    by_lane = {lane_id: tuple(_spells(of_lane)) for lane_id, of_lane in changes.items()}
    return HowMany(len(everyone), len(everyone - with_a_way), by_lane)


def _spells(changes: Mapping[datetime, int]) -> Iterator[tuple[datetime, datetime, int]]:
    edges = sorted(at for at, change in changes.items() if change)
    people = 0
    for at, until in pairwise(edges):
        people += changes[at]
        if people:
            yield at, until, people


def why_at(sent: Sent, person_id: str, lane_id: str, at: datetime) -> Mapping[Way, Reason]:
    """Return by way what a gate would answer to this person at an instant: the best of what they hold."""
    reasons: dict[Way, Reason] = {}
    for part in sent.parts:
        person = part.people.get(person_id)
        for gate in part.gates if person is not None else ():
            if person is None or lane_id not in gate.lanes:
                continue
            policy = policy_of(gate, gate.lanes[lane_id], person, at + _MOMENT)
            for tried in try_all(list(presented(gate, person, policy)), lane_id, policy, at):
                if tried.decision.opens or tried.way not in reasons:
                    reasons[tried.way] = tried.decision.reason
    return reasons
