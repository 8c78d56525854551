"""Taking a face back ends consent and share in one transaction, whichever consent the gate knew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.acting import (
    add_lane,
    by_phone,
    gate_view,
    household,
    offer_face,
)
from tests.web_admin.face.answering import answer, consents, refusals, take
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import FaceShare
from web_admin.face.actions import face_state, give_face_consent, withdraw_face

pytestmark = pytest.mark.publishing


@pytest.fixture
def person(act: Action) -> Person:
    """Return a resident with a card at a gate that offers face."""
    add_lane(act)
    offer_face(act)
    _, made = household(act)
    issue_card(act, made.person_id, 77)
    return made


def test_taking_back_ends_consent_and_share_in_the_same_transaction(act: Action, person: Person) -> None:
    take(act, answer(act, person.person_id, "yes"))
    (consent,) = consents(act)
    take(act, answer(act, person.person_id, "withdraw", consent_id=consent.consent_id))
    assert (consent.withdrawn_at, consent.withdrawn_channel) == (act.now, "gate")
    assert act.session.get(FaceShare, (person.person_id, "north")) is None
    assert gate_view(act).face_roster == {}
    assert face_state(act.session, person.person_id).state == "off"


@pytest.mark.wide
def test_taking_back_an_older_consent_leaves_the_one_given_since(act: Action, person: Person) -> None:
    take(act, answer(act, person.person_id, "yes"))
    (older,) = consents(act)
    withdraw_face(by_phone(act, person.person_id), person.person_id)
    later = replace(act, now=act.now + timedelta(minutes=1))
    newer = give_face_consent(by_phone(later, person.person_id), person.person_id, 1, "zh")
    take(later, answer(act, person.person_id, "withdraw", consent_id=older.consent_id))
    assert newer.withdrawn_at is None
    assert refusals(act) == ["newer_consent"]


@pytest.mark.wide
def test_taking_back_after_a_newer_yes_ends_it_though_the_gate_knew_the_older(
    act: Action, person: Person
) -> None:
    take(act, answer(act, person.person_id, "yes"))
    (older,) = consents(act)
    withdraw_face(by_phone(act, person.person_id), person.person_id)
    newer = give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    later = replace(act, now=act.now + timedelta(minutes=1))
    take(later, answer(later, person.person_id, "withdraw", consent_id=older.consent_id))
    assert newer.withdrawn_at == later.now
    assert refusals(act) == []
