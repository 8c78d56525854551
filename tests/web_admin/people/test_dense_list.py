"""The list of people says at a glance who is well, by what they come in, and who was invited."""

import re
from datetime import UTC, datetime

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from tests.support.compounds.resident import csrf_of
from web_admin.compound.models import Person
from web_admin.people.invitations import invite, revoke_invitations


@pytest.fixture
def compound(web_config, database):
    made = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    yield made
    made.close()


def row_of(compound, name: str) -> str:
    page = compound.signed_in("guard").get("/manage/people/").text
    return next(row for row in page.split("<tr")[1:] if f">{name}</a>" in row)


def words(row: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row))


def test_a_row_has_state_ways_and_phone_page_of_its_person(compound) -> None:
    person_id = compound.persons["王磊"]
    with compound.act() as act:
        act.session.get_one(Person, person_id).methods = ["card", "qr"]
    assert "Active Card QR code Not invited" in words(row_of(compound, "王磊"))
    with compound.act() as act:
        code = invite(act, person_id)
        act.session.get_one(Person, person_id).suspended = True
    assert "Suspended Card QR code Invited" in words(row_of(compound, "王磊"))
    phone = compound.app.test_client()
    phone.post("/r/welcome", data={"code": code, "csrf_token": csrf_of(phone.get("/r/welcome").text)})
    assert "QR code Joined" in words(row_of(compound, "王磊"))


def test_a_revoked_invitation_is_none(compound) -> None:
    with compound.act() as act:
        invite(act, compound.persons["王磊"])
        revoke_invitations(act, compound.persons["王磊"])
    assert "Not invited" in words(row_of(compound, "王磊"))
