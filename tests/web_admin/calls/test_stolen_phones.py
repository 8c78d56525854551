"""A stolen phone opens by no telephone: not as a number of its owner, and by none that its thief added."""

import pytest
from flask.testing import FlaskClient

from gate_controller.contract.calls import TaskDone
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, has_telephone, home_of, on_phone, wants
from tests.web_admin.resident.found_phones import sets_password
from tests.web_admin.resident.pressing import press
from web_admin.action.phone_verification import INVITED_AGAIN
from web_admin.calls.models import CallNumber, HomeCallWishes
from web_admin.calls.numbers import remove_number
from web_admin.calls.telephone_tasks import begin_proof
from web_admin.compound.models import Person
from web_admin.people.invitations import invite


@pytest.fixture
def number_id(small_compound: Compound, called: CallingGate, phone: FlaskClient) -> str:
    """Return a proved number of the first person, whose telephone alone rings; their phone is signed in."""
    wants(small_compound, reach=["telephone"], courier="by_day", courier_by=small_compound.person_id)
    return has_telephone(small_compound, small_compound.person_id, "+8613900000001")


def numbers_called(gate: CallingGate) -> list[str]:
    return [leg.number for leg in gate.legs("one", gate.says("one", has_telephone=True))]


def invited_again(compound: Compound) -> None:
    with compound.act("desk") as act:
        invite(act, compound.person_id)


@pytest.mark.wide
@pytest.mark.both_databases
def test_who_is_invited_again_has_every_telephone_to_prove_again(
    small_compound: Compound, called: CallingGate, number_id: str
) -> None:
    invited_again(small_compound)
    home_id = home_of(small_compound, small_compound.person_id)
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).phone_unproven = None
        assert session.get_one(CallNumber, number_id).proved_at is None
        wishes = session.get_one(HomeCallWishes, home_id)
        assert (wishes.courier, wishes.courier_by) == ("ask", None)
    assert numbers_called(called) == []


@pytest.mark.wide
def test_a_proof_that_a_thief_began_proves_nothing_after_that(
    small_compound: Compound, called: CallingGate, number_id: str
) -> None:
    theirs = has_telephone(small_compound, small_compound.person_id, "+8613900000002", proved_at=None)
    with on_phone(small_compound, small_compound.person_id) as act:
        digits = begin_proof(act, theirs)
    (task,) = called.asks_for_tasks()[0].tasks
    invited_again(small_compound)
    called.asks_for_tasks(TaskDone(task_id=task.task_id, result="answered", keys=digits))
    with small_compound.session() as session:
        assert session.get_one(CallNumber, theirs).proved_at is None


def test_no_telephone_is_called_of_who_has_yet_to_show_who_they_are(
    small_compound: Compound, called: CallingGate, number_id: str
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).phone_unproven = INVITED_AGAIN
    assert numbers_called(called) == []


def test_a_phone_that_is_not_verified_removes_a_number(
    small_compound: Compound, called: CallingGate, number_id: str
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).phone_unproven = INVITED_AGAIN
    with on_phone(small_compound, small_compound.person_id) as act:
        remove_number(act, small_compound.person_id, number_id)
    with small_compound.session() as session:
        assert session.get(CallNumber, number_id) is None


def test_who_signs_every_phone_out_proves_their_telephones_again(
    small_compound: Compound, called: CallingGate, number_id: str, phone: FlaskClient
) -> None:
    assert numbers_called(called) == ["+8613900000001"]
    press(phone, "/r/sign-out-everywhere", seen_on="/r/help", sure="1")
    with small_compound.session() as session:
        assert session.get_one(CallNumber, number_id).proved_at is None


@pytest.mark.both_databases
def test_who_did_not_make_a_new_way_to_sign_in_proves_their_telephones_again(
    small_compound: Compound, called: CallingGate, number_id: str, phone: FlaskClient
) -> None:
    theirs = has_telephone(small_compound, small_compound.person_id, "+8613900000002")
    sets_password(phone)
    assert "prove your telephones again" in phone.get("/r/").text
    press(phone, "/r/sign-in/revoke")
    home_id = home_of(small_compound, small_compound.person_id)
    with small_compound.session() as session:
        assert session.get_one(CallNumber, theirs).proved_at is None
        wishes = session.get_one(HomeCallWishes, home_id)
        assert (wishes.courier, wishes.courier_by) == ("ask", None)
    assert numbers_called(called) == []
