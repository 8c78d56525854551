"""A suspension of a card has the reason of who suspends, and ends when the card is resumed, with no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.acting import by_phone, household
from tests.web_admin.policy.published import give_face
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.compound.suspension_models import Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card

HOUR = timedelta(hours=1)


@pytest.fixture
def lin(act: Action) -> Person:
    return household(act, "3-1203", "Lin")[1]


def field_of_refusal(act_on: Callable[[], object]) -> str | None:
    with pytest.raises(ActionRefused, match=r"[a-z] [a-z]") as refused:
        act_on()
    return refused.value.field


@pytest.mark.parametrize(("channel", "reason"), [("phone", "asked"), ("home", "home"), ("manager", "lost")])
def test_the_one_button_of_each_party_gives_its_own_reason(act: Action, lin, channel, reason) -> None:
    card, _other = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    suspend_credential(by_phone(act, lin.person_id, channel), card.credential_id)
    assert [row.reason for row in act.session.query(Suspension)] == [reason]


def test_another_system_that_suspends_names_its_reason(act: Action, lin) -> None:
    system = by_phone(act, "key:1", "api")
    card, _other = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    assert field_of_refusal(lambda: suspend_credential(system, card.credential_id)) == "reason"
    assert card.state == "active"


def test_a_resumed_card_ends_its_own_suspension_at_that_moment_and_no_other(act: Action, lin) -> None:
    card, other = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    for one in (card, other):
        suspend_credential(act, one.credential_id)
    later = replace(act, now=act.now + HOUR)
    resume_credential(later, card.credential_id)
    ended = {row.credential_id: row.ended_at for row in act.session.query(Suspension)}
    assert ended == {card.credential_id: later.now, other.credential_id: None}


def test_who_may_not_end_the_offices_suspension_is_refused_beside_the_card(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    suspend_credential(act, card.credential_id)
    own = by_phone(act, lin.person_id)
    assert field_of_refusal(lambda: resume_credential(own, card.credential_id)) == "credential"


def test_a_face_that_was_paused_with_the_last_card_goes_on_when_that_is_resumed(act: Action, lin) -> None:
    give_face(act.session, act.sealer, act.site_id, lin, act.now)
    card = issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    suspend_credential(act, card.credential_id)
    assert lin.face_paused_reason == "no_other_way"
    resume_credential(act, card.credential_id)
    assert lin.face_paused_reason is None
