"""Invitations: once, in time, however typed; a second one ends what the first opened."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.acting import (
    add_lane,
    at_desk,
    by_phone,
    household,
    offer_face,
)
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import issue_card
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
