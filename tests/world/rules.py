"""What the tables allow at one gate, and what that opens: a naive model that shares no code with the
rules.

Consent to face is no part of it (promise 2), and neither is face: a gate's answers to cards, PINs and
codes depend on what is here and on nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.world.server_state import CredentialRow, LaneRow, Override, ServerState, SpanRow

SHUT = ("lockdown", "disabled")
WAYS_BESIDE_FACE = ("card", "pin", "qr")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Timetable:
    """The hours that are in use at a gate, the days that count as others, and the zone they are in."""

    zone: str = "UTC"
    hours: dict[str, tuple[SpanRow, ...]] = field(default_factory=dict)
    days: dict[date, str] = field(default_factory=dict)

    def covers(self, hours_id: str | None, now: datetime) -> bool:
        """Return whether named hours cover a moment, by the wall clock; no hours are every hour."""
        if hours_id is None:
            return True
        here = now.astimezone(ZoneInfo(self.zone))
        minute, today, eve = here.hour * 60 + here.minute, here.date(), here.date() - timedelta(days=1)
        for days, start, end in self.hours[hours_id]:
            if start < end:
                found = self._kind(today) in days and start <= minute < end
            else:
                found = (self._kind(today) in days and minute >= start) or (
                    self._kind(eve) in days and minute < end
                )
            if found:
                return True
        return False

    def _kind(self, day: date) -> str:
        return self.days.get(day) or WEEK[day.weekday()]


Grant = tuple[frozenset[str], datetime | None, datetime | None, str | None]


@dataclass(frozen=True)
class Person:
    """Someone who may pass here."""

    methods: frozenset[str]
    suspended: bool
    may_override: bool
    grants: frozenset[Grant]


@dataclass(frozen=True)
class Rules:
    """The rules of one gate; nothing that ended is in them."""

    lanes: dict[str, LaneRow]
    people: dict[str, Person]
    credentials: dict[str, CredentialRow]
    passes_withdrawn: dict[str, datetime]
    times: Timetable = Timetable()
    emergency_codes: dict[str, frozenset[str]] = field(default_factory=dict)
    """Lanes here of each live code."""

    def at(self, now: datetime) -> "Rules":
        """Return the same without what time has ended, to be compared."""
        lanes = {
            lane_id: lane._replace(override=_live(lane.override, now)) for lane_id, lane in self.lanes.items()
        }
        passes = {pass_id: until for pass_id, until in self.passes_withdrawn.items() if until > now}
        return replace(self, lanes=lanes, passes_withdrawn=passes)


def _live(override: Override | None, now: datetime) -> Override | None:
    return override if override is not None and override.until > now else None


def rules_of(state: ServerState, gate_id: str) -> Rules:
    """Return what the tables allow at a gate now."""
    lanes = {
        lane_id: lane._replace(
            methods=lane.methods - {"face"},
            method_hours=tuple(one for one in lane.method_hours if one[0] != "face"),
        )
        for lane_id, lane in state.lanes.items()
        if lane.gate_id == gate_id and not lane.is_held_back
    }
    number = state.gates[gate_id].number
    passes = {
        pass_id: until for pass_id, (until, numbers) in state.passes_withdrawn.items() if number in numbers
    }
    if state.gates[gate_id].state != "paired":
        return Rules(lanes, {}, {}, passes, _times(state, lanes, ()))
    grants: dict[str, set[Grant]] = {}
    for grant in state.grants:
        here = frozenset(grant.lanes & lanes.keys())
        if here and state.persons[grant.person_id].is_here:
            one = (here, grant.start, grant.end, grant.hours_id)
            grants.setdefault(grant.person_id, set()).add(one)
    people = {
        person_id: Person(
            state.persons[person_id].methods - {"face"},
            state.persons[person_id].suspended,
            state.persons[person_id].may_override,
            frozenset(places),
        )
        for person_id, places in grants.items()
    }
    credentials = {
        credential_id: row._replace(suspended_by="")
        for credential_id, row in state.credentials.items()
        if row.person_id in people and row.state != "ended"
    }
    codes = {
        one: frozenset(row.lanes & lanes.keys())
        for one, row in state.emergency_codes.items()
        if row.state == "active" and row.lanes & lanes.keys()
    }
    used = (hours_id for places in grants.values() for *_place, hours_id in places if hours_id is not None)
    return Rules(lanes, people, credentials, passes, _times(state, lanes, used), codes)


def _times(state: ServerState, lanes: dict[str, LaneRow], of_grants: Iterable[str]) -> Timetable:
    used = {hours_id for lane in lanes.values() for _method, hours_id in lane.method_hours} | set(of_grants)
    return Timetable(state.zone, {one: state.hours[one] for one in sorted(used)}, dict(state.days))


def opens(rules: Rules, method: str, credential_id: str, lane_id: str, now: datetime) -> bool:
    """Return whether a credential opens a lane at a moment, by the wording of the design alone."""
    lane, row = rules.lanes.get(lane_id), rules.credentials.get(credential_id)
    if lane is None or row is None or row.state != "active" or not _inside(row.start, row.end, now):
        return False
    person = rules.people[row.person_id]
    by_staff = person.may_override and method == "card"
    if not by_staff and (is_shut(rules, lane_id, now) or method not in offered(rules, lane_id, now)):
        return False
    if person.suspended or method not in person.methods:
        return False
    return _is_granted(rules, person, lane_id, now, any_hour=by_staff)


def opens_for_face(rules: Rules, person_id: str, lane_id: str, now: datetime) -> bool:
    """Return whether a person whose face was recognised may pass.

    A face gives no place and no hour; and it opens only where another way of the same person would, in that
    very minute (promise 1).
    """
    person = rules.people.get(person_id)
    if person is None or person.suspended or rules.lanes.get(lane_id) is None:
        return False
    if is_shut(rules, lane_id, now) or not _is_granted(rules, person, lane_id, now):
        return False
    own = ((one, row.kind) for one, row in rules.credentials.items() if row.person_id == person_id)
    return any(kind in WAYS_BESIDE_FACE and opens(rules, kind, one, lane_id, now) for one, kind in own)


def opens_for_visitor(rules: Rules, pass_id: str, issuer_id: str, lane_id: str, now: datetime) -> bool:
    """Return whether a visitor's pass opens a lane: only while who gave it may pass there themselves."""
    issuer = rules.people.get(issuer_id)
    if issuer is None or issuer.suspended or pass_id in rules.passes_withdrawn:
        return False
    if is_shut(rules, lane_id, now) or "qr" not in offered(rules, lane_id, now):
        return False
    return _is_granted(rules, issuer, lane_id, now)


def is_shut(rules: Rules, lane_id: str, now: datetime) -> bool:
    """Return whether a lane's posture opens it for no one but staff and the emergency code."""
    lane = rules.lanes[lane_id]
    override = _live(lane.override, now)
    return (override.posture if override is not None else lane.posture) in SHUT


def offered(rules: Rules, lane_id: str, now: datetime) -> frozenset[str]:
    """Return the methods that a lane takes at a moment."""
    lane = rules.lanes[lane_id]
    at_hours = dict(lane.method_hours)
    return frozenset(one for one in lane.methods if rules.times.covers(at_hours.get(one), now))


def _is_granted(rules: Rules, person: Person, lane_id: str, now: datetime, *, any_hour: bool = False) -> bool:
    return any(
        lane_id in lanes and _inside(start, end, now) and (any_hour or rules.times.covers(hours_id, now))
        for lanes, start, end, hours_id in person.grants
    )


def _inside(start: datetime | None, end: datetime | None, now: datetime) -> bool:
    return (start is None or start <= now) and (end is None or now < end)
