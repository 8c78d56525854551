"""The list of people says at a glance who is well, by what they come in, and who was invited."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.compounds.resident import csrf_of
from web_admin.compound.models import CredentialRow, Person
from web_admin.credentials.actions import suspend_credential
from web_admin.people.actions import add_person
from web_admin.people.invitations import invite, revoke_invitations


def row_of(compound, name: str) -> str:
    page = compound.signed_in("guard").get("/manage/people/").text
    return next(row for row in page.split("<tr")[1:] if f">{name}</a>" in row)


def words(row: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row))


def test_a_row_has_state_ways_and_phone_page_of_its_person(compound) -> None:
    person_id = compound.persons["王磊"]
    with compound.act() as act:
        act.session.get_one(Person, person_id).methods = ["card", "qr"]
    assert "Active Card QR code: Chosen, nothing to use yet Not invited" in words(row_of(compound, "王磊"))
    with compound.act() as act:
        code = invite(act, person_id)
        act.session.get_one(Person, person_id).suspended = True
    assert "Suspended Card: Suspended QR code: Suspended Invited" in words(row_of(compound, "王磊"))
    phone = compound.app.test_client()
    phone.post("/r/welcome", data={"code": code, "csrf_token": csrf_of(phone.get("/r/welcome").text)})
    assert "QR code: Suspended Joined" in words(row_of(compound, "王磊"))


def card_of(session: Session, person_id: str) -> CredentialRow:
    return session.scalars(select(CredentialRow).where(CredentialRow.person_id == person_id)).one()


def page_of(compound, path: str) -> str:
    return words(compound.signed_in().get(path).text)


def test_whose_only_card_is_suspended_has_no_working_way_in(compound) -> None:
    person_id = compound.persons["王磊"]
    with compound.act() as act:
        suspend_credential(act, card_of(act.session, person_id).credential_id)
        home_id = act.session.get_one(Person, person_id).home_id
    row = row_of(compound, "王磊")
    assert "No working way in Card: Chosen, nothing to use yet Not invited" in words(row)
    assert row.count('class="pale"') == 1
    assert "No working way in" in page_of(compound, f"/manage/people/{person_id}")
    assert page_of(compound, f"/manage/people/homes/{home_id}").count("No working way in") == 1


def test_who_was_never_given_a_card_has_no_working_way_in(compound) -> None:
    with compound.act() as act:
        add_person(act, display_name="新来的", kind="staff", lanes=["north-in"])
    assert "No working way in Card: Chosen, nothing to use yet" in words(row_of(compound, "新来的"))


def test_who_has_a_working_card_is_active_and_their_way_is_plain(compound) -> None:
    row = row_of(compound, "王磊")
    assert "Active Card Not invited" in words(row)
    assert 'class="pale"' not in row


def test_a_revoked_invitation_is_none(compound) -> None:
    with compound.act() as act:
        invite(act, compound.persons["王磊"])
        revoke_invitations(act, compound.persons["王磊"])
    assert "Not invited" in words(row_of(compound, "王磊"))
