"""A renewal of a consent is requested once, when its notice changes."""

import pytest

from tests.support.acting import (
    NOTICE,
    add_lane,
    by_phone,
    household,
    offer_face,
    show_card,
)
from web_admin.action.base import Action
from web_admin.credentials.cards import issue_card
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import face_state, give_face_consent, record_refusal
from web_admin.face.notices import publish_notice
from web_admin.face.renewals import renewal_of


@pytest.mark.publishing
def test_a_changed_notice_pauses_face_and_asks_once(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    phone = by_phone(act, person.person_id)
    give_face_consent(phone, person.person_id, 1, "zh")
    publish_notice(act, FACE_PURPOSE, NOTICE)
    state = face_state(act.session, person.person_id)
    assert (state.state, state.paused_reason) == ("paused", "notice_changed")
    assert show_card(act, 77).opens
    record_refusal(phone, person.person_id, 2, "zh")
    assert face_state(act.session, person.person_id).state == "off"
    publish_notice(act, FACE_PURPOSE, NOTICE)
    assert renewal_of(act.session, person.person_id) is None
