"""Asking the rules once for all who are alike says the same as asking for each person at each edge."""

import random  # noqa: TID251 - the same each time
from datetime import datetime, timedelta

import msgspec
import pytest

from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import FaceRecord, PersonRecord, PolicyRefused
from gate_controller.rules.decision import Claim
from gate_controller.rules.identify import identify_face
from tests.promises.drawn_acts import draw_act
from tests.promises.drawn_weeks import ME
from tests.promises.played_access import things, ways_that_open
from tests.support.sent_records import sent_by_records
from web_admin.access.answers import where_may
from web_admin.access.difference import difference
from web_admin.access.sent import GateSent, Part, PersonSent, Sent
from web_admin.access.sweep import Way, answer

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)
DRAWN = range(1000, 1150)


def crowd(seed: int) -> tuple[datetime, Sent]:
    """Return many people at many gates: records of several drawn policies, in one part."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    first: datetime | None = None
    gates: list[GateSent] = []
    people: dict[str, PersonSent] = {}
    while len(gates) < 3:
        act = draw_act(chance.randrange(1 << 30))
        first = first or act.begins
        passes = {ME: (act.visitor,)} if act.visitor else {}
        for wire in (act.before, act.after):
            try:
                (part,) = sent_by_records({"north": wire}, passes, now=first).parts
            except PolicyRefused:
                continue
            gates.append(_as_gate(part.gates[0], f"gate-{len(gates)}"))
            for person in part.people.values():
                people[f"{len(people):016x}"] = person
    named = tuple(lane_id for gate in gates for lane_id in gate.lanes)
    for number, (person_id, person) in enumerate(people.items()):
        people[person_id] = _at(person, person_id, chance.sample(named, 3) if number % 2 else named, gates)
    assert first is not None
    return first, Sent((Part(tuple(gates), people),))


def _as_gate(gate: GateSent, gate_id: str) -> GateSent:
    lanes = {
        f"{gate_id}-{lane.direction}": msgspec.structs.replace(
            lane, lane_id=f"{gate_id}-{lane.direction}", gate_id=gate_id
        )
        for lane in gate.lanes.values()
    }
    return GateSent(gate_id, gate.site, gate.calendar, gate.hours, lanes, gate.ended_passes)


def with_face(
    shown: list[tuple[str, Claim]], face: FaceRecord | None, at: datetime
) -> list[tuple[str, Claim]]:
    """Return what can be shown at a moment: a face for as long as the gate may keep it."""
    return [*shown, ("face", identify_face(ME))] if face is not None and face.is_valid(at) else shown


def _at(
    person: PersonSent, person_id: str, lanes: list[str] | tuple[str, ...], gates: list[GateSent]
) -> PersonSent:
    grants = tuple(msgspec.structs.replace(one, lanes=tuple(lanes)) for one in person.record.grants)
    record: PersonRecord = msgspec.structs.replace(person.record, person_id=person_id, grants=grants)
    credentials = tuple(msgspec.structs.replace(one, person_id=person_id) for one in person.credentials)
    until = next(iter(person.faces.values()), None)
    faces = {gate.gate_id: until for gate in gates} if person.faces else {}
    hidden = {gate.gate_id: ids for gate in gates for ids in person.hidden.values()}
    return PersonSent(record, person.homes, credentials, faces, hidden, person.passes)


@pytest.mark.parametrize("seed", range(4))
def test_grouped_answers_are_those_of_each_person_alone(seed: int) -> None:
    begins, sent = crowd(seed)
    (part,) = sent.parts
    gate_of = {lane_id: gate for gate in part.gates for lane_id in gate.lanes}
    asked = 0
    for person_id, person in part.people.items():
        here = where_may(sent, person_id, begins, begins + WEEK)
        named = {lane_id for grant in person.record.grants for lane_id in grant.lanes}
        assert here.keys() == named & gate_of.keys()
        for lane_id, grouped in here.items():
            gate = gate_of[lane_id]
            asked += 1
            assert grouped == answer(gate, gate.lanes[lane_id], person, begins, begins + WEEK)
    assert asked > 20


@pytest.mark.parametrize("seed", range(4))
def test_a_difference_of_many_is_the_difference_of_each(seed: int) -> None:
    begins, before = crowd(seed)
    _, after = crowd(seed + 100)
    whole = difference(before, after, begins, begins + WEEK)
    for person_id in before.parts[0].people.keys() | after.parts[0].people.keys():
        first, second = (where_may(one, person_id, begins, begins + WEEK) for one in (before, after))
        for lane_id in first.keys() | second.keys():
            said = {
                change.way: (change.lost, change.gained)
                for change in whole.changes
                if person_id in change.person_ids and lane_id in change.lane_ids
            }
            old, new = (one[lane_id].ways if lane_id in one else {} for one in (first, second))
            assert {way for way in Way if old.get(way) != new.get(way)} == said.keys() - {None}


@pytest.mark.wide
def test_nothing_is_sampled_the_gate_changes_its_mind_at_each_edge_and_at_no_other_moment() -> None:
    edges = 0
    for seed in DRAWN:
        act = draw_act(seed)
        try:
            snapshot = compile_policy(act.before, epoch=1, version=1, issued_at=act.begins + WEEK)
        except PolicyRefused:
            continue
        passes = {ME: (act.visitor,)} if act.visitor else {}
        sent = sent_by_records({"north": act.before}, passes, now=act.begins)
        face = snapshot.face_roster.get(ME)
        shown = things(snapshot, act)
        for lane_id, found in where_may(sent, ME, act.begins, act.begins + WEEK).items():
            for way, spans in found.ways.items():
                for at in {at for span in spans for at in span} - {act.begins, act.begins + WEEK}:
                    opened = [
                        way
                        in set(
                            ways_that_open(with_face(shown, face, moment), lane_id, snapshot.policy, moment)
                        )
                        for moment in (at - MOMENT, at)
                    ]
                    assert opened[0] != opened[1], (seed, lane_id, way, at)
                    edges += 1
    assert edges > 500
