"""Promise 1: no lane, hour or person is ever left with face as the only way in.

Every minute of a week is walked in `test_no_minute_has_face_alone.py`, readers that broke in
`test_no_broken_reader_leaves_face_alone.py`.
"""

import dataclasses
import itertools
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from gate_controller.contract.calendars import Span
from gate_controller.contract.features import FACE_BESIDE, known
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import CredentialState, Method, PersonRecord
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from tests.promises.histories import SOME_SPANS, Compound, History, claim_of, give_consent_to_newest
from tests.promises.looks_histories import SOME_GATE, SOMEONE
from tests.support.acting import add_lane, offer_face
from tests.support.examples import examples
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Hours, Person
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.pins import issue_pin
from web_admin.credentials.two_methods import request_two_methods
from web_admin.face.assessment_status import assessment_status
from web_admin.face.ways_in import working_methods
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import LaneSpec

pytestmark = [
    pytest.mark.publishing,
    pytest.mark.usefixtures("codes_hashed_quickly"),
]

KINDS = {"CardCredential": Method.CARD, "PinCredential": Method.PIN, "QrCredential": Method.QR}


MINUTES_AHEAD = (0, 61, 350, 640, 930, 1_220, 1_510, 3_000, 7_300)
"""When after an action a face is tried: over the hours of a day, and on other days of the week."""


def another_way_opens(snapshot: PolicySnapshot, person_id: str, lane_id: str, at: datetime) -> bool:
    """Return whether a card, PIN or code of this person opens the lane, two in turn where they asked so."""
    shown: set[Method] = set()
    for credential in snapshot.policy.credentials.values():
        if credential.person_id == person_id:
            claim = claim_of(credential, at)
            memory = GateMemory(shown_before={person_id: frozenset(shown)})
            decision = decide(claim, lane_id, snapshot.policy, memory, at)
            if decision.opens:
                return True
            if decision.reason is Reason.SECOND_METHOD:
                shown.add(claim.method)
    return False


class FaceIsNeverAlone(History):
    """After every action: each gate takes its records, and each face there has another way beside it.

    The north gate is of this version and decides by the minute; the south gate is of the first one, and
    is sent a face only where no minute has it alone.
    """

    @initialize()
    def begin(self) -> None:
        super().begin()
        with self.database.session() as session:
            session.get_one(Gate, "north").knows = [*known(), FACE_BESIDE]

    @rule(someone=SOMEONE, gate=SOME_GATE, way=st.sampled_from(["pin", "card"]), spans=SOME_SPANS)
    def give_hours_to_the_one_way_beside_a_face(
        self, someone: int, gate: str, way: str, spans: list[Span]
    ) -> None:
        """Do what a manager and a resident may: one way and the face, and hours for that way at a lane."""
        self.do(0, lambda act, _: save_hours(act, self.hours_id(act), "day", spans))
        self.do(someone, issue_pin)
        self.do(someone, give_consent_to_newest, by_phone=True)
        self.do(someone, lambda act, person: choose_methods(act, person, [way, "face"]), by_phone=True)

        def narrow(act: Action, _: str) -> None:
            hours = {"pin": self.hours_id(act)}
            save_lane(act, gate, LaneSpec(f"{gate}-in", "In", "in", ("card", "pin", "qr", "face"), hours))

        self.do(0, narrow)

    def hours_id(self, act: Action) -> str | None:
        return act.session.scalars(select(Hours.hours_id)).first()

    @invariant()
    def every_published_face_has_a_working_way_beside_it(self) -> None:
        with self.database.session() as session:
            for snapshot in self.snapshots(session).values():  # raises PolicyRefused on a broken lane
                assert set(snapshot.face_roster) <= self.with_a_way_at_each_lane(snapshot)

    @invariant()
    def no_face_opens_in_a_minute_in_which_nothing_else_of_its_person_would(self) -> None:
        with self.database.session() as session:
            snapshots = self.snapshots(session)
        for snapshot in snapshots.values():
            for person_id, face in snapshot.face_roster.items():
                for lane_id, minutes in itertools.product(snapshot.policy.lanes, MINUTES_AHEAD):
                    at = self.now + timedelta(minutes=minutes)
                    lasts = face.valid_until is None or at < face.valid_until
                    claim = Claim(Method.FACE, person_id)
                    opens = decide(claim, lane_id, snapshot.policy, GateMemory(), at).opens
                    assert not (lasts and opens) or another_way_opens(snapshot, person_id, lane_id, at)

    @invariant()
    def everyone_who_chose_face_has_another_way_or_a_paused_face(self) -> None:
        with self.database.session() as session:
            for person in session.scalars(select(Person).where(Person.face_paused_reason.is_(None))):
                ways = working_methods(session, person, self.now)
                assert ways != {Method.FACE}

    @invariant()
    def no_child_is_published_to_any_gate_and_every_minor_with_a_guardian(self) -> None:
        with self.database.session() as session:
            bands = {row.person_id: row.age_band for row in session.scalars(select(Person))}
            for snapshot in self.snapshots(session).values():
                published = {**snapshot.face_roster, **snapshot.face_offers}
                assert "under_14" not in {bands[person_id] for person_id in published}
                minors = [record for person_id, record in published.items() if bands[person_id] == "14_17"]
                assert all(record.guardian_ids for record in minors)

    @invariant()
    def every_lane_that_offers_face_is_one_that_was_assessed(self) -> None:
        with self.database.session() as session:
            assessed = assessment_status(session, self.compound.site_id, self.now).lanes
            for snapshot in self.snapshots(session).values():
                offering = {
                    lane_id for lane_id, lane in snapshot.policy.lanes.items() if Method.FACE in lane.methods
                }
                assert offering <= assessed

    @rule(someone=SOMEONE, hours=st.sampled_from([(0, 0), (1320, 360)]))
    def ask_for_two_ways(self, someone: int, hours: tuple[int, int]) -> None:
        self.do(someone, lambda act, person_id: request_two_methods(act, person_id, *hours), by_phone=True)

    @invariant()
    def who_asked_for_two_ways_comes_in_by_them_without_a_face(self) -> None:
        with self.database.session() as session:
            snapshots = self.snapshots(session)
        for snapshot in snapshots.values():
            for person in snapshot.policy.persons.values():
                if person.two_methods is not None:
                    for lane_id in snapshot.policy.lanes:
                        self.comes_in(snapshot, person, lane_id)

    def comes_in(self, snapshot: PolicySnapshot, person: PersonRecord, lane_id: str) -> None:
        """Require that all that opens for a person who asks for one way opens in some order for two."""
        free = dataclasses.replace(
            snapshot.policy,
            persons={
                **snapshot.policy.persons,
                person.person_id: msgspec.structs.replace(person, two_methods=None),
            },
        )
        claims = [
            claim_of(credential, self.now)
            for credential in snapshot.policy.credentials.values()
            if credential.person_id == person.person_id
        ]
        good = [claim for claim in claims if decide(claim, lane_id, free, GateMemory(), self.now).opens]
        shown: set[Method] = set()
        opened = not good
        for claim in good:
            memory = GateMemory(shown_before={person.person_id: frozenset(shown)})
            opened = opened or decide(claim, lane_id, snapshot.policy, memory, self.now).opens
            shown.add(claim.method)
        assert opened, "a request for two ways kept its own person out"
        face = Claim(Method.FACE, person.person_id, only_beside=True)
        memory = GateMemory(shown_before={person.person_id: frozenset({Method.FACE})})
        assert not decide(face, lane_id, snapshot.policy, memory, self.now).opens

    def with_a_way_at_each_lane(self, snapshot: PolicySnapshot) -> set[str]:
        """Return whom every face lane of their grants lets in by another method that works now."""
        ways: dict[str, set[Method]] = {}
        for credential in snapshot.policy.credentials.values():
            method = KINDS.get(type(credential).__name__)
            person = snapshot.policy.persons.get(credential.person_id)
            works = (
                person is not None
                and credential.state is CredentialState.ACTIVE
                and (credential.valid_until is None or credential.valid_until > self.now)
                and method in person.methods
            )
            ways.setdefault(credential.person_id, set()).update([method] * works)  # type: ignore[list-item]
        return {
            person_id
            for person_id, person in snapshot.policy.persons.items()
            if all(
                ways.get(person_id, set()) & set(snapshot.policy.lanes[lane_id].methods)
                for grant in person.grants
                for lane_id in grant.lanes
                if Method.FACE in snapshot.policy.lanes[lane_id].methods
            )
        }


def test_no_history_leaves_face_as_the_only_way_of_a_lane_or_a_person() -> None:
    FaceIsNeverAlone.compound = Compound()
    run_state_machine_as_test(
        FaceIsNeverAlone, settings=settings(max_examples=examples(25), stateful_step_count=30, deadline=None)
    )


@pytest.mark.parametrize(("gate", "keeps_the_face"), [("north", True), ("south", False)])
def test_hours_of_the_one_way_beside_a_face_leave_no_minute_with_the_face_alone(
    gate: str, keeps_the_face: bool
) -> None:
    FaceIsNeverAlone.compound = Compound()
    history = FaceIsNeverAlone()
    history.begin()
    working_day = Span(("mon", "tue", "wed", "thu", "fri"), 420, 1200)
    history.give_hours_to_the_one_way_beside_a_face(0, gate, "pin", [working_day])
    with history.database.session() as session:
        assert bool(history.snapshots(session)[gate].face_roster) is keeps_the_face
    history.no_face_opens_in_a_minute_in_which_nothing_else_of_its_person_would()
    history.teardown()


@pytest.mark.parametrize("methods", [(), ("face",), ("face", "pin"), ("face", "card"), ("pin", "qr")])
def test_a_lane_without_card_or_without_two_ways_beside_face_is_not_saved(
    act: Action, methods: tuple[str, ...]
) -> None:
    add_lane(act)
    offer_face(act)
    before = act.session.scalars(select(PolicyRecordRow.value)).all()
    with pytest.raises(ActionRefused) as refused:
        save_lane(act, "north", LaneSpec("north-in", "In", "in", methods))
    assert refused.value.field == "methods"
    assert act.session.scalars(select(PolicyRecordRow.value)).all() == before


def test_narrowing_the_hours_of_the_other_ways_below_those_of_face_is_refused(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    always = [Span(("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"), 0, 1440)]
    hours = save_hours(act, None, "always", always)
    narrowed = {"card": hours.hours_id, "pin": hours.hours_id, "qr": hours.hours_id}
    save_lane(act, "north", LaneSpec("north-in", "In", "in", ("card", "pin", "qr", "face"), narrowed))
    with pytest.raises(ActionRefused, match="only way in"):
        save_hours(act, hours.hours_id, "weekdays", [Span(("mon",), 0, 1440)])
