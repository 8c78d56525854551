"""Notices and consent: who may give it, on what text, and how it ends."""

import pytest

from gate_controller.contract.written_release import notice_digest
from tests.support.acting import add_lane, at_desk, by_phone, household, offer_face
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import issue_card
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import enable_face, face_state, give_face_consent, withdraw_face
from web_admin.face.queries import newest_notice
from web_admin.people.actions import add_person


def test_face_is_not_enabled_before_its_notice_is_published(act: Action) -> None:
    with pytest.raises(ActionRefused):
        enable_face(act)


def test_consent_keeps_the_digest_of_the_text_that_was_shown(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    consent = give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    notice = newest_notice(act.session, FACE_PURPOSE, "zh")
    assert notice is not None
    assert consent.notice_sha256 == notice_digest(FACE_PURPOSE, 1, "zh", notice.fields)
    again = give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    assert again.consent_id == consent.consent_id


@pytest.mark.wide
@pytest.mark.parametrize("channel", ["manager", "desk", "system"])
def test_no_person_consents_for_another(act: Action, channel: str) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused, match="Only the person"):
        give_face_consent(by_phone(act, person.person_id, channel), person.person_id, 1, "zh")  # type: ignore[arg-type]


def test_consent_is_refused_without_another_way_to_an_old_notice_and_to_children(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    phone = by_phone(act, person.person_id)
    with pytest.raises(ActionRefused, match="first"):
        give_face_consent(phone, person.person_id, 1, "zh")
    issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused, match="changed"):
        give_face_consent(phone, person.person_id, 0, "zh")
    child = add_person(act, display_name="Bao", age_band="14_17")
    issue_card(act, child.person_id, 78)
    child.age_band = "under_14"
    with pytest.raises(ActionRefused, match="under 14"):
        give_face_consent(by_phone(act, child.person_id), child.person_id, 1, "zh")


@pytest.mark.wide
@pytest.mark.publishing
def test_withdrawing_works_at_the_desk_and_twice_and_by_leaving_face_out(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    phone = by_phone(act, person.person_id)
    give_face_consent(phone, person.person_id, 1, "zh")
    withdrawn = withdraw_face(at_desk(act), person.person_id)
    assert withdrawn is not None
    assert withdrawn.withdrawn_channel == "desk"
    assert withdraw_face(phone, person.person_id) is None
    second = give_face_consent(phone, person.person_id, 1, "zh")
    choose_methods(phone, person.person_id, ["card"])
    assert second.withdrawn_at == act.now
    assert face_state(act.session, person.person_id).state == "off"
