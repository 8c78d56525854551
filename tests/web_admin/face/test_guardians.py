"""Minors and their guardians: who counts, what both agree to, and when it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import (
    NOTICE,
    add_lane,
    at_desk,
    audit_kinds,
    by_phone,
    gate_view,
    household,
    offer_face,
    show_card,
)
from web_admin.action.base import Action, publish
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent, FaceShare
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import face_state, give_face_consent, record_refusal, withdraw_face
from web_admin.face.guardian_requests import answer_guardian, ask_guardians, withdraw_for_ward
from web_admin.face.guardians import guardians_of, name_guardian, remove_guardian
from web_admin.face.models import GuardianConsent
from web_admin.face.notices import publish_notice
from web_admin.people.actions import add_person, move_out
from web_admin.people.invitations import invite


@pytest.fixture
def family(act: Action) -> tuple[Action, Person, Person]:
    """Return the action, a mother and her son of 15, each with a card, at a gate that offers face."""
    add_lane(act)
    offer_face(act)
    home, mother = household(act, name="Mother")
    son = add_person(act, display_name="Son", home_id=home.home_id, age_band="14_17")
    for number, person in enumerate((mother, son), start=70):
        issue_card(act, person.person_id, number)
    return act, mother, son


def agree(act: Action, mother: Person, son: Person) -> Consent:
    (request,) = ask_guardians(by_phone(act, son.person_id), son.person_id, [mother.person_id], 1, "zh")
    consent = answer_guardian(by_phone(act, mother.person_id), request.request_id, agrees=True, language="en")
    assert consent is not None
    return consent


def test_a_minor_alone_cannot_consent_by_phone_or_at_a_gate(family: tuple[Action, Person, Person]) -> None:
    act, _mother, son = family
    for channel in ("phone", "gate"):
        with pytest.raises(ActionRefused, match="guardian"):
            give_face_consent(by_phone(act, son.person_id, channel), son.person_id, 1, "zh")  # type: ignore[arg-type]
    assert act.session.scalars(select(Consent)).all() == []


@pytest.mark.wide
@pytest.mark.publishing
def test_minor_and_guardian_together_make_one_consent_and_both_are_recorded(
    family: tuple[Action, Person, Person],
) -> None:
    act, mother, son = family
    consent = agree(act, mother, son)
    half = act.session.scalars(select(GuardianConsent)).one()
    assert (consent.person_id, half.guardian_id) == (son.person_id, mother.person_id)
    assert consent.notice_sha256 != half.notice_sha256  # each read it in their own language
    assert gate_view(act).face_roster[son.person_id].guardian_ids == (mother.person_id,)
    assert audit_kinds(act).count("face_consent_given") == 1


@pytest.mark.wide
@pytest.mark.publishing
def test_a_guardians_no_switches_nothing_on(family: tuple[Action, Person, Person]) -> None:
    act, mother, son = family
    (request,) = ask_guardians(by_phone(act, son.person_id), son.person_id, [mother.person_id], 1, "zh")
    answer = answer_guardian(by_phone(act, mother.person_id), request.request_id, agrees=False, language="zh")
    assert answer is None
    assert face_state(act.session, son.person_id).state == "off"
    with pytest.raises(ActionRefused, match="not open"):
        answer_guardian(by_phone(act, mother.person_id), request.request_id, agrees=True, language="zh")


@pytest.mark.wide
@pytest.mark.parametrize("who", ["stranger", "minor"])
def test_only_the_asked_adult_of_the_home_can_agree(family: tuple[Action, Person, Person], who: str) -> None:
    act, mother, son = family
    _, stranger = household(act, "9-0101", "Stranger")
    with pytest.raises(ActionRefused, match="adult of your home"):
        ask_guardians(by_phone(act, son.person_id), son.person_id, [stranger.person_id], 1, "zh")
    (request,) = ask_guardians(by_phone(act, son.person_id), son.person_id, [mother.person_id], 1, "zh")
    wrong = {"stranger": stranger, "minor": son}[who]
    with pytest.raises(ActionRefused):
        answer_guardian(by_phone(act, wrong.person_id), request.request_id, agrees=True, language="zh")


def test_a_request_ends_after_a_week_and_with_a_new_notice(family: tuple[Action, Person, Person]) -> None:
    act, mother, son = family
    (request,) = ask_guardians(by_phone(act, son.person_id), son.person_id, [mother.person_id], 1, "zh")
    late = replace(by_phone(act, mother.person_id), now=act.now + timedelta(days=8))
    with pytest.raises(ActionRefused, match="not open"):
        answer_guardian(late, request.request_id, agrees=True, language="zh")
    publish_notice(act, FACE_PURPOSE, NOTICE)
    with pytest.raises(ActionRefused, match="not open"):
        answer_guardian(by_phone(act, mother.person_id), request.request_id, agrees=True, language="zh")


def test_a_guardian_with_a_recovered_account_cannot_agree(family: tuple[Action, Person, Person]) -> None:
    act, mother, son = family
    from web_admin.people.invitations import accept_invitation

    accept_invitation(act.session, act.sealer, invite(act, mother.person_id), act.now)
    (request,) = ask_guardians(by_phone(act, son.person_id), son.person_id, [mother.person_id], 1, "zh")
    accept_invitation(act.session, act.sealer, invite(act, mother.person_id), act.now)
    with pytest.raises(ActionRefused, match="show your card"):
        answer_guardian(by_phone(act, mother.person_id), request.request_id, agrees=True, language="zh")


@pytest.mark.wide
@pytest.mark.publishing
def test_where_the_desk_checked_a_guardian_only_they_count(family: tuple[Action, Person, Person]) -> None:
    act, mother, son = family
    lodger = add_person(act, display_name="Lodger", home_id=mother.home_id)
    assert {p.person_id for p in guardians_of(act.session, son)} == {mother.person_id, lodger.person_id}
    name_guardian(at_desk(act), son.person_id, mother.person_id)
    assert [p.person_id for p in guardians_of(act.session, son)] == [mother.person_id]
    assert gate_view(act).face_offers[son.person_id].guardian_ids == (mother.person_id,)
    with pytest.raises(ActionRefused, match="adult of the same home"):
        name_guardian(at_desk(act), son.person_id, household(act, "8-0101")[1].person_id)


def test_at_a_gate_a_guardian_beside_the_minor_is_enough(family: tuple[Action, Person, Person]) -> None:
    act, mother, son = family
    gate = by_phone(act, son.person_id, "gate")
    give_face_consent(gate, son.person_id, 1, "zh", guardian_id=mother.person_id)
    assert act.session.scalars(select(GuardianConsent)).one().channel == "gate"


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("how", ["moves_out", "removed", "takes_back"])
def test_when_the_guardian_goes_the_minors_face_goes(family: tuple[Action, Person, Person], how: str) -> None:
    act, mother, son = family
    agree(act, mother, son)
    {
        "moves_out": lambda: move_out(act, mother.person_id),
        "removed": lambda: remove_guardian(act, son.person_id, mother.person_id),
        "takes_back": lambda: withdraw_for_ward(by_phone(act, mother.person_id), son.person_id),
    }[how]()
    publish(act)
    assert act.session.scalars(select(FaceShare)).all() == []
    assert gate_view(act).face_roster == {}
    assert show_card(act, 71).opens


@pytest.mark.wide
@pytest.mark.publishing
def test_staff_may_record_a_no_or_a_withdrawal_and_a_no_changes_nothing(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    before = gate_view(act)
    record_refusal(at_desk(act), person.person_id, 1, "zh")
    assert gate_view(act) == before
    assert audit_kinds(act)[-1] == "face_refused"
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    assert withdraw_face(at_desk(act), person.person_id) is not None
