"""Whose yes to face it was: the answer names what was shown, and what was lost takes the face with it."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.served.served_compound import Browser, ServedCompound
from tests.served.signed_gate import signed_gate
from tests.served.yes_at_a_gate import live, newest, office, says_yes
from tests.support.compounds.desk import read
from web_admin.compound.age_bands import MINOR
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.face.models import GuardianRequest
from web_admin.face.renewals import renewal_of
from web_admin.face.timers import settle_by_time
from web_admin.people.actions import add_person
from web_admin.people.invitations import confirm_identity, invite
from web_admin.people.members import for_home, invite_member


def why_asked(session: Session, person_id: str) -> str | None:
    renewal = renewal_of(session, person_id)
    return renewal.why if renewal is not None else None


def suspends_at_the_office(served: ServedCompound, person_id: str, card: str) -> None:
    manager = served.signed_in("manager")
    manager.get(f"/manage/people/{person_id}")
    manager.post(f"/manage/cards/{card}/suspend", {"once": secrets.token_urlsafe(18)})


def test_a_lost_card_takes_the_face_with_it_that_was_given_with_it(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    card = newest(served, wang, "card")
    says_yes(served, gate, wang, "card", credential_id=card)
    assert live(served, wang) == 1
    suspends_at_the_office(served, wang, card)
    assert live(served, wang) == 0, "who held the card for two minutes keeps their face in the gates"
    assert read(served.compound, lambda s: why_asked(s, wang)) == "credential_lost"


def test_a_face_that_was_taken_with_a_lost_card_ends_though_the_yes_came_from_the_phone(
    served: ServedCompound,
) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    with office(served) as act:
        own = issue_card(act, wang, 4_299_001).credential_id
    says_yes(served, gate, wang, "card", credential_id=own)
    lost = read(
        served.compound,
        lambda s: s.scalars(
            select(CredentialRow.credential_id).where(
                CredentialRow.person_id == wang,
                CredentialRow.credential_id != own,
                CredentialRow.kind == "card",
            )
        ).one(),
    )
    gate.writes(
        "shown_for_face",
        {"lane_id": "north-in", "method": "card"},
        {"person_id": wang, "credential_id": lost},
    )
    gate.sends()
    suspends_at_the_office(served, wang, lost)
    assert live(served, wang) == 0


def test_a_card_with_which_no_face_was_given_ends_none(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    card = newest(served, wang, "card")
    with office(served) as act:
        other = issue_card(act, wang, 4_299_002).credential_id
    says_yes(served, gate, wang, "card", credential_id=card)
    suspends_at_the_office(served, wang, other)
    assert live(served, wang) == 1


def test_a_pin_that_the_home_or_the_office_knows_is_no_yes(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    with office(served) as act:
        issue_pin(for_home(act), wang)
    says_yes(served, gate, wang, "pin", credential_id=newest(served, wang, "pin"))
    assert live(served, wang) == 0, "a PIN that the home gave said yes to face"
    says_yes(served, gate, wang, "pin")  # of a gate that does not say which
    assert live(served, wang) == 0
    with office(served) as act:
        issue_pin(act, wang)
    says_yes(served, gate, wang, "pin", credential_id=newest(served, wang, "pin"))
    assert live(served, wang) == 0, "a PIN that stood on the office's screen said yes to face"
    with office(served) as act:
        issue_pin(replace(act, channel="phone", actor_id=wang), wang)
    says_yes(served, gate, wang, "pin", credential_id=newest(served, wang, "pin"))
    assert live(served, wang) == 1


def test_one_parent_cannot_give_the_yes_of_a_minor_as_well_as_their_own(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    with office(served) as act:
        home_id = act.session.get_one(Person, wang).home_id
        son = add_person(act, display_name="王小", home_id=home_id, age_band=MINOR).person_id
        issue_pin(for_home(act), son)
    parents = {"guardian_id": wang, "guardian_credential_id": newest(served, wang, "card")}
    says_yes(served, gate, son, "pin", credential_id=newest(served, son, "pin"), **parents)
    assert live(served, son) == 0, "a parent gave both yeses"
    with office(served) as act:
        issue_card(act, son, 4_299_003)
    says_yes(served, gate, son, "card", credential_id=newest(served, son, "card"), **parents)
    assert live(served, son) == 1


def test_a_yes_under_duress_looks_like_any_other_and_ends_after_an_hour(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    with office(served) as act:
        issue_pin(replace(act, channel="phone", actor_id=wang), wang)
        issue_duress_pin(replace(act, channel="phone", actor_id=wang), wang)
    says_yes(served, gate, wang, "pin", credential_id=newest(served, wang, "pin", duress=True))
    assert live(served, wang) == 1
    with served.compound.app.app_context():
        settle_by_time(current_menjin(), datetime.now(UTC) + timedelta(minutes=59))
        assert live(served, wang) == 1
        settle_by_time(current_menjin(), datetime.now(UTC) + timedelta(minutes=61))
    assert live(served, wang) == 0
    assert read(served.compound, lambda s: why_asked(s, wang)) == "asked_again"


def opened_with(served: ServedCompound, code: str) -> Browser:
    """Return a phone on which an invitation was opened."""
    phone = served.browser()
    phone.get(f"/r/welcome/{code}")
    phone.post("/r/welcome", {"code": code})
    assert phone.get("/r/").status_code == 200
    return phone


def says_yes_on(phone: Browser, *, guardian: str) -> None:
    """Say yes to face on a minor's phone and name the guardian who is to agree."""
    phone.get("/r/")
    phone.post("/r/ways/qr", {"on": "1"})
    phone.get("/r/face")
    phone.post("/r/face/yes", {"notice_version": "1", "language": "zh", "guardian": guardian})


def asked_for(served: ServedCompound) -> list[str]:
    """Return the minors for whom a guardian was asked."""
    return list(read(served.compound, lambda s: s.scalars(select(GuardianRequest.minor_id)).all()))


def test_a_parent_who_opens_a_minors_invitation_cannot_say_yes_for_them(served: ServedCompound) -> None:
    wang = served.compound.persons["王芳"]
    with office(served) as act:
        parent = replace(act, channel="phone", actor_id=wang)
        son, code = invite_member(
            parent, wang, display_name="王小", age_band=MINOR, language="zh", waits=False
        )
        son_id = son.person_id
    says_yes_on(opened_with(served, code), guardian=wang)
    assert asked_for(served) == [], "a parent said yes as the minor"
    assert live(served, son_id) == 0
    with office(served) as act:
        code = invite(replace(act, because="asked"), son_id)
    own = opened_with(served, code)
    with office(served) as act:
        confirm_identity(replace(act, channel="desk"), son_id)
    says_yes_on(own, guardian=wang)
    assert asked_for(served) == [son_id], "the minor's own phone asks the guardian"
    guardian = served.resident("王芳")
    request = read(served.compound, lambda s: s.scalars(select(GuardianRequest.request_id)).one())
    guardian.get(f"/r/guardian/{request}")
    guardian.post(f"/r/guardian/{request}/yes", {"language": "zh"})
    assert live(served, son_id) == 1
