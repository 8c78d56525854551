"""A gate goes out of use: what follows, who shows it no more, what stays, and how it comes back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, household, pair
from web_admin.action.base import Action
from web_admin.compound.models import Gate, GrantRow, Person
from web_admin.compound.queries import gates_of_site
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.gates.actions import add_gate
from web_admin.gates.models import PairAttempt
from web_admin.gates.names import rename_gate
from web_admin.gates.orders import lockdown_site, make_pair_code, mark_gate
from web_admin.gates.out_of_use import gates_out_of_use, take_out_of_use, what_follows
from web_admin.people.actions import add_person
from web_admin.policy.sent import sent_to_gates
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.reach import gates_open_to


def two_gates(act: Action) -> Person:
    """Add a family that may pass north and south, and return a second person who may pass north alone."""
    add_lane(act)
    add_lane(act, "south")
    home, resident = household(act)
    issue_card(act, resident.person_id, 77)
    other = add_person(act, display_name="Chen", home_id=home.home_id, lanes=["north-in"])
    issue_card(act, other.person_id, 78)
    return other


def give_pass(act: Action, *numbers: int) -> None:
    issue_pass(
        act,
        issuer_person_id=None,
        label="courier",
        gate_numbers=numbers,
        valid_from=act.now,
        valid_until=act.now + timedelta(hours=5),
        uses=0,
    )


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.both_databases
def test_what_follows_names_who_and_what_reaches_no_other_gate(act: Action) -> None:
    other = two_gates(act)
    north, south = (act.session.get_one(Gate, gate_id).number for gate_id in ("north", "south"))
    give_pass(act, north)
    give_pass(act, north, south)
    give_pass(act, south)
    make_emergency_code(act, label="Fire brigade", lanes=["north-in"], hold_minutes=10)
    make_emergency_code(act, label="Ambulance", lanes=["north-in", "south-in"], hold_minutes=10)
    follows = what_follows(act.session, act.session.get_one(Gate, "north"), act.now)
    assert list(follows.person_ids) == [other.person_id]
    assert (list(follows.lanes), follows.passes, follows.passes_alone) == (["In"], 2, 1)
    assert (follows.emergency_codes, follows.faces) == (1, 0)


@pytest.mark.wide
@pytest.mark.publishing
def test_it_is_sent_nothing_and_offered_nowhere_while_rights_stay(act: Action) -> None:
    other = two_gates(act)
    take_out_of_use(act, "north")
    assert [gate.gate_id for gate in gates_of_site(act.session, act.site_id)] == ["south"]
    sent = sent_to_gates(act.session, act.sealer, act.site_id, act.now)
    assert [gate.gate_id for part in sent.parts for gate in part.gates] == ["south"]
    assert gates_open_to(act.session, other, act.now) == []
    assert lockdown_site(act, "a drill", act.now + timedelta(hours=1)) == ["south-in"]
    with pytest.raises(ActionRefused, match="does not exist here"):
        give_pass(act, act.session.get_one(Gate, "north").number)
    late = add_person(act, display_name="Late")
    assert [grant.lanes for grant in late.grants] == [["south-in"]]
    kept = act.session.scalars(select(GrantRow).where(GrantRow.person_id == other.person_id)).one()
    assert kept.lanes == ["north-in"]


@pytest.mark.publishing
def test_pairing_a_controller_is_the_one_way_back(act: Action) -> None:
    other = two_gates(act)
    make_pair_code(act, "north")
    take_out_of_use(act, "north")
    attempts = act.session.scalars(select(PairAttempt.state).where(PairAttempt.gate_id == "north"))
    assert "code" not in set(attempts), "a code of before is worthless"
    (gone,) = gates_out_of_use(act.session, act.site_id)
    assert (gone.gate.gate_id, gone.since) == ("north", act.now)
    pair(act, "north")
    assert gates_out_of_use(act.session, act.site_id) == []
    assert [gate.gate_id for gate in gates_open_to(act.session, other, act.now)] == ["north"]


@pytest.mark.wide
@pytest.mark.publishing
def test_it_comes_back_under_a_name_that_no_other_gate_has_by_then(act: Action) -> None:
    two_gates(act)
    take_out_of_use(act, "north")
    add_gate(act, "north-2", "North")
    with pytest.raises(ActionRefused, match="Another gate is called North"):
        make_pair_code(act, "north")
    rename_gate(act, "north", "Old north")
    pair(act, "north")
    assert act.session.get_one(Gate, "north").state == "paired"


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize(
    ("state", "said"), [("retired", "out of use already"), ("stolen", "reported stolen")]
)
def test_a_gate_that_is_out_of_use_or_stolen_stays_what_it_is(act: Action, state: str, said: str) -> None:
    two_gates(act)
    mark_gate(act, "north", state)
    with pytest.raises(ActionRefused, match=said):
        take_out_of_use(act, "north")
    assert act.session.get_one(Gate, "north").state == state
