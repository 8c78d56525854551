"""How long a resident can come home: the gates' own rules, asked through a week of what was published."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta

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


def times_at_home(act: Action, person_id: str, *, resumed: bool = False) -> list[int]:
    """Return for each week how many moments at lanes that lead in have a way that opens, face aside.

    With `resumed` as if the person were not suspended.
    """
    policies = [_resumed(policy, person_id) if resumed else policy for policy in _policies(act)]
    return [
        sum(
            opens(dataclasses.replace(policy, issued_at=at), lane_id, person_id, at)
            for policy in policies
            for lane_id, lane in policy.lanes.items()
            if lane.direction == "in"
            for at in moments(act.now + ahead)
        )
        for ahead in AHEAD
    ]


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


def opens(policy: Policy, lane_id: str, person_id: str, at: datetime) -> bool:
    """Return whether something that the person holds opens the lane at an instant."""
    return any(
        decide(
            Claim(Method(one.kind.value), person_id, one, second=0), lane_id, policy, GateMemory(), at
        ).opens
        for one in policy.credentials.values()
        if one.person_id == person_id and one.kind.value in ("card", "pin", "qr") and not one.duress
    )
