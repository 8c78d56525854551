"""A gate's directory: homes that opted in, and of which someone may pass there."""

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.calls import DIRECTORY_PATH, DirectoryAsk, DirectoryEntry, DirectoryReply
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, wants
from web_admin.compound.models import Gate, GrantRow, Person


def listed(gate: CallingGate, lane_id: str = "north-in") -> list[DirectoryEntry]:
    response = gate.played.post(DIRECTORY_PATH, DirectoryAsk(lane_id=lane_id))
    return list(msgspec.json.decode(response.data, type=DirectoryReply).entries)


@pytest.fixture
def opted_in(small_compound: Compound, called: CallingGate) -> CallingGate:
    wants(small_compound, directory_label="Lin")
    wants(small_compound, small_compound.neighbour_id, directory_label="Zhao family")
    return called


@pytest.mark.wide
@pytest.mark.both_databases
def test_homes_that_opted_in_are_listed_by_their_numbers(opted_in: CallingGate) -> None:
    assert listed(opted_in) == [
        DirectoryEntry(label="Lin", home="31203", shown="3-1203"),
        DirectoryEntry(label="Zhao family", home="50101", shown="5-0101"),
    ]


@pytest.mark.wide
@pytest.mark.parametrize(
    "wishes",
    [
        {"directory_label": None},
        {"directory_label": "<img src=x>"},
        {"takes_calls": False},
        {"blocked_gates": ["north"]},
    ],
)
def test_others_are_not(small_compound: Compound, opted_in: CallingGate, wishes: dict[str, object]) -> None:
    wants(small_compound, None, **wishes)
    assert [entry.label for entry in listed(opted_in)] == ["Zhao family"]


@pytest.mark.wide
def test_a_home_that_rests_is_listed_all_the_same(small_compound: Compound, opted_in: CallingGate) -> None:
    wants(small_compound, quiet_from=0, quiet_until=1439)
    assert len(listed(opted_in)) == 2


def test_a_home_of_which_no_one_may_pass_there_is_not(
    small_compound: Compound, opted_in: CallingGate
) -> None:
    with small_compound.session() as session:
        of_first = GrantRow.person_id == small_compound.person_id
        for grant in session.scalars(select(GrantRow).where(of_first)):
            grant.lanes = ["south-in"]
        session.get_one(Person, small_compound.neighbour_id).suspended = True
    assert listed(opted_in) == []


def test_a_gate_reads_the_directory_of_its_own_lanes_alone(
    small_compound: Compound, opted_in: CallingGate
) -> None:
    assert listed(opted_in, "south-in") == []
    assert listed(opted_in, "none") == []
    with small_compound.session() as session:
        session.get_one(Gate, "north").forked_at = small_compound.clock()
    assert listed(opted_in) == []
