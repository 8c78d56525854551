"""What a backup brings back of faces ends at once: consents, half a yes, and a yes the gate sends again."""

from datetime import timedelta

import pytest

from tests.support.acting import add_lane, by_phone, gate_view, household, offer_face
from tests.support.compounds.parents_and_son import answer, ask
from tests.web_admin.face.answering import answer as answer_at_gate
from tests.web_admin.face.answering import consents, refusals, take
from tests.web_admin.face.families import family
from web_admin.action.base import Action
from web_admin.compound.models import Lane, Person
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.custody.certificates import certificate_statement
from web_admin.custody.models import FaceShare
from web_admin.face.actions import face_state, give_face_consent
from web_admin.face.consent_rules import set_consent_rules
from web_admin.face.renewals import renewal_of
from web_admin.face.restored import end_restored_faces

pytestmark = pytest.mark.publishing

__all__ = ["family"]


@pytest.fixture
def person(act: Action) -> Person:
    """Return a resident whose face was published to a gate when the backup was made."""
    add_lane(act)
    offer_face(act)
    _, made = household(act)
    issue_card(act, made.person_id, 77)
    give_face_consent(by_phone(act, made.person_id), made.person_id, 1, "en")
    act.session.delete(act.session.get_one(FaceShare, (made.person_id, "north")))  # as in a backup
    act.session.flush()
    return made


@pytest.mark.wide
def test_a_consent_ends_and_its_owner_is_asked_and_offered_face_again(act: Action, person: Person) -> None:
    assert end_restored_faces(act) == 1
    (consent,) = consents(act)
    assert (consent.withdrawn_at, consent.withdrawn_why) == (act.now, "restored")
    question = renewal_of(act.session, person.person_id)
    assert question is not None and question.why == "restored"
    again = give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    assert again.consent_id != consent.consent_id
    assert face_state(act.session, person.person_id).state == "on"
    assert gate_view(act).face_roster[person.person_id].consent_id == again.consent_id


def test_a_gate_that_got_the_roster_owes_a_receipt_though_its_lane_offers_face_no_more(
    act: Action, person: Person
) -> None:
    act.session.get_one(Lane, "north-in").methods = ["card", "pin"]
    end_restored_faces(act)
    statement = certificate_statement(act.session, consents(act)[0].consent_id, act.now)
    assert [(gate.gate_id, gate.why) for gate in statement.gates] == [("north", "restored")]
    assert statement.state == "in_progress"


@pytest.mark.wide
def test_a_record_that_this_version_cannot_read_does_not_break_the_restore_off(
    act: Action, person: Person
) -> None:
    published = act.session.get_one(PolicyRecordRow, ("north", f"face:{person.person_id}"))
    published.value = b'{"of": "another version"}'
    assert end_restored_faces(act) == 1
    assert consents(act)[0].withdrawn_why == "restored"


@pytest.mark.wide
def test_a_yes_from_before_the_restore_that_a_gate_sends_again_counts_for_nothing(
    act: Action, person: Person
) -> None:
    _, other = household(act, "3-1204", "Bo")
    issue_card(act, other.person_id, 78)
    end_restored_faces(act)
    minute_ago = act.now - timedelta(minutes=1)
    for resident in (person, other):
        take(act, answer_at_gate(act, resident.person_id, "yes", at=minute_ago))
    assert refusals(act) == ["overtaken", "overtaken"]
    take(act, answer_at_gate(act, other.person_id, "yes", at=act.now))
    assert face_state(act.session, other.person_id).state == "on"


@pytest.mark.wide
def test_half_a_yes_of_a_guardian_does_not_come_back(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    of_mother, of_father = ask(act, son, mother, father)
    assert answer(act, mother, of_mother) is None
    end_restored_faces(act)
    with pytest.raises(ActionRefused):
        answer(act, father, of_father)
    assert consents(act) == []
