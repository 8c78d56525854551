"""An end by mistake is taken back by the office alone, as long as nothing has come of it since."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.acting import by_phone, household
from tests.web_admin.credentials.published_people import asked_by
from tests.web_admin.policy.published import give_face
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.suspension_models import Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import end_credential, suspend_credential, take_end_back
from web_admin.credentials.cards import issue_card
from web_admin.credentials.child_agreements import write_agreement
from web_admin.credentials.pins import issue_pin
from web_admin.journal.models import AuditEntry

HOUR = timedelta(hours=1)


@pytest.fixture
def lin(act: Action) -> Person:
    return household(act, "3-1203", "Lin")[1]


def as_it_is(card: CredentialRow) -> tuple[object, ...]:
    return card.state, card.suspended_by, card.ended_at, card.ended_reason


def test_a_card_that_was_ended_by_mistake_is_as_it_was_and_the_ledger_says_so(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    end_credential(act, card.credential_id, "lost")
    later = replace(act, now=act.now + HOUR)
    asked = asked_by(later, lambda on: take_end_back(on, card.credential_id, "active", ""))
    assert as_it_is(card) == ("active", "", None, None)
    assert (asked.published, asked.kinds) == ([({lin.person_id}, False)], ["credential_end_taken_back"])
    (entry,) = act.session.query(AuditEntry).filter_by(kind="credential_end_taken_back")
    assert (entry.person_id, entry.facts["credential_id"]) == (lin.person_id, card.credential_id)


def test_a_card_that_was_suspended_before_its_end_is_suspended_again_for_its_reason(act: Action, lin) -> None:
    card, other = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    for one in (card, other):
        suspend_credential(act, one.credential_id)
        end_credential(act, one.credential_id, "lost")
    take_end_back(act, card.credential_id, "suspended", "office")
    assert as_it_is(card) == ("suspended", "office", None, None)
    in_force = {row.credential_id for row in act.session.query(Suspension) if row.ended_at is None}
    assert in_force == {card.credential_id}


def test_a_face_that_was_paused_with_the_last_other_way_goes_on_with_it(act: Action, lin) -> None:
    give_face(act.session, act.sealer, act.site_id, lin, act.now)
    card = issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    end_credential(act, card.credential_id, "lost")
    assert lin.face_paused_reason == "no_other_way"
    take_end_back(act, card.credential_id, "active", "")
    assert lin.face_paused_reason is None


def test_a_card_that_expired_after_its_end_lets_no_face_go_on(act: Action, lin) -> None:
    give_face(act.session, act.sealer, act.site_id, lin, act.now)
    card = issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    end_credential(act, card.credential_id, "lost")
    take_end_back(replace(act, now=act.now + HOUR), card.credential_id, "active", "")
    assert lin.face_paused_reason == "no_other_way"


@pytest.mark.parametrize("channel", ["phone", "desk", "api", "home"])
def test_the_office_alone_takes_an_end_back(act: Action, lin, channel) -> None:
    card = issue_card(act, lin.person_id, 7)
    end_credential(act, card.credential_id, "lost")
    with pytest.raises(ActionRefused, match="Only the property manager takes an end back"):
        take_end_back(by_phone(act, lin.person_id, channel), card.credential_id, "active", "")
    assert as_it_is(card) == ("ended", "", act.now, "lost")


def test_what_has_not_ended_is_left_as_it_is_and_nothing_is_written_down(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    suspend_credential(act, card.credential_id)
    take_end_back(act, card.credential_id, "active", "")
    assert card.state == "suspended"
    assert act.session.query(AuditEntry).filter_by(kind="credential_end_taken_back").count() == 0


def test_nothing_is_undone_for_who_has_moved_out_since(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    end_credential(act, card.credential_id, "lost")
    lin.ended_at = act.now
    with pytest.raises(ActionRefused, match="This person has moved out"):
        take_end_back(act, card.credential_id, "active", "")
    assert card.state == "ended"


def test_nothing_is_undone_where_the_card_is_another_persons_by_now(act: Action, lin) -> None:
    _, wu = household(act, "3-1204", "Wu")
    card = issue_card(act, lin.person_id, 7)
    end_credential(act, card.credential_id, "lost")
    issue_card(act, wu.person_id, 7)
    with pytest.raises(ActionRefused, match="given out again since") as refusal:
        take_end_back(act, card.credential_id, "active", "")
    assert (refusal.value.field, card.state) == (None, "ended")


@pytest.mark.wide
@pytest.mark.parametrize(
    "give", [lambda act, child: issue_card(act, child, 7), issue_pin], ids=["card", "pin"]
)
def test_a_childs_card_or_pin_comes_back_with_a_guardians_agreement_alone(act: Action, lin, give) -> None:
    _, child = household(act, "3-1205", "Min")
    child.age_band = "under_14"
    agreement = write_agreement(act, lin, child, "en", "agreed")
    give(act, child.person_id)
    act.session.flush()
    (own,) = child.credentials
    end_credential(act, own.credential_id, "lost")
    agreement.withdrawn_at = act.now
    with pytest.raises(ActionRefused, match="A guardian agrees first"):
        take_end_back(act, own.credential_id, "active", "")
    assert own.state == "ended"
    agreement.withdrawn_at = None
    take_end_back(act, own.credential_id, "active", "")
    assert own.state == "active"
