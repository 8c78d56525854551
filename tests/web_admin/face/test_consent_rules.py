"""A site that asks for a signature: what is kept of it, who has to renew a consent, and when it goes."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest
from sqlalchemy import func, select

from gate_controller.contract.forgetting_certificate import CertificateBroken
from gate_controller.contract.written_release import SignedRelease, check_release, read_release, sign_release
from tests.support.acting import audit_kinds, by_phone, gate_view
from tests.support.compounds.parents_and_son import answer, ask
from tests.web_admin.face.families import family
from web_admin.action.base import Action
from web_admin.compound.keys import private_key
from web_admin.compound.models import Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Consent
from web_admin.face.actions import face_state, give_face_consent, withdraw_face
from web_admin.face.consent_rules import renewals_by_rules, set_consent_rules
from web_admin.face.models import WrittenRelease
from web_admin.face.renewals import renewal_of
from web_admin.journal.models import AuditEntry
from web_admin.privacy.retention import RULES

__all__ = ["family"]


@pytest.mark.wide
@pytest.mark.publishing
def test_a_yes_without_a_name_is_none_where_a_signature_is_asked_for(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, son = family
    set_consent_rules(act, written_release=True, both_guardians=False)
    for name in ("", "   ", ".", "王", "\u3164\u3164", "\u2800\u115f"):
        with pytest.raises(ActionRefused, match="Type your name") as refused:
            give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name=name)
        assert refused.value.field == "signed_name"
    with pytest.raises(ActionRefused, match="at most 80") as refused:
        give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="x" * 81)
    assert refused.value.field == "signed_name"
    with pytest.raises(ActionRefused, match="on your own phone"):
        give_face_consent(by_phone(act, mother.person_id, "gate"), mother.person_id, 1, "en")
    assert act.session.scalars(select(Consent)).all() == []
    offers = gate_view(act).face_offers
    assert offers[mother.person_id].on_phone and offers[son.person_id].on_phone


def test_what_was_signed_is_kept_with_the_text_and_shows_any_change(
    family: tuple[Action, Person, Person, Person],
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


def test_where_no_signature_is_asked_for_none_is_kept(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, _father, _son = family
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="Chen Yu")
    assert act.session.scalars(select(WrittenRelease)).all() == []


@pytest.mark.wide
@pytest.mark.publishing
def test_a_no_and_a_withdrawal_need_no_signature(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, _father, _son = family
    set_consent_rules(act, written_release=True, both_guardians=False)
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="Chen Yu")
    withdraw_face(by_phone(act, mother.person_id, "gate"), mother.person_id)
    assert face_state(act.session, mother.person_id).state == "off"


@pytest.mark.wide
@pytest.mark.publishing
def test_who_agreed_with_less_is_asked_for_a_renewal_and_keeps_the_other_ways(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, _son = family
    for person in (mother, father):
        give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
    assert set_consent_rules(act, written_release=True, both_guardians=False) == 2
    question = renewal_of(act.session, mother.person_id)
    assert question is not None and question.why == "rules_changed"
    assert gate_view(act).face_roster == {}
    signed = give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en", signed_name="Chen")
    assert set_consent_rules(act, written_release=True, both_guardians=True) == 0
    assert set_consent_rules(act, written_release=False, both_guardians=False) == 0
    assert set(gate_view(act).face_roster) == {mother.person_id} and signed.withdrawn_at is None


def test_the_ledger_keeps_what_is_asked_for_and_of_how_many(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, _son = family
    give_face_consent(by_phone(act, mother.person_id), mother.person_id, 1, "en")
    set_consent_rules(act, written_release=True, both_guardians=False)
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "consent_rules_changed")).one()
    asked_for = {"written_release": True, "both_guardians": False, "asked_again": 1}
    assert {name: entry.facts[name] for name in asked_for} == asked_for


@pytest.mark.wide
@pytest.mark.parametrize("channel", ["phone", "gate", "desk"])
def test_only_the_office_says_what_is_asked_for(
    family: tuple[Action, Person, Person, Person], channel: str
) -> None:
    act = family[0]
    other = replace(act, channel=channel)  # type: ignore[arg-type]  # words of a Literal
    with pytest.raises(ActionRefused, match="property manager"):
        set_consent_rules(other, written_release=True, both_guardians=True)


def test_saying_yes_again_makes_no_second_entry_of_a_consent(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, _son = family
    phone = by_phone(act, mother.person_id)
    first = give_face_consent(phone, mother.person_id, 1, "zh")
    assert give_face_consent(phone, mother.person_id, 1, "en") is first
    assert [kind for kind in audit_kinds(act) if kind.startswith("face_consent")] == [
        "face_consent_given",
        "face_consent_kept",
    ]


@pytest.mark.wide
def test_how_many_renewals_rules_cause_is_known_before(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, father, son = family
    give_face_consent(by_phone(act, father.person_id), father.person_id, 1, "en")
    (to_mother,) = ask(act, son, mother)
    answer(act, mother, to_mother)
    assert renewals_by_rules(act.session, act.site_id) == (2, 1)
    assert set_consent_rules(act, written_release=False, both_guardians=True) == 1
    assert renewals_by_rules(act.session, act.site_id) == (1, 0)


def test_signatures_and_releases_go_with_their_term(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, father, son = family
    set_consent_rules(act, written_release=True, both_guardians=True)
    to_mother, _to_father = ask(act, son, mother, father)
    answer(act, mother, to_mother, name="Mother Ma")
    give_face_consent(by_phone(act, father.person_id), father.person_id, 1, "en", signed_name="Father Fu")
    withdraw_face(by_phone(act, father.person_id), father.person_id)
    menjin = SimpleNamespace(config=SimpleNamespace(evidence_days=1000))

    def rows(name: str, days: int) -> int:
        which = RULES[name].rows(menjin, act.now + timedelta(days=days))  # type: ignore[arg-type]
        return act.session.scalar(select(func.count()).select_from(RULES[name].table).where(which)) or 0

    assert [rows("unused_signatures_erased", days) for days in (6, 8)] == [0, 1]
    assert [rows("written_releases_deleted", days) for days in (999, 1001)] == [0, 1]
