"""Invitations, and what a person agrees to with one."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.acting import (
    add_lane,
    at_desk,
    by_phone,
    household,
    offer_face,
)
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import issue_card
from web_admin.credentials.models import ChildAgreement
from web_admin.credentials.pins import issue_pin
from web_admin.face.actions import face_state, give_face_consent
from web_admin.people.invitations import accept_invitation, confirm_identity, invite


def test_an_invitation_works_once_in_time_and_however_it_is_typed(act: Action) -> None:
    _, person = household(act)
    first, second = invite(act, person.person_id), invite(act, person.person_id)
    with pytest.raises(ActionRefused):
        accept_invitation(act.session, act.sealer, first, act.now)
    assert accept_invitation(act.session, act.sealer, second.lower().replace("-", " "), act.now) is person
    with pytest.raises(ActionRefused):
        accept_invitation(act.session, act.sealer, second, act.now)
    late = invite(act, person.person_id, valid_hours=1)
    with pytest.raises(ActionRefused):
        accept_invitation(act.session, act.sealer, late, act.now + timedelta(hours=1))


@pytest.mark.wide
@pytest.mark.publishing
def test_a_second_invitation_ends_phone_keys_and_pauses_face_until_a_card_was_shown(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    choose_methods(act, person.person_id, ["card", "qr"])
    phone = by_phone(act, person.person_id)
    give_face_consent(phone, person.person_id, 1, "zh")
    accept_invitation(act.session, act.sealer, invite(act, person.person_id), act.now)
    assert face_state(act.session, person.person_id).state == "paused"  # there is a card to show first
    confirm_identity(at_desk(act), person.person_id)
    assert face_state(act.session, person.person_id).state == "on"
    invite(replace(act, because="lost"), person.person_id)
    assert face_state(act.session, person.person_id).state == "paused"
    assert [row.state for row in person.credentials if row.kind == "qr"] == ["ended"]
    for forbidden in (issue_pin, confirm_identity):
        with pytest.raises(ActionRefused):
            forbidden(phone, person.person_id)
    confirm_identity(at_desk(act), person.person_id)
    assert face_state(act.session, person.person_id).state == "on"
    assert issue_pin(phone, person.person_id)


AGREED = (
    "I am a guardian of this child and agree that the gates keep a card and a PIN for it, to open and for"
    " nothing else. I can take this back at any time."
)


@pytest.mark.wide
def test_what_a_guardian_agreed_to_is_shown_with_its_exact_text_and_digest(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    assert AGREED in phone.get("/r/home").text
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    records = phone.get("/r/records").text
    assert "Card and PIN of Bao" in records
    digest = hashlib.sha256(AGREED.encode()).hexdigest()
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (agreed,) = exported["agreed_for_children"]
    assert (agreed["text"], agreed["text_sha256"], agreed["channel"]) == (AGREED, digest, "phone")
    for page in (records, phone.get("/r/records/export.html").text):
        assert AGREED in page
        assert digest in page
        assert "You have given no consent." not in page
    assert AGREED not in neighbour.get("/r/records").text


@pytest.mark.wide
def test_the_text_is_kept_in_the_language_it_was_read_in(small_compound: Compound) -> None:
    phone = small_compound.signed_in(small_compound.person_id, language="zh")
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    with small_compound.session() as session:
        agreement = session.scalars(select(ChildAgreement)).one()
        assert agreement.language == "zh"
        assert (agreement.text or "").startswith("我是")


def test_an_agreement_from_before_texts_were_kept_says_so(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    with small_compound.session() as session:
        session.scalars(select(ChildAgreement)).one().text = None
    said = "The exact text was not kept when you agreed."
    assert said in phone.get("/r/records").text
    assert said in phone.get("/r/records/export.html").text
