"""Looks in the random histories: taken, dropped, deleted, missed, aged, in any order with everything else."""

from abc import abstractmethod
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import GENESIS, chain_entry
from gate_controller.contract.records import MAX_LOOKS
from web_admin.action.base import Action, publish
from web_admin.compound.models import Gate
from web_admin.custody.models import FaceLook, FaceShare
from web_admin.face.looks import LOOK_LASTS, drop_look, drop_old_looks, note_looks, set_look_offers

GATES = ("north", "south")
SOMEONE = st.integers(min_value=0, max_value=3)
SOME_GATE = st.sampled_from(GATES)


class LooksHistory(RuleBasedStateMachine):
    """What gates report of looks and what people do with them; each step as an event about consent."""

    looks_taken: int

    @abstractmethod
    def consent_event(self, someone: int, doing: Callable[[Action, str], object], *, by_phone: bool) -> None:
        """Do something for a person, and compare before and after; each promise has its own comparison."""

    @rule(someone=SOMEONE, gate=SOME_GATE)
    def take_a_look(self, someone: int, gate: str) -> None:
        """Play a gate's report of one more look, five at most."""
        self.looks_taken += 1
        look_id = f"{self.looks_taken:016x}"

        def take(act: Action, person_id: str) -> None:
            looks = [look.look_id for look in _looks(act, person_id, gate)]
            _report(act, person_id, gate, EventKind.FACE_ENROLLED, [*looks, look_id][-MAX_LOOKS:])

        self.consent_event(someone, take, by_phone=False)

    @rule(someone=SOMEONE, gate=SOME_GATE, which=st.integers(0, 4), by_phone=st.booleans())
    def drop_a_look(self, someone: int, gate: str, which: int, by_phone: bool) -> None:
        self.consent_event(
            someone,
            lambda act, person: [
                drop_look(act, person, gate, look.look_id)
                for look in _looks(act, person, gate)[which : which + 1]
            ],
            by_phone=by_phone,
        )

    @rule(someone=SOMEONE, gate=SOME_GATE)
    def the_gate_deletes(self, someone: int, gate: str) -> None:
        """Play a gate's report of the looks that are left."""

        def report(act: Action, person_id: str) -> None:
            left = [look.look_id for look in _looks(act, person_id, gate) if look.dropped_at is None]
            _report(act, person_id, gate, EventKind.FACE_LOOK_DROPPED, left)

        self.consent_event(someone, report, by_phone=False)

    @rule(someone=SOMEONE, gate=SOME_GATE, times=st.integers(1, 2), on=st.booleans())
    def miss(self, someone: int, gate: str, times: int, on: bool) -> None:
        """Play looks that found no one, and the person's word on offers."""
        for _ in range(times):
            self.consent_event(
                someone,
                lambda act, person: _report(act, person, gate, EventKind.FACE_MISSED, []),
                by_phone=False,
            )
        self.consent_event(someone, lambda act, person: set_look_offers(act, person, on=on), by_phone=True)

    @rule()
    def two_years_pass_for_looks(self) -> None:
        """Make every look old; consents and cards stay."""

        def age(act: Action, _person_id: str) -> None:
            for look in act.session.scalars(select(FaceLook)):
                look.taken_at = act.now - LOOK_LASTS
            act.session.flush()
            assert drop_old_looks(act) >= 0
            publish(act)

        self.consent_event(0, age, by_phone=False)


def _looks(act: Action, person_id: str, gate_id: str) -> list[FaceLook]:
    share = act.session.get(FaceShare, (person_id, gate_id))
    if share is None:
        return []
    of_gate = (FaceLook.gate_id == gate_id, FaceLook.consent_id == share.consent_id)
    return list(act.session.scalars(select(FaceLook).where(*of_gate).order_by(FaceLook.look_id)))


def _report(act: Action, person_id: str, gate_id: str, kind: EventKind, looks: list[str]) -> None:
    share = act.session.get(FaceShare, (person_id, gate_id))
    consent_id = share.consent_id if share is not None else "none"
    whose = {"person_id": person_id, "consent_id": consent_id, "look_ids": " ".join(looks)}
    entry = chain_entry(GENESIS, 1, act.now, kind, {"lane_id": f"{gate_id}-in"}, whose)
    note_looks(act, act.session.get_one(Gate, gate_id), [entry])
