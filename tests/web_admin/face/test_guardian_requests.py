"""A site that asks both guardians of a minor, and what may change between their answers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.written_release import check_release, read_release
from tests.support.acting import NOTICE, at_desk, by_phone, gate_view
from tests.support.compounds.parents_and_son import answer, ask, make_family
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import face_state, give_face_consent, record_refusal, withdraw_face
from web_admin.face.consent_rules import renewals_by_rules, set_consent_rules
from web_admin.face.guardian_requests import answer_guardian, requests_to, withdraw_for_ward
from web_admin.face.guardians import guardians_of, name_guardian, remove_guardian
from web_admin.face.models import GuardianConsent, GuardianRequest, WrittenRelease
from web_admin.face.notices import publish_notice
from web_admin.face.queries import newest_notice
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person, move_out
from web_admin.people.invitations import accept_invitation, invite


@pytest.fixture
def family(act: Action) -> tuple[Action, Person, Person, Person]:
    return make_family(act)


@pytest.mark.wide
@pytest.mark.publishing
def test_one_of_two_guardians_is_not_enough_and_both_together_are(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    with pytest.raises(ActionRefused, match="Choose two"):
        ask(act, son, mother)
    to_mother, to_father = ask(act, son, mother, father)
    assert answer(act, mother, to_mother) is None
    assert face_state(act.session, son.person_id).state == "off"
    assert gate_view(act).face_roster == {}
    with pytest.raises(ActionRefused, match="agreed already"):
        answer(act, mother, to_mother)
    later = replace(act, now=act.now + timedelta(hours=5))
    consent = answer(later, father, to_father)
    assert consent is not None
    parts = act.session.scalars(select(GuardianConsent).order_by(GuardianConsent.given_at)).all()
    assert [(part.guardian_id, part.given_at) for part in parts] == [
        (mother.person_id, act.now),
        (father.person_id, later.now),
    ]
    assert set(gate_view(later).face_roster[son.person_id].guardian_ids) == {
        mother.person_id,
        father.person_id,
    }


@pytest.mark.publishing
def test_a_guardian_takes_a_yes_back_while_the_other_is_waited_for(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother)
    assert [one.answer for one in requests_to(act.session, mother, act.now)] == ["half"]
    answer(act, mother, to_mother, agrees=False)
    with pytest.raises(ActionRefused, match="not open"):
        answer(act, father, to_father)
    assert face_state(act.session, son.person_id).state == "off"


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("what", ["says_no", "moves_out", "week_over"])
def test_one_yes_alone_never_turns_face_on(family: tuple[Action, Person, Person, Person], what: str) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother)
    if what == "says_no":
        answer(act, father, to_father, agrees=False)
    elif what == "moves_out":
        move_out(act, mother.person_id)
        with pytest.raises(ActionRefused):
            answer(act, father, to_father)
    else:
        with pytest.raises(ActionRefused, match="not open"):
            answer(replace(act, now=act.now + timedelta(days=8)), father, to_father)
    assert face_state(act.session, son.person_id).state == "off"


@pytest.mark.wide
@pytest.mark.publishing
def test_each_guardian_can_end_what_both_agreed_to(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    for guardian, request_id in zip((mother, father), ask(act, son, mother, father), strict=True):
        answer(act, guardian, request_id)
    assert face_state(act.session, son.person_id).state == "on"
    withdraw_for_ward(by_phone(act, mother.person_id), son.person_id)
    assert face_state(act.session, son.person_id).state == "off"


@pytest.mark.publishing
def test_at_a_gate_one_guardian_beside_the_minor_is_not_enough(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    assert gate_view(act).face_offers[son.person_id].on_phone
    assert not gate_view(act).face_offers[mother.person_id].on_phone
    with pytest.raises(ActionRefused, match="Both guardians"):
        give_face_consent(
            by_phone(act, son.person_id, "gate"), son.person_id, 1, "zh", guardian_id=mother.person_id
        )


@pytest.mark.wide
@pytest.mark.publishing
def test_the_only_guardian_noted_at_the_desk_is_enough_until_another_is_noted(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    name_guardian(at_desk(act), son.person_id, mother.person_id, is_only=True)
    (to_mother,) = ask(act, son, mother)
    assert answer(act, mother, to_mother) is not None
    with pytest.raises(ActionRefused, match="Another guardian"):
        name_guardian(at_desk(act), son.person_id, father.person_id, is_only=True)
    assert face_state(act.session, son.person_id).state == "on"
    name_guardian(at_desk(act), son.person_id, father.person_id)
    state = face_state(act.session, son.person_id)
    assert (state.state, state.paused_reason) == ("paused", "rules_changed")


@pytest.mark.wide
@pytest.mark.publishing
def test_asking_for_both_later_asks_minors_again_and_no_adult(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en")
    assert set_consent_rules(act, written_release=False, both_guardians=True) == 1
    assert set(gate_view(act).face_roster) == {mother.person_id}


def test_both_guardians_sign_and_an_unused_signature_does_not_stay(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=True, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    with pytest.raises(ActionRefused, match="Type your name"):
        answer(act, mother, to_mother)
    answer(act, mother, to_mother, name="Mother Ma")
    answer(act, father, to_father, agrees=False)
    assert [row.signed_name for row in act.session.scalars(select(GuardianRequest))] == [None, None]
    later = replace(act, now=act.now + timedelta(minutes=1))
    to_mother, to_father = ask(later, son, mother, father)
    answer(later, mother, to_mother, name="Mother Ma")
    much_later = replace(act, now=act.now + timedelta(hours=3))
    answer(much_later, father, to_father, name="Father Fu")
    rows = act.session.scalars(select(WrittenRelease).order_by(WrittenRelease.signed_at)).all()
    for row in rows:
        check_release(read_release(row.release))
    releases = [read_release(row.release).release for row in rows]
    assert [one.signed_at for one in releases] == [later.now, much_later.now]
    assert {(one.signed_name, one.signed_for, one.person_id) for one in releases} == {
        ("Mother Ma", "ward", son.person_id),
        ("Father Fu", "ward", son.person_id),
    }
    assert {row.signed_name for row in act.session.scalars(select(GuardianRequest))} == {None}


@pytest.mark.wide
def test_who_signed_all_that_is_asked_for_is_not_asked_again(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=True, both_guardians=True)
    for guardian, request in zip((mother, father), ask(act, son, mother, father), strict=True):
        answer(act, guardian, request, name="王伟")
    give_face_consent(by_phone(act, father.person_id), father.person_id, 1, "en", signed_name="傅文")
    assert renewals_by_rules(act.session, act.site_id) == (0, 0)
    assert set_consent_rules(act, written_release=True, both_guardians=True) == 0


def test_a_guardian_who_agreed_without_signing_is_asked_to_sign(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    assert set_consent_rules(act, written_release=True, both_guardians=False) == 1


# -- what changes between two answers --------------------------------------------------------------


def change(act: Action, what: str, mother: Person, father: Person, son: Person) -> None:
    """Change something after the mother agreed and before the father does."""
    match what:
        case "a signature is asked for":
            set_consent_rules(act, written_release=True, both_guardians=True)
        case "one is enough":
            set_consent_rules(act, written_release=False, both_guardians=False)
        case "the notice is another":
            publish_notice(act, FACE_PURPOSE, NOTICE)
        case "the mother's phone is another's":
            accept_invitation(act.session, act.sealer, invite(act, mother.person_id), act.now)
            ask_again = replace(act, now=act.now + timedelta(minutes=1))
            invite(ask_again, mother.person_id)
        case "the mother is the only one":
            name_guardian(at_desk(act), son.person_id, mother.person_id, is_only=True)
        case "the office checked others":
            uncle = add_person(act, display_name="Uncle", home_id=son.home_id)
            for one in (father, uncle):
                name_guardian(at_desk(act), son.person_id, one.person_id)


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.publishing
@pytest.mark.parametrize(
    "what",
    [
        "a signature is asked for",
        "one is enough",
        "the notice is another",
        "the mother's phone is another's",
        "the mother is the only one",
        "the office checked others",
    ],
)
def test_a_yes_under_what_holds_no_more_completes_nothing_and_can_be_asked_for_again(
    family: tuple[Action, Person, Person, Person], what: str
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother)
    change(act, what, mother, father, son)
    later = replace(act, now=act.now + timedelta(minutes=5))
    assert list(requests_to(later.session, father, later.now)) == []
    with pytest.raises(ActionRefused, match="not open"):
        answer(later, father, to_father, name="Father Fu")
    assert face_state(act.session, son.person_id).state == "off"
    assert act.session.scalars(select(Consent)).all() == []


@pytest.mark.wide
@pytest.mark.publishing
def test_what_was_agreed_by_one_whom_the_office_did_not_check_ends(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    (to_father,) = ask(act, son, father)
    answer(act, father, to_father)
    assert face_state(act.session, son.person_id).state == "on"
    name_guardian(at_desk(act), son.person_id, mother.person_id)
    assert face_state(act.session, son.person_id).state == "paused"


@pytest.mark.wide
@pytest.mark.publishing
def test_after_the_last_checked_guardian_no_unchecked_one_counts(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    add_person(act, display_name="Lodger", home_id=son.home_id)
    for guardian in (mother, father):
        name_guardian(at_desk(act), son.person_id, guardian.person_id)
    remove_guardian(at_desk(act), son.person_id, mother.person_id)
    assert [one.person_id for one in guardians_of(act.session, son)] == [father.person_id]
    move_out(act, father.person_id)
    assert guardians_of(act.session, son) == []
    assert son.person_id not in gate_view(act).face_offers
    name_guardian(at_desk(act), son.person_id, mother.person_id)
    assert [one.person_id for one in guardians_of(act.session, son)] == [mother.person_id]


@pytest.mark.wide
@pytest.mark.parametrize("own", ["no", "withdrawal"])
def test_what_a_guardian_says_about_their_own_face_is_no_answer_for_the_child(
    family: tuple[Action, Person, Person, Person], own: str
) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    phone = by_phone(act, mother.person_id)
    if own == "no":
        record_refusal(phone, mother.person_id, 1, "zh")
    else:
        give_face_consent(phone, mother.person_id, 1, "zh")
        withdraw_face(phone, mother.person_id)
    assert answer(act, mother, to_mother) is not None


def test_a_yes_at_the_gate_closes_what_was_asked_by_phone(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    (to_father,) = ask(act, son, father)
    give_face_consent(
        by_phone(act, son.person_id, "gate"), son.person_id, 1, "zh", guardian_id=mother.person_id
    )
    with pytest.raises(ActionRefused, match="not open"):
        answer(act, father, to_father)


def test_the_ledger_says_which_text_each_guardian_read(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    read = newest_notice(act.session, FACE_PURPOSE, "en")
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "face_consent_given")).one()
    assert read is not None and entry.facts["guardians_read"] == read.sha256.hex()
    assert entry.facts["notice_sha256"] != read.sha256.hex()


def test_a_guardian_who_read_no_notice_that_exists_has_not_agreed(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    with pytest.raises(ActionRefused, match="notice has changed"):
        answer_guardian(by_phone(act, mother.person_id), to_mother, agrees=True, language="fr")


@pytest.mark.wide
@pytest.mark.publishing
def test_naming_the_only_guardian_once_more_changes_nothing(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    name_guardian(at_desk(act), son.person_id, mother.person_id, is_only=True)
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    name_guardian(at_desk(act), son.person_id, mother.person_id)
    assert face_state(act.session, son.person_id).state == "on"
