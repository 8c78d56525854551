"""Answer who may pass a lane at an instant, and where and when one person may pass."""

from collections.abc import Mapping
from datetime import datetime, timedelta

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
