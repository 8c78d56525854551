"""Answers about a face from a gate: carried out once, judged again, and never more than was answered."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.acting import (
    NOTICE,
    add_lane,
    audit_kinds,
    by_phone,
    gate_view,
    household,
    offer_face,
    show_card,
)
from tests.support.compounds.with_gates import PlayedGate
from tests.web_admin.events.sent_events import send
from tests.web_admin.face.answering import answer, consents, refusals, take
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import FaceShare
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import disable_face, face_state, give_face_consent, withdraw_face
from web_admin.face.notices import publish_notice
from web_admin.face.queries import newest_notice
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person, move_out
from web_admin.policy.effects import PolicyEffects

pytestmark = pytest.mark.publishing


@pytest.fixture
def person(act: Action) -> Person:
    """Return a resident with a card at a gate that offers face."""
    add_lane(act)
    offer_face(act)
    _, made = household(act)
    issue_card(act, made.person_id, 77)
    return made


@pytest.mark.wide
def test_a_yes_at_the_gate_is_a_consent_given_there_and_comes_back_as_permission(
    act: Action, person: Person
) -> None:
    assert person.person_id in gate_view(act).face_offers
    take(act, answer(act, person.person_id, "yes"))
    (consent,) = consents(act)
    assert (consent.person_id, consent.channel, consent.language) == (person.person_id, "gate", "zh")
    known = gate_view(act)
    assert known.face_roster[person.person_id].consent_id == consent.consent_id
    assert person.person_id not in known.face_offers
    assert act.session.get(FaceShare, (person.person_id, "north")) is not None


@pytest.mark.wide
def test_the_gate_receives_the_newest_notice_in_each_language_word_for_word(
    act: Action, person: Person
) -> None:
    texts = {language: {**fields, "effect": f"again {language}"} for language, fields in NOTICE.items()}
    publish_notice(act, FACE_PURPOSE, texts)
    for language, notice in gate_view(act).face_notices.items():
        stored = newest_notice(act.session, FACE_PURPOSE, language)
        assert stored is not None
        assert (notice.fields, notice.sha256) == (texts[language], stored.sha256)
    assert set(gate_view(act).face_notices) == {"zh", "en"}


def test_a_no_changes_nothing_but_is_remembered(act: Action, person: Person) -> None:
    before, opens = gate_view(act), show_card(act, 77)
    take(act, answer(act, person.person_id, "no"))
    assert (gate_view(act), show_card(act, 77)) == (before, opens)
    assert consents(act) == []
    assert audit_kinds(act)[-1] == "face_refused"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"notice_sha256": "00" * 32}, "notice"),
        ({"language": "fr"}, "notice"),
        ({"notice_version": 7}, "notice"),
        ({"answer": "maybe"}, "unreadable"),
        ({"shown_by": "qr"}, "unreadable"),
        ({"notice_version": "1"}, "unreadable"),
    ],
)
def test_a_yes_to_anything_but_the_newest_notice_is_none(
    act: Action, person: Person, changes: dict[str, object], why: str
) -> None:
    take(act, answer(act, person.person_id, "yes", **changes))
    assert (consents(act), refusals(act)) == ([], [why])


def test_a_yes_that_arrives_long_after_the_person_read_it_failed_is_none(act: Action, person: Person) -> None:
    late = replace(act, now=act.now + timedelta(minutes=11))
    take(late, answer(act, person.person_id, "yes"))
    assert (consents(act), refusals(act)) == ([], ["too_late"])


@pytest.mark.wide
def test_a_yes_is_overtaken_by_a_later_no_and_by_a_later_taking_back(act: Action, person: Person) -> None:
    said_at = act.now
    later = replace(act, now=act.now + timedelta(minutes=1))
    take(later, answer(later, person.person_id, "no"), answer(act, person.person_id, "yes", at=said_at))
    assert (consents(act), refusals(act)) == ([], ["overtaken"])
    fresh = replace(act, now=act.now + timedelta(minutes=2))
    phone = by_phone(fresh, person.person_id)
    give_face_consent(phone, person.person_id, 1, "zh")
    withdraw_face(replace(phone, now=fresh.now + timedelta(seconds=30)), person.person_id)
    after = replace(act, now=fresh.now + timedelta(minutes=1))
    take(after, answer(after, person.person_id, "yes", at=fresh.now + timedelta(seconds=10)))
    assert refusals(act) == ["overtaken", "overtaken"]
    assert face_state(act.session, person.person_id).state == "off"


@pytest.mark.wide
@pytest.mark.parametrize("state", ["stolen", "retired"])
def test_a_gate_that_is_not_trusted_gives_no_consent(act: Action, person: Person, state: str) -> None:
    act.session.get_one(Gate, "north").state = state
    take(act, answer(act, person.person_id, "yes"))
    assert (consents(act), refusals(act)) == ([], ["gate_not_trusted"])


@pytest.mark.wide
def test_no_person_who_may_not_consent_gets_a_consent_through_a_gate(act: Action, person: Person) -> None:
    child = add_person(act, display_name="Bao", home_id=person.home_id, age_band="14_17")
    without_way = add_person(act, display_name="Mo", home_id=person.home_id)
    issue_card(act, child.person_id, 78)
    child.age_band = "under_14"
    act.session.flush()
    gone = add_person(act, display_name="Gao", home_id=person.home_id)
    move_out(act, gone.person_id)
    for person_id in (child.person_id, without_way.person_id, gone.person_id, "nobody"):
        assert person_id not in gate_view(act).face_offers
        take(act, answer(act, person_id, "yes"))
    disable_face(act)
    take(act, answer(act, person.person_id, "yes"))
    assert consents(act) == []
    assert len(refusals(act)) == 5


@pytest.mark.wide
def test_a_minors_yes_counts_with_a_guardian_of_their_home_beside_them_and_not_without(
    act: Action, person: Person
) -> None:
    minor = add_person(act, display_name="Mei", home_id=person.home_id, age_band="14_17")
    issue_card(act, minor.person_id, 79)
    _, stranger = household(act, "5-0101", "Zhao")
    issue_card(act, stranger.person_id, 80)
    assert gate_view(act).face_offers[minor.person_id].guardian_ids == (person.person_id,)
    take(act, answer(act, minor.person_id, "yes"))
    take(act, answer(act, minor.person_id, "yes", guardian_id=stranger.person_id))
    assert (consents(act), refusals(act)) == ([], ["guardian", "guardian"])
    take(act, answer(act, minor.person_id, "yes", guardian_id=person.person_id))
    assert [consent.person_id for consent in consents(act)] == [minor.person_id]
    assert gate_view(act).face_roster[minor.person_id].guardian_ids == (person.person_id,)


def test_an_answer_sent_again_and_again_is_carried_out_once(
    database, sealer, site, north: PlayedGate, clock
) -> None:
    with database.session() as session:
        act = Action(session, sealer, site, "manager-1", "manager", clock.now, effects=PolicyEffects(sealer))
        publish_notice(act, FACE_PURPOSE, NOTICE)
        _, made = household(act)
        entry = answer(act, made.person_id, "no")
    for _ in range(3):
        assert send(north, [entry]).acknowledged_seq == 1
    with database.session() as session:
        count = select(func.count()).select_from(AuditEntry).where(AuditEntry.kind == "face_refused")
        assert session.scalar(count) == 1
