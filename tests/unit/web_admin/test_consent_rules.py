"""A site that asks for a signature, or for both guardians of a minor."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest
from sqlalchemy import func, select

from gate_controller.forgetting_certificate import CertificateBroken
from gate_controller.written_release import SignedRelease, check_release, read_release, sign_release
from tests.unit.web_admin.acting import (
    NOTICE,
    add_lane,
    at_desk,
    audit_kinds,
    by_phone,
    gate_view,
    household,
    offer_face,
)
from web_admin.acts import Act, ActRefused
from web_admin.asked_again import question_of
from web_admin.consent_models import Consent, GuardianConsent, GuardianRequest, WrittenRelease
from web_admin.consent_rules import asked_again_by, set_consent_rules
from web_admin.consents import face_state, give_face_consent, record_refusal, withdraw_face
from web_admin.credentials import issue_card
from web_admin.custody import FACE_PURPOSE
from web_admin.guardian_requests import answer_guardian, ask_guardians, requests_to, withdraw_for_ward
from web_admin.guardians import guardians_of, name_guardian, remove_guardian
from web_admin.homes_and_people import accept_invitation, add_person, invite, move_out
from web_admin.journal_models import AuditEntry
from web_admin.models import Person, Site
from web_admin.notices import newest_notice, publish_notice
from web_admin.retention import RULES
from web_admin.site_keys import private_key


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
    act, mother, _father, son = family
    set_consent_rules(act, written_release=True, both_guardians=False)
    for name in ("", "   ", ".", "王", "\u3164\u3164", "\u2800\u115f"):
        with pytest.raises(ActRefused, match="Type your name") as refused:
            give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name=name)
        assert refused.value.field == "signed_name"
    with pytest.raises(ActRefused, match="at most 80"):
        give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="x" * 81)
    with pytest.raises(ActRefused, match="on your own phone"):
        give_face_consent(by_phone(act, mother.person_id, "gate"), mother.person_id, 1, "en")
    assert act.session.scalars(select(Consent)).all() == []
    offers = gate_view(act).face_offers
    assert offers[mother.person_id].on_phone and offers[son.person_id].on_phone


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
    resigned = {
        "notice.sha256": msgspec.structs.replace(
            release, notice=msgspec.structs.replace(release.notice, fields={"purpose": "another"})
        ),
        "sentence": msgspec.structs.replace(release, sentence="I do not agree."),
        "signed_for": msgspec.structs.replace(release, signed_for="ward"),
        "signed_name": msgspec.structs.replace(release, signed_name=" "),
    }
    key = private_key(act.session, act.sealer, act.site_id, "anchor")
    for field, changed in resigned.items():
        with pytest.raises(CertificateBroken) as broken:
            check_release(sign_release(changed, key, found.certificate))
        assert broken.value.field == field
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
    with pytest.raises(ActRefused, match="agreed already"):
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
    assert [one.answer for one in requests_to(act.session, mother, act.now)] == ["half"]
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
    much_later = replace(act, now=act.now + timedelta(hours=3))
    answer(much_later, father, to_father, name="Father Fu")
    rows = act.session.scalars(select(WrittenRelease).order_by(WrittenRelease.signed_at)).all()
    for row in rows:
        check_release(read_release(row.release))
    releases = [read_release(row.release).release for row in rows]
    assert [one.signed_at for one in releases] == [later.now, much_later.now]
    assert {(one.signed_name, one.signed_for, one.person_id) for one in releases} == {
        ("Mother Ma", "ward", son.person_id), ("Father Fu", "ward", son.person_id),
    }
    assert {row.signed_name for row in act.session.scalars(select(GuardianRequest))} == {None}


# -- what changes between two answers --------------------------------------------------------------


def change(act: Act, what: str, mother: Person, father: Person, son: Person) -> None:
    """Change something after the mother said yes and before the father does."""
    match what:
        case "a signature is asked for":
            set_consent_rules(act, written_release=True, both_guardians=True)
        case "one is enough":
            set_consent_rules(act, written_release=False, both_guardians=False)
        case "the notice is another":
            publish_notice(act, FACE_PURPOSE, NOTICE)
        case "the mother's phone is another's":
            accept_invitation(act.session, invite(act, mother.person_id), act.now)
            ask_again = replace(act, now=act.now + timedelta(minutes=1))
            invite(ask_again, mother.person_id)
        case "the mother is the only one":
            name_guardian(at_desk(act), son.person_id, mother.person_id, is_only=True)
        case "the office checked others":
            uncle = add_person(act, display_name="Uncle", home_id=son.home_id)
            for one in (father, uncle):
                name_guardian(at_desk(act), son.person_id, one.person_id)


@pytest.mark.parametrize(
    "what",
    [
        "a signature is asked for", "one is enough", "the notice is another",
        "the mother's phone is another's", "the mother is the only one", "the office checked others",
    ],
)
def test_a_yes_under_what_holds_no_more_completes_nothing_and_can_be_asked_for_anew(
    family: tuple[Act, Person, Person, Person], what: str
) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    to_mother, to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother)
    change(act, what, mother, father, son)
    later = replace(act, now=act.now + timedelta(minutes=5))
    assert list(requests_to(later.session, father, later.now)) == []
    with pytest.raises(ActRefused, match="not open"):
        answer(later, father, to_father, name="Father Fu")
    assert face_state(act.session, son.person_id).state == "off"
    assert act.session.scalars(select(Consent)).all() == []


def test_what_was_agreed_by_one_whom_the_office_did_not_check_ends(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, father, son = family
    (to_father,) = ask(act, son, father)
    answer(act, father, to_father)
    assert face_state(act.session, son.person_id).state == "on"
    name_guardian(at_desk(act), son.person_id, mother.person_id)
    assert face_state(act.session, son.person_id).state == "paused"


def test_after_the_last_checked_guardian_nobody_counts_unchecked(
    family: tuple[Act, Person, Person, Person],
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


@pytest.mark.parametrize("own", ["no", "withdrawal"])
def test_what_a_guardian_says_about_their_own_face_is_no_answer_for_the_child(
    family: tuple[Act, Person, Person, Person], own: str
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


def test_a_yes_at_the_gate_closes_what_was_asked_by_phone(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, father, son = family
    (to_father,) = ask(act, son, father)
    give_face_consent(
        by_phone(act, son.person_id, "gate"), son.person_id, 1, "zh", guardian_id=mother.person_id
    )
    with pytest.raises(ActRefused, match="not open"):
        answer(act, father, to_father)


def test_saying_yes_again_makes_no_second_entry_of_a_consent(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, _son = family
    phone = by_phone(act, mother.person_id)
    first = give_face_consent(phone, mother.person_id, 1, "zh")
    assert give_face_consent(phone, mother.person_id, 1, "en") is first
    assert [kind for kind in audit_kinds(act) if kind.startswith("face_consent")] == [
        "face_consent_given", "face_consent_kept",
    ]


def test_the_ledger_says_which_text_each_guardian_read(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    read = newest_notice(act.session, FACE_PURPOSE, "en")
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "face_consent_given")).one()
    assert read is not None and entry.facts["guardians_read"] == read.sha256.hex()
    assert entry.facts["notice_sha256"] != read.sha256.hex()


def test_a_guardian_who_read_no_notice_that_exists_has_not_agreed(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    (to_mother,) = ask(act, son, mother)
    with pytest.raises(ActRefused, match="notice has changed"):
        answer_guardian(by_phone(act, mother.person_id), to_mother, agrees=True, language="fr")


def test_naming_the_only_guardian_once_more_changes_nothing(
    family: tuple[Act, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    set_consent_rules(act, written_release=False, both_guardians=True)
    name_guardian(at_desk(act), son.person_id, mother.person_id, is_only=True)
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    name_guardian(at_desk(act), son.person_id, mother.person_id)
    assert face_state(act.session, son.person_id).state == "on"


def test_how_many_would_be_asked_again_is_known_before(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, father, son = family
    give_face_consent(by_phone(act, father.person_id), father.person_id, 1, "en")
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    assert asked_again_by(act.session, act.site_id) == (2, 1)
    assert set_consent_rules(act, written_release=False, both_guardians=True) == 1
    assert asked_again_by(act.session, act.site_id) == (1, 0)


def test_signatures_and_releases_go_with_their_term(family: tuple[Act, Person, Person, Person]) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=True, both_guardians=True)
    to_mother, _to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother, name="Mother Ma")
    give_face_consent(by_phone(act, father.person_id), father.person_id, 1, "en", signed_name="Father Fu")
    withdraw_face(by_phone(act, father.person_id), father.person_id)
    menjin = SimpleNamespace(config=SimpleNamespace(evidence_days=1000))

    def rows(rule: str, days: int) -> int:
        table, which, _values = RULES[rule](menjin, act.now + timedelta(days=days))  # type: ignore[arg-type]
        return act.session.scalar(select(func.count()).select_from(table).where(which)) or 0

    assert [rows("unused_signatures_erased", days) for days in (6, 8)] == [0, 1]
    assert [rows("written_releases_deleted", days) for days in (999, 1001)] == [0, 1]
