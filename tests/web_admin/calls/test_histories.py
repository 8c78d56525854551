"""Over histories that chance makes up: what opens was said by an answerer of the home, in that call, once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gate_controller.contract.calls import CallEnd, CallState, CallStep
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, add_partner, has_telephone, on_phone, set_clock
from web_admin.action.base import Action
from web_admin.calls import live
from web_admin.compound.models import Person
from web_admin.core.limit_counts import current_counts
from web_admin.core.refusal import ActionRefused

pytestmark = pytest.mark.both_databases
ACTS: dict[str, Callable[[Action, str], object]] = {
    "answer": live.answer,
    "open": live.open_gate,
    "send away": live.send_away,
    "hang up": live.hang_up,
}
WHO = ("first", "first", "partner", "neighbour")

steps = st.one_of(
    st.tuples(
        st.just("gate"), st.sampled_from([CallStep.CALLING, CallStep.LEG_ANSWERED, CallStep.LEG_ENDED])
    ),
    st.tuples(st.just("over"), st.sampled_from([CallEnd.CANCELLED, CallEnd.ENDED])),
    st.tuples(st.sampled_from([*ACTS, "answer", "open"]), st.sampled_from(WHO)),
    st.tuples(st.just("suspends"), st.sampled_from(WHO)),
    st.tuples(st.just("resumes"), st.sampled_from(WHO)),
    st.tuples(st.just("waits"), st.sampled_from([1, 8, 30])),
)


@dataclass
class History:
    """One call, and what people did in it as the acts themselves said."""

    compound: Compound
    gate: CallingGate
    people: dict[str, str]
    call_id: str
    answered: list[str] = field(default_factory=list)
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    is_over: bool = False

    def plays(self, what: str, value: object) -> None:
        if what == "gate":
            assert isinstance(value, CallStep)
            self.hears(self.gate.says(self.call_id, value, leg=0, has_telephone=True))
        elif what == "over":
            self.is_over = True
            self.hears(self.gate.says(self.call_id, CallStep.OVER, end=value))
        elif what == "waits":
            assert isinstance(value, int)
            set_clock(self.compound, value)
        elif what in ACTS:
            self.acts(what, str(value))
        else:
            self.suspends(str(value), is_suspended=what == "suspends")

    def acts(self, what: str, who: str) -> None:
        try:
            with on_phone(self.compound, self.people[who]) as act:
                ACTS[what](act, self.call_id)
        except ActionRefused as refused:
            assert refused.message is not None
            return
        assert who != "neighbour"
        assert who not in self.suspended
        assert not self.is_over
        if what == "answer":
            self.answered.append(who)
        elif what == "open":
            self.asked.append((who, self.compound.clock()))
        else:
            self.is_over = True

    def suspends(self, who: str, *, is_suspended: bool) -> None:
        with self.compound.session() as session:
            session.get_one(Person, self.people[who]).suspended = is_suspended
        (self.suspended.add if is_suspended else self.suspended.discard)(who)

    def hears(self, state: CallState) -> None:
        """Check what the gate is answered."""
        self.is_over = self.is_over or state.stage == "over"
        if state.opens is None:
            return
        order = self.gate.order(state)
        self.orders.add(order.order_id)
        who = next(name for name, person_id in self.people.items() if person_id == order.person_id)
        assert not self.is_over
        assert who in self.answered
        assert [asked for asked, _at in self.asked] == [who], "once in a call"
        assert who not in self.suspended
        assert self.compound.clock() < self.asked[0][1] + timedelta(seconds=10)
        assert (order.call_id, order.gate_id, order.lane_id) == (self.call_id, "north", "north-in")
        assert len(self.orders) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("answer", "first"), ("open", "first"), ("suspends", "first")])
@given(st.lists(steps, min_size=3, max_size=14))
def test_a_call_opens_by_an_answer_of_an_unsuspended_person_of_the_home_and_once(
    small_compound: Compound, called: CallingGate, played: list[tuple[str, object]]
) -> None:
    history = begun(small_compound, called)
    for what, value in played:
        history.plays(what, value)
    history.hears(called.says(history.call_id, has_telephone=True))


def begun(compound: Compound, gate: CallingGate) -> History:
    """Return a new call, with everyone as they were."""
    if "partner" not in _PEOPLE.setdefault(compound.site_id, {}):
        _PEOPLE[compound.site_id] = {
            "first": compound.person_id,
            "partner": add_partner(compound),
            "neighbour": compound.neighbour_id,
        }
        has_telephone(compound, compound.person_id, "+8613900000001")
    people = _PEOPLE[compound.site_id]
    assert isinstance(compound.clock, SetClock)
    with compound.session() as session:
        current_counts().reset()
        for person_id in people.values():
            session.get_one(Person, person_id).suspended = False
    history = History(compound, gate, people, f"call-{len(gate.keys)}")
    assert gate.says(history.call_id, has_telephone=True).stage == "ringing"
    return history


_PEOPLE: dict[str, dict[str, str]] = {}
"""Of each compound who plays; its home gets a second adult once."""
