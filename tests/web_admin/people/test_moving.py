"""Moving out ends everything in one transaction."""

import pytest
from sqlalchemy import select

from tests.support.acting import (
    add_lane,
    by_phone,
    gate_view,
    household,
    offer_face,
    show_card,
)
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.custody.models import FaceShare
from web_admin.face.actions import give_face_consent
from web_admin.people.actions import (
    move_out,
)


@pytest.mark.publishing
def test_moving_out_ends_everything_in_one_transaction(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    issue_pin(act, person.person_id)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    move_out(act, person.person_id)
    assert {credential.state for credential in person.credentials} == {"ended"}
    assert act.session.scalars(select(FaceShare)).all() == []
    assert not gate_view(act).face_roster
    assert not show_card(act, 77).opens
    with pytest.raises(ActionRefused, match="moved out"):
        issue_card(act, person.person_id, 78)
