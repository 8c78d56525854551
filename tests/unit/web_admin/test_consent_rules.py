"""A site that asks for a signature, or for both guardians of a minor."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.forgetting_certificate import CertificateBroken
from gate_controller.written_release import SignedRelease, check_release, read_release
from tests.unit.web_admin.acting import add_lane, at_desk, by_phone, gate_view, household, offer_face
from web_admin.acts import Act, ActRefused
from web_admin.asked_again import question_of
from web_admin.consent_models import Consent, GuardianConsent, GuardianRequest, WrittenRelease
from web_admin.consent_rules import set_consent_rules
from web_admin.consents import face_state, give_face_consent, withdraw_face
from web_admin.credentials import issue_card
from web_admin.guardian_requests import answer_guardian, ask_guardians, requests_to, withdraw_for_ward
from web_admin.guardians import name_guardian
from web_admin.homes_and_people import add_person, move_out
from web_admin.models import Person, Site


@pytest.fixture
def family(act: Act) -> tuple[Act, Person, Person, Person]:
    """Return the act, two parents and their son of 15, each with a card, at a gate that offers face."""
    add_lane(act)
    offer_face(act)
    home, mother = household(act, name="Mother")
    father = add_person(act, display_name="Father", home_id=home.home_id)
    son = add_person(act, display_name="Son", home_id=home.home_id, age_band="14_17")
    for number, person in enumerate((mother, father, son), start=70):
        issue_card(act, person.person_id, number)
    return act, mother, father, son


def ask(act: Act, son: Person, *guardians: Person) -> list[str]:
    """Return the requests, in the order of the guardians given."""
    ids = [guardian.person_id for guardian in guardians]
    asked = ask_guardians(by_phone(act, son.person_id), son.person_id, ids, 1, "zh")
    by_guardian = {request.guardian_id: request.request_id for request in asked}
    return [by_guardian[guardian_id] for guardian_id in ids]


def answer(
    act: Act, guardian: Person, request_id: str, *, agrees: bool = True, name: str = ""
) -> Consent | None:
    """Answer by the guardian's phone, in English."""
    return answer_guardian(
        by_phone(act, guardian.person_id), request_id, agrees=agrees, language="en", signed_name=name
    )


# -- a signature -----------------------------------------------------------------------------------


def test_a_yes_without_a_name_is_none_where_a_signature_is_asked_for(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, _son = family
    set_consent_rules(act, written_release=True, both_guardians=False)
    for name in ("", "   "):
        with pytest.raises(ActRefused, match="Type your name") as refused:
            give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name=name)
        assert refused.value.field == "signed_name"
    with pytest.raises(ActRefused, match="at most 80"):
        give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="x" * 81)
    with pytest.raises(ActRefused, match="on your own phone"):
        give_face_consent(by_phone(act, mother.person_id, "gate"), mother.person_id, 1, "en")
    assert act.session.scalars(select(Consent)).all() == []
    assert gate_view(act).face_offers[mother.person_id].on_phone


def test_what_was_signed_is_kept_with_the_text_and_shows_any_change(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, _son = family
    set_consent_rules(act, written_release=True, both_guardians=False)
    consent = give_face_consent(
        by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="  Chen  Yu "
    )
    row = act.session.get_one(WrittenRelease, (consent.consent_id, mother.person_id))
    found = read_release(row.release)
    check_release(found, act.session.get_one(Site, act.site_id).root_public_key)
    release = found.release
    assert (release.signed_name, release.signed_for, release.channel) == ("Chen Yu", "self", "phone")
    assert release.signed_at == act.now and release.notice.sha256 == consent.notice_sha256.hex()
    assert "agree in writing" in release.sentence
    others = {
        "signature": msgspec.structs.replace(release, signed_name="Lin"),
        "site.root_key_id": msgspec.structs.replace(
            release, site=msgspec.structs.replace(release.site, root_key_id="0" * 16)
        ),
        "format": msgspec.structs.replace(release, format="other"),
    }
    for field, changed in others.items():
        with pytest.raises(CertificateBroken) as broken:
            check_release(SignedRelease(changed, found.certificate, found.signature))
        assert broken.value.field == field
    with pytest.raises(CertificateBroken, match="not the root key"):
        check_release(found, b"k" * 32)


def test_where_no_signature_is_asked_for_none_is_kept(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, _father, _son = family
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="Chen Yu")
    assert act.session.scalars(select(WrittenRelease)).all() == []


def test_a_no_and_a_withdrawal_need_no_signature(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, _father, _son = family
    set_consent_rules(act, written_release=True, both_guardians=False)
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="Chen Yu")
    withdraw_face(by_phone(act, mother.person_id, "gate"), mother.person_id)
    assert face_state(act.session, mother.person_id).state == "off"


def test_whoever_agreed_with_less_is_asked_again_and_keeps_the_other_ways(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, father, _son = family
    for person in (mother, father):
        give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    assert set_consent_rules(act, written_release=True, both_guardians=False) == 2
    question = question_of(act.session, mother.person_id)
    assert question is not None and question.why == "rules_changed"
    assert gate_view(act).face_roster == {}
    signed = give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="Chen")
    assert set_consent_rules(act, written_release=True, both_guardians=True) == 0
    assert set_consent_rules(act, written_release=False, both_guardians=False) == 0
    assert set(gate_view(act).face_roster) == {mother.person_id} and signed.withdrawn_at is None


@pytest.mark.parametrize("channel", ["phone", "gate", "desk"])
def test_only_the_office_says_what_is_asked_for(
    family: tuple[Act, Person, Person, Person], channel: str
) -> None:
    act = family[0]
    other = replace(act, channel=channel)  # type: ignore[arg-type]  # words of a Literal
    with pytest.raises(ActRefused, match="property manager"):
        set_consent_rules(other, written_release=True, both_guardians=True)


# -- both guardians --------------------------------------------------------------------------------


def test_one_of_two_guardians_is_not_enough_and_both_together_are(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    with pytest.raises(ActRefused, match="Choose two"):
        ask(act, son, mother)
    to_mother, to_father = ask(act, son, mother, father)
    assert answer(act, mother, to_mother) is None
    assert face_state(act.session, son.person_id).state == "off"
    assert gate_view(act).face_roster == {}
    with pytest.raises(ActRefused, match="not open"):
        answer(act, mother, to_mother)
    later = replace(act, now=act.now + timedelta(hours=5))
    consent = answer(later, father, to_father)
    assert consent is not None
    parts = act.session.scalars(select(GuardianConsent).order_by(GuardianConsent.given_at)).all()
    assert [(part.guardian_id, part.given_at) for part in parts] == [
        (mother.person_id, act.now), (father.person_id, later.now),
    ]
    assert set(gate_view(later).face_roster[son.person_id].guardian_ids) == {
        mother.person_id, father.person_id
    }


def test_a_guardian_takes_a_yes_back_while_the_other_is_waited_for(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother)
    assert [one.answer for one in requests_to(act.session, mother.person_id, act.now)] == ["half"]
    answer(act, mother, to_mother, agrees=False)
    with pytest.raises(ActRefused, match="not open"):
        answer(act, father, to_father)
    assert face_state(act.session, son.person_id).state == "off"


@pytest.mark.parametrize("what", ["says_no", "moves_out", "week_over"])
def test_one_yes_alone_never_turns_face_on(family: tuple[Act, Person, Person, Person], what: str) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother)
    if what == "says_no":
        answer(act, father, to_father, agrees=False)
    elif what == "moves_out":
        move_out(act, mother.person_id)
        with pytest.raises(ActRefused):
            answer(act, father, to_father)
    else:
        with pytest.raises(ActRefused, match="not open"):
            answer(replace(act, now=act.now + timedelta(days=8)), father, to_father)
    assert face_state(act.session, son.person_id).state == "off"


def test_each_guardian_can_end_what_both_agreed_to(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    for guardian, request_id in zip((mother, father), ask(act, son, mother, father), strict=True):
        answer(act, guardian, request_id)
    assert face_state(act.session, son.person_id).state == "on"
    withdraw_for_ward(by_phone(act, mother.person_id), son.person_id)
    assert face_state(act.session, son.person_id).state == "off"


def test_at_a_gate_one_guardian_beside_the_minor_is_not_enough(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    assert gate_view(act).face_offers[son.person_id].on_phone
    assert not gate_view(act).face_offers[mother.person_id].on_phone
    with pytest.raises(ActRefused, match="Both guardians"):
        give_face_consent(
            by_phone(act, son.person_id, "gate"), son.person_id, 1, "zh", guardian_id=mother.person_id
        )


def test_the_only_guardian_noted_at_the_desk_is_enough_until_another_is_noted(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    name_guardian(at_desk(act), son.person_id, mother.person_id, is_only=True)
    (to_mother,) = ask(act, son, mother)
    assert answer(act, mother, to_mother) is not None
    with pytest.raises(ActRefused, match="Another guardian"):
        name_guardian(at_desk(act), son.person_id, father.person_id, is_only=True)
    assert face_state(act.session, son.person_id).state == "on"
    name_guardian(at_desk(act), son.person_id, father.person_id)
    state = face_state(act.session, son.person_id)
    assert (state.state, state.paused_reason) == ("paused", "rules_changed")


def test_asking_for_both_later_asks_minors_again_and_no_adult(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en")
    assert set_consent_rules(act, written_release=False, both_guardians=True) == 1
    assert set(gate_view(act).face_roster) == {mother.person_id}


def test_both_guardians_sign_and_an_unused_signature_does_not_stay(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=True, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    with pytest.raises(ActRefused, match="Type your name"):
        answer(act, mother, to_mother)
    answer(act, mother, to_mother, name="Mother Ma")
    answer(act, father, to_father, agrees=False)
    assert [row.signed_name for row in act.session.scalars(select(GuardianRequest))] == [None, None]
    later = replace(act, now=act.now + timedelta(minutes=1))
    to_mother, to_father = ask(later, son, mother, father)
    answer(later, mother, to_mother, name="Mother Ma")
    answer(later, father, to_father, name="Father Fu")
    releases = [read_release(row.release).release for row in act.session.scalars(select(WrittenRelease))]
    assert {(one.signed_name, one.signed_for, one.person_id) for one in releases} == {
        ("Mother Ma", "ward", son.person_id), ("Father Fu", "ward", son.person_id),
    }
    assert {row.signed_name for row in act.session.scalars(select(GuardianRequest))} == {None}
