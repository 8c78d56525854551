"""What the tables allow at one gate, and what that opens: a naive model that shares no code with the
rules.

Consent to face is no part of it (promise 2), and neither is face: a gate's answers to cards, PINs and
codes depend on what is here and on nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from tests.world.server_state import CredentialRow, LaneRow, Override, ServerState

SHUT = ("lockdown", "disabled")
KIND_OF = {"card": "card", "pin": "pin", "qr": "qr"}


@dataclass(frozen=True)
class Person:
    """Someone who may pass here."""

    methods: frozenset[str]
    suspended: bool
    may_override: bool
    grants: frozenset[tuple[frozenset[str], datetime | None, datetime | None]]


@dataclass(frozen=True)
class Rules:
    """The rules of one gate; nothing that ended is in them."""

    lanes: dict[str, LaneRow]
    people: dict[str, Person]
    credentials: dict[str, CredentialRow]
    passes_withdrawn: dict[str, datetime]

    def at(self, now: datetime) -> "Rules":
        """Return the same without what time has ended, to be compared."""
        lanes = {
            lane_id: lane._replace(override=_live(lane.override, now)) for lane_id, lane in self.lanes.items()
        }
        passes = {pass_id: until for pass_id, until in self.passes_withdrawn.items() if until > now}
        return Rules(lanes, self.people, self.credentials, passes)


def _live(override: Override | None, now: datetime) -> Override | None:
    return override if override is not None and override.until > now else None


def rules_of(state: ServerState, gate_id: str) -> Rules:
    """Return what the tables allow at a gate now."""
    lanes = {
        lane_id: lane._replace(methods=lane.methods - {"face"})
        for lane_id, lane in state.lanes.items()
        if lane.gate_id == gate_id and not lane.is_held_back
    }
    number = state.gates[gate_id].number
    passes = {
        pass_id: until for pass_id, (until, numbers) in state.passes_withdrawn.items() if number in numbers
    }
    if state.gates[gate_id].state != "paired":
        return Rules(lanes, {}, {}, passes)
    grants: dict[str, set[tuple[frozenset[str], datetime | None, datetime | None]]] = {}
    for grant in state.grants:
        here = frozenset(grant.lanes & lanes.keys())
        if here and state.persons[grant.person_id].is_here:
            grants.setdefault(grant.person_id, set()).add((here, grant.start, grant.end))
    people = {
        person_id: Person(
            state.persons[person_id].methods - {"face"}, state.persons[person_id].suspended,
            state.persons[person_id].may_override, frozenset(places),
        )
        for person_id, places in grants.items()
    }
    credentials = {
        credential_id: row._replace(suspended_by="")
        for credential_id, row in state.credentials.items()
        if row.person_id in people and row.state != "ended"
    }
    return Rules(lanes, people, credentials, passes)


def opens(rules: Rules, method: str, credential_id: str, lane_id: str, now: datetime) -> bool:
    """Return whether a credential opens a lane at a moment, by the wording of the design alone."""
    lane, row = rules.lanes.get(lane_id), rules.credentials.get(credential_id)
    if lane is None or row is None or row.state != "active" or not _inside(row.start, row.end, now):
        return False
    person = rules.people[row.person_id]
    override = _live(lane.override, now)
    posture = override.posture if override is not None else lane.posture
    by_staff = person.may_override and method == "card"
    if (posture in SHUT or method not in lane.methods) and not by_staff:
        return False
    if person.suspended or method not in person.methods:
        return False
    return any(lane_id in lanes and _inside(start, end, now) for lanes, start, end in person.grants)


def opens_for_face(rules: Rules, person_id: str, lane_id: str, now: datetime) -> bool:
    """Return whether a person whose face was recognised may pass: a face gives no place and no hour."""
    lane, person = rules.lanes.get(lane_id), rules.people.get(person_id)
    if lane is None or person is None or person.suspended:
        return False
    override = _live(lane.override, now)
    if (override.posture if override is not None else lane.posture) in SHUT:
        return False
    return any(lane_id in lanes and _inside(start, end, now) for lanes, start, end in person.grants)


def _inside(start: datetime | None, end: datetime | None, now: datetime) -> bool:
    return (start is None or start <= now) and (end is None or now < end)
