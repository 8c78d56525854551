"""How long a resident can come home: the gates' own rules, asked through a week of what was published."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import and_, or_

import msgspec

from gate_controller.contract.policy import Policy
from gate_controller.contract.records import Method
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory
from tests.support.acting import gate_view
from web_admin.action.base import Action
from web_admin.compound.models import Gate

STEP, WEEK = timedelta(minutes=40), timedelta(days=7)
AHEAD = (timedelta(), timedelta(days=60))
"""The weeks that are looked at: the next one, and one that lies after every end that an act gives."""
STAGES = (frozenset({"north-in", "south-in"}), frozenset({"three-in"}))
"""The drawing of the compound: an outer gate, then the door of building 3, lead to the home."""
NOTHING = GateMemory()
Moments = tuple[int, ...]
"""Moments, as the bits of a number, at which any lane opens, and at which one of each stage does."""


def times_at_home(
    act: Action, person_id: str, in_hand: Collection[str], *, resumed: bool = False
) -> list[Moments]:
    """Return of each week when lanes open by what a resident may hold, then by what they have in hand.

    With `resumed` as if the person were not suspended.
    """
    policies = [_resumed(policy, person_id) if resumed else policy for policy in _policies(act)]
    found = []
    for ahead in AHEAD:
        opened = dict(_opened(policies, person_id, act.now + ahead))
        for holds in (lambda _credential_id: True, in_hand.__contains__):
            here = {
                lane_id: _joined(bits for one, bits in by.items() if holds(one))
                for lane_id, by in opened.items()
            }
            stages = (_joined(here.get(lane_id, 0) for lane_id in stage) for stage in STAGES)
            found.append((_joined(here.values()), *stages))
    return found


def is_kept_out(before: Sequence[Moments], after: Sequence[Moments]) -> bool:
    """Return whether half or less is left of any time: by any gate, or all the way home."""
    pairs = list(zip(before, after, strict=True))
    by_any_gate = [(was[0], left[0]) for was, left in pairs]
    return any(
        2 * left.bit_count() <= was.bit_count() > 0
        for was, left in [*by_any_gate, *(_home(*pair) for pair in pairs)]
    )


def _home(before: Moments, after: Moments) -> tuple[int, int]:
    """Return when the whole way home opens, before and after; a stage that never opened was on no way."""
    ways = [(was, left) for was, left in zip(before[1:], after[1:], strict=True) if was]
    if not ways:
        return 0, 0
    return reduce(and_, (was for was, _ in ways)), reduce(and_, (left for _, left in ways))


def _joined(bits: Iterable[int]) -> int:
    return reduce(or_, bits, 0)


def _opened(
    policies: Sequence[Policy], person_id: str, begins: datetime
) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield each lane that leads in, with the moments at which each thing of the person opens it."""
    for policy in policies:
        in_contact = dataclasses.replace(policy, issued_at=begins)
        shown = [
            Claim(Method(one.kind.value), person_id, one, second=0)
            for one in policy.credentials.values()
            if one.person_id == person_id and one.kind.value in ("card", "pin", "qr") and not one.duress
        ]
        for lane_id in [lane.lane_id for lane in policy.lanes.values() if lane.direction == "in"]:
            opens = dict.fromkeys((claim.credential.credential_id for claim in shown), 0)
            for number, at in enumerate(moments(begins)):
                for claim in shown:
                    if decide(claim, lane_id, in_contact, NOTHING, at).opens:
                        opens[claim.credential.credential_id] |= 1 << number
            yield lane_id, opens


def _policies(act: Action) -> list[Policy]:
    return [
        gate_view(act, gate_id).policy
        for (gate_id,) in act.session.query(Gate.gate_id).filter_by(site_id=act.site_id, state="paired")
    ]


def _resumed(policy: Policy, person_id: str) -> Policy:
    person = policy.persons.get(person_id)
    if person is None:
        return policy
    return dataclasses.replace(
        policy, persons={**policy.persons, person_id: msgspec.structs.replace(person, suspended=False)}
    )


def moments(begins: datetime) -> Iterator[datetime]:
    at = begins
    while at < begins + WEEK:
        yield at
        at += STEP
