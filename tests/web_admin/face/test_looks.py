"""Looks as the server knows them: reported by gates, dropped, aged, offered at most once a month."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.journal_chain import GENESIS, JournalEntry, chain_entry
from tests.support.acting import add_lane, audit_kinds, by_phone, gate_view, household, offer_face
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person
from web_admin.core.effects import NoEffects
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent, FaceLook, LookOffer
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.looks import (
    LOOK_LASTS,
    OFFER_LASTS,
    OFFERED_AGAIN_AFTER,
    drop_look,
    drop_old_looks,
    look_offer,
    note_looks,
    set_look_offers,
)

pytestmark = pytest.mark.publishing

FIRST, SECOND, THIRD = (f"00000000000000{number:02d}" for number in (1, 2, 3))


@pytest.fixture
def person(act: Action) -> Person:
    """Return a resident with a card who said yes to face, at a gate that offers it."""
    add_lane(act)
    offer_face(act)
    _, made = household(act)
    issue_card(act, made.person_id, 77)
    give_face_consent(by_phone(act, made.person_id), made.person_id, 1, "en")
    return made


def consent_id(act: Action) -> str:
    return act.session.scalars(select(Consent.consent_id).where(Consent.withdrawn_at.is_(None))).one()


def report(
    act: Action, person: Person, kind: str, at: datetime, *looks: str, consent: str | None = None
) -> None:
    """Take an entry as a gate writes it."""
    personal = {"person_id": person.person_id}
    if kind != "face_missed":
        personal |= {"consent_id": consent or consent_id(act), "look_ids": " ".join(looks)}
    entry: JournalEntry = chain_entry(GENESIS, 1, at, kind, {"lane_id": "north-in"}, personal)
    act.session.flush()
    note_looks(act, act.session.get_one(Gate, "north"), [entry])


def kept(act: Action) -> dict[str, datetime | None]:
    act.session.flush()
    return {row.look_id: row.dropped_at for row in act.session.scalars(select(FaceLook))}


def to_delete(act: Action, person: Person) -> tuple[str, ...]:
    """Return the looks that the published policy tells the gate to delete."""
    return gate_view(act).face_roster[person.person_id].dropped_looks


@pytest.mark.wide
def test_the_looks_that_a_gate_reports_are_known_by_id_and_day(act: Action, person: Person) -> None:
    report(act, person, "face_enrolled", act.now - timedelta(days=9), FIRST)
    report(act, person, "face_enrolled", act.now, FIRST, SECOND)
    days = {row.look_id: row.taken_at for row in act.session.scalars(select(FaceLook))}
    assert days == {FIRST: act.now - timedelta(days=9), SECOND: act.now}
    report(act, person, "face_enrolled", act.now, SECOND, THIRD)
    assert set(kept(act)) == {SECOND, THIRD}, "the oldest was replaced"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("looks", "consent"),
    [((FIRST,), "of another consent"), (("not an id",), None), ((FIRST, "x" * 16), None)],
)
def test_a_report_that_cannot_be_right_changes_nothing(
    act: Action, person: Person, looks: tuple[str, ...], consent: str | None
) -> None:
    report(act, person, "face_enrolled", act.now, THIRD)
    report(act, person, "face_enrolled", act.now, *looks, consent=consent)
    assert set(kept(act)) == {THIRD}


@pytest.mark.wide
def test_a_dropped_look_is_published_to_its_gate_until_the_gate_reports_it_as_gone(
    act: Action, person: Person
) -> None:
    report(act, person, "face_enrolled", act.now, FIRST, SECOND)
    assert to_delete(act, person) == ()
    drop_look(by_phone(act, person.person_id), person.person_id, "north", FIRST)
    assert kept(act) == {FIRST: act.now, SECOND: None}
    assert to_delete(act, person) == (FIRST,)
    assert audit_kinds(act)[-1] == "face_look_dropped"
    drop_look(by_phone(act, person.person_id), person.person_id, "north", FIRST)
    assert audit_kinds(act).count("face_look_dropped") == 1
    report(act, person, "face_look_dropped", act.now, SECOND)
    assert set(kept(act)) == {SECOND}
    assert to_delete(act, person) == ()


@pytest.mark.wide
def test_looks_that_are_gone_are_published_to_their_gate_and_of_their_persons_alone(
    act: Action, person: Person
) -> None:
    report(act, person, "face_enrolled", act.now, FIRST, SECOND)
    drop_look(by_phone(act, person.person_id), person.person_id, "north", FIRST)
    published: list[tuple[object, object]] = []

    class Noting(NoEffects):
        def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True) -> None:
            published.append((person_ids, gate_ids))

    report(replace(act, effects=Noting()), person, "face_look_dropped", act.now, SECOND)
    assert published == [({person.person_id}, ("north",))]


@pytest.mark.wide
def test_no_one_drops_the_look_of_another(act: Action, person: Person) -> None:
    report(act, person, "face_enrolled", act.now, FIRST)
    _, other = household(act, "3-1204", "Ma")
    issue_card(act, other.person_id, 78)
    give_face_consent(by_phone(act, other.person_id), other.person_id, 1, "en")
    drop_look(by_phone(act, other.person_id), other.person_id, "north", FIRST)
    assert kept(act) == {FIRST: None}


@pytest.mark.wide
def test_a_look_ends_after_two_years_and_a_younger_one_stays(act: Action, person: Person) -> None:
    report(act, person, "face_enrolled", act.now - LOOK_LASTS, FIRST)
    report(act, person, "face_enrolled", act.now - LOOK_LASTS + timedelta(minutes=1), FIRST, SECOND)
    assert drop_old_looks(act) == 1
    assert kept(act) == {FIRST: act.now, SECOND: None}
    assert drop_old_looks(act) == 0


@pytest.mark.wide
def test_one_withdrawal_ends_all_looks_and_the_offer(act: Action, person: Person) -> None:
    report(act, person, "face_enrolled", act.now, FIRST, SECOND)
    report(act, person, "face_missed", act.now)
    earlier = consent_id(act)
    withdraw_face(by_phone(act, person.person_id), person.person_id)
    assert kept(act) == {}
    assert act.session.scalars(select(LookOffer)).all() == []
    report(act, person, "face_enrolled", act.now, THIRD, consent=earlier)
    assert kept(act) == {}, "what a gate reports late is of no live consent"


def offered(act: Action, person: Person, later: timedelta = timedelta(0)) -> bool:
    return look_offer(act.session, person, act.now + later) is not None


@pytest.mark.wide
def test_the_second_miss_within_a_month_makes_an_offer_for_two_weeks(act: Action, person: Person) -> None:
    report(act, person, "face_missed", act.now - timedelta(days=31))
    report(act, person, "face_missed", act.now)
    assert not offered(act, person), "31 days lie between them"
    report(act, person, "face_missed", act.now)
    assert offered(act, person)
    assert not offered(act, person, OFFER_LASTS)


def test_an_added_look_ends_the_offer(act: Action, person: Person) -> None:
    for days in (2, 1):
        report(act, person, "face_missed", act.now - timedelta(days=days))
    assert offered(act, person)
    report(act, person, "face_enrolled", act.now, FIRST)
    assert not offered(act, person)


@pytest.mark.wide
def test_no_offer_comes_within_a_month_of_the_last_one(act: Action, person: Person) -> None:
    began, offers = act.now - timedelta(days=40), []
    for day in range(41):
        report(act, person, "face_missed", began + timedelta(days=day))
        offers.append(act.session.scalars(select(LookOffer.offered_at)).one())
    first = began + timedelta(days=1)
    assert list(dict.fromkeys(offers)) == [None, first, first + OFFERED_AGAIN_AFTER]


@pytest.mark.wide
def test_one_tap_switches_the_offers_off_and_on_again(act: Action, person: Person) -> None:
    phone = by_phone(act, person.person_id)
    for _ in range(2):
        report(act, person, "face_missed", act.now)
    set_look_offers(phone, person.person_id, on=False)
    for _ in range(4):
        report(act, person, "face_missed", act.now)
    assert not offered(act, person)
    set_look_offers(phone, person.person_id, on=True)
    assert audit_kinds(act)[-1] == "face_look_offers_on"
