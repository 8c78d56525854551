"""Ask the rules once for all people who are alike at all lanes that are alike.

People are of one group if nothing in their records can make a difference within the time that is looked at:
a window that is open throughout is like any other. Lanes are of one class for a group by what they take,
when, and which of its grants name them. For each pair one person and one lane are swept.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gate_controller.contract.records import LaneRecord, Method, VisitorCodeCredential
from web_admin.access.sent import GateSent, PersonSent
from web_admin.access.sweep import Answer, answer, hours_of, is_shown

_Window = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Group:
    """People who are alike: one of them, and numbers for what they have in common.

    `pattern` is where it holds, `rest` all else; groups of one pattern have the same classes of lanes.
    """

    person: PersonSent
    pattern: int
    rest: int


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A class of lanes for one pattern: one of them, and what the answer depends on besides the group."""

    gate: GateSent
    lane: LaneRecord
    key: int


class Sweep:
    """Answers worked out for one time, [begins, ends); good for any number of policies."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        """Take the time; both instants are aware."""
        if begins.tzinfo is None or ends.tzinfo is None or begins >= ends:
            raise ValueError(f"a sweep needs two aware instants in order, not {begins} and {ends}")
        self.begins, self.ends = begins, ends
        self._numbers: dict[Hashable, int] = {}
        self._lane_sets: dict[Hashable, frozenset[str]] = {}
        self._groups: dict[int, Group] = {}
        self._known: dict[int, tuple[PersonSent, int]] = {}
        self._answers: dict[tuple[int, int], Answer] = {}

    def number(self, key: Hashable) -> int:
        """Return a number that is the same for equal keys."""
        return self._numbers.setdefault(key, len(self._numbers))

    def lanes(self, lane_ids: tuple[str, ...] | frozenset[str]) -> frozenset[str]:
        """Return lanes as a set, the same one for equal ones."""
        if not isinstance(lane_ids, frozenset):
            known = self._lane_sets.get(lane_ids)
            if known is None:
                known = self._lane_sets[lane_ids] = self.lanes(frozenset(lane_ids))
            return known
        return self._lane_sets.setdefault(lane_ids, lane_ids)

    def group(self, group_id: int) -> Group:
        return self._groups[group_id]

    def group_of(self, person: PersonSent) -> int:
        """Return the number of a person's group."""
        known = self._known.get(id(person))
        if known is not None:
            return known[1]
        pattern, rest = self.number(self._pattern(person)), self.number(self._rest(person))
        group_id = self.number(("group", pattern, rest))
        self._groups.setdefault(group_id, Group(person, pattern, rest))
        # The person is kept as well: an id is given again once its object is gone.
        self._known[id(person)] = person, group_id
        return group_id

    def answer(self, group: Group, place: Place) -> Answer:
        """Return when people of a group may pass lanes of a class."""
        key = group.rest, place.key
        if key not in self._answers:
            self._answers[key] = answer(place.gate, place.lane, group.person, self.begins, self.ends)
        return self._answers[key]

    # -- what can make a difference ----------------------------------------------------------------------

    def _window(self, one: object) -> _Window | None:
        """Return when something is valid within the time; None if never. Without a bound is not like open."""
        first: datetime | None = getattr(one, "valid_from", None)
        last: datetime | None = getattr(one, "valid_until", None)
        if (first is not None and first >= self.ends) or (last is not None and last <= self.begins):
            return None
        return (
            None if first is None else max(first, self.begins),
            None if last is None else min(last, self.ends),
        )

    def _pattern(self, person: PersonSent) -> Hashable:
        codes = tuple(
            one.lanes
            for one in person.credentials
            if isinstance(one, VisitorCodeCredential) and is_shown(one)
        )
        return (
            "pattern",
            person.record.two_methods is None,
            tuple((grant.lanes, grant.hours_id) for grant in person.record.grants),
            codes,
            tuple((gate_id, self.until(until)) for gate_id, until in sorted(person.faces.items())),
            tuple(sorted(person.hidden.items())) if person.hidden else (),
            tuple((one.gate_numbers, one.pass_id) for one in person.passes),
        )

    def until(self, until: datetime | None) -> datetime | None:
        """Return an end as far as it is within the time."""
        return None if until is None else min(until, self.ends)

    def _rest(self, person: PersonSent) -> Hashable:
        record = person.record
        return (
            "rest",
            frozenset(record.methods) - {Method.FACE},
            record.suspended,
            record.may_override,
            record.two_methods,
            tuple(self._window(grant) for grant in record.grants),
            self._credentials(person),
            tuple((one.uses, self._window(one)) for one in person.passes),
        )

    def _credentials(self, person: PersonSent) -> Hashable:
        homes = {home.home_id for home in person.homes}
        hidden = frozenset().union(*person.hidden.values())
        own, codes = set(), []
        for one in person.credentials:
            if not is_shown(one):
                continue
            if isinstance(one, VisitorCodeCredential):
                codes.append((one.home_id in homes, self._window(one)))
                continue
            home_id = getattr(one, "home_id", None)
            number = one.credential_id if one.credential_id in hidden else ""
            is_in_hand = one.credential_id not in person.not_in_hand
            own.add((one.kind, home_id is None or home_id in homes, number, is_in_hand, self._window(one)))
        return frozenset(own), tuple(codes)


class Class(NamedTuple):
    """Lanes that are alike for a pattern."""

    place: Place
    lane_ids: frozenset[str]


class Lanes:
    """The lanes of one part, and their classes for each pattern."""

    def __init__(self, sweep: Sweep, gates: tuple[GateSent, ...]) -> None:
        self._sweep = sweep
        self._gates = gates
        self._lanes: dict[str, tuple[GateSent, LaneRecord, int]] = {}
        kinds: dict[Hashable, set[str]] = {}
        for gate in gates:
            hours = sweep.number(("hours", frozenset((name, one.spans) for name, one in gate.hours.items())))
            for lane in gate.lanes.values():
                lane_key = sweep.number(self._lane_key(gate, lane))
                self._lanes[lane.lane_id] = gate, lane, lane_key
                kinds.setdefault((lane_key, hours, lane.direction), set()).add(lane.lane_id)
        self._kinds = [frozenset(lane_ids) for lane_ids in kinds.values()]
        self._classes: dict[int, tuple[Class, ...]] = {}

    def classes(self, group: Group) -> tuple[Class, ...]:
        """Return the classes of the lanes that a grant of this group names."""
        if group.pattern not in self._classes:
            self._classes[group.pattern] = self._made(group.person)
        return self._classes[group.pattern]

    def _lane_key(self, gate: GateSent, lane: LaneRecord) -> Hashable:
        override = lane.posture_override
        if override is not None and override.until <= self._sweep.begins:
            override = None
        return (
            "lane",
            self._gate_key(gate),
            frozenset(lane.methods),
            frozenset((method, hours_of(gate, name).spans) for method, name in lane.method_hours.items()),
            lane.posture,
            frozenset((hours_of(gate, name).spans, word) for name, word in lane.posture_hours.items()),
            override and (override.posture, self._sweep.until(override.until)),
        )

    def _gate_key(self, gate: GateSent) -> Hashable:
        exceptions = {} if gate.calendar is None else gate.calendar.exceptions
        return (
            gate.site.timezone,
            gate.site.max_policy_age_days if gate.issued_at is not None else None,
            gate.issued_at,
            self._sweep.number(("days", frozenset(exceptions.items()))),
        )

    def _made(self, person: PersonSent) -> tuple[Class, ...]:
        named = [(self._sweep.lanes(grant.lanes), grant.hours_id) for grant in person.record.grants]
        codes = [
            self._sweep.lanes(one.lanes)
            for one in person.credentials
            if isinstance(one, VisitorCodeCredential) and is_shown(one)
        ]
        blocks = self._kinds
        for lane_ids in (*(lane_ids for lane_ids, _ in named), *codes, *self._of_gates(person)):
            parts = (part for block in blocks for part in (block & lane_ids, block - lane_ids))
            blocks = [part for part in parts if part]
        found: dict[tuple[int, str], tuple[Place, list[frozenset[str]]]] = {}
        for block in blocks:
            place = self._place(person, next(iter(block)), named, codes)
            if place is not None:
                found.setdefault((place.key, place.lane.direction), (place, []))[1].append(block)
        return tuple(
            Class(place, self._sweep.lanes(frozenset().union(*parts))) for place, parts in found.values()
        )

    def _of_gates(self, person: PersonSent) -> Iterator[frozenset[str]]:
        """Yield the lanes of gates at which something of the person differs."""
        marks: dict[Hashable, set[str]] = {}
        for gate in self._gates if person.faces or person.hidden or person.passes else ():
            lanes = gate.lanes.keys()
            if gate.gate_id in person.faces:
                marks.setdefault(("face", self._sweep.until(person.faces[gate.gate_id])), set()).update(lanes)
            if gate.gate_id in person.hidden:
                marks.setdefault(("hidden", person.hidden[gate.gate_id]), set()).update(lanes)
            for number, one in enumerate(person.passes):
                here = {
                    lane.lane_id
                    for lane in gate.lanes.values()
                    if lane.is_named_in(one.gate_numbers) and one.pass_id not in gate.ended_passes
                }
                marks.setdefault(("pass", number), set()).update(here)
        yield from (frozenset(lane_ids) for lane_ids in marks.values())

    def _place(
        self,
        person: PersonSent,
        lane_id: str,
        named: Sequence[tuple[frozenset[str], str | None]],
        codes: Sequence[frozenset[str]],
    ) -> Place | None:
        gate, lane, lane_key = self._lanes[lane_id]
        grants = tuple(
            (number, None if hours_id is None else hours_of(gate, hours_id).spans)
            for number, (lane_ids, hours_id) in enumerate(named)
            if lane_id in lane_ids
        )
        if not grants:
            return None
        key = (
            "place",
            lane_key,
            # What a person asked for holds on ways in alone; nothing else asks where a lane leads.
            None if person.record.two_methods is None else lane.direction,
            grants,
            tuple(number for number, lane_ids in enumerate(codes) if lane_id in lane_ids),
            (gate.gate_id in person.faces, self._sweep.until(person.faces.get(gate.gate_id))),
            person.hidden.get(gate.gate_id),
            tuple(
                number
                for number, one in enumerate(person.passes)
                if lane.is_named_in(one.gate_numbers) and one.pass_id not in gate.ended_passes
            ),
        )
        return Place(gate, lane, self._sweep.number(key))
