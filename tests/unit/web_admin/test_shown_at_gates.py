"""Whoever was invited again is believed after their own card or PIN opened a gate, and not before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.journal_chain import GENESIS, chain_entry
from tests.unit.web_admin.acting import add_lane, manager
from web_admin.acts import Act
from web_admin.credentials import issue_card, issue_duress_pin, issue_pin
from web_admin.homes_and_people import accept_invitation, add_home, add_person, invite
from web_admin.models import CredentialRow, Gate, Person
from web_admin.shown_at_gates import confirm_shown
from web_admin.visitors import issue_visitor_code
from web_admin.ways_in import INVITED_AGAIN


def entry(person_id, at, *, credential_id, method="card", opens=True):
    facts = {"lane_id": "north-in", "method": method, "opens": opens, "reason": "granted"}
    personal = {"person_id": person_id, "credential_id": credential_id}
    return chain_entry(GENESIS, 1, at, "access", facts, personal)


def credential_of(session, person_id, kind, *, duress=False):
    wanted = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == person_id, CredentialRow.kind == kind, CredentialRow.duress.is_(duress)
    )
    return session.scalars(wanted).one()


@pytest.fixture
def invited(database, sealer, site, now):
    """A resident with a card who was invited a second time."""
    with database.session() as session:
        act = manager(session, sealer, site, now)
        add_lane(act)
        person = add_person(act, display_name="Lin Wei", home_id=add_home(act, "3-1203").home_id)
        issue_card(act, person.person_id, 111)
        issue_pin(act, person.person_id)
        issue_duress_pin(act, person.person_id)
        accept_invitation(session, invite(act, person.person_id), now)
        invite(replace(act, now=now + timedelta(hours=1)), person.person_id)
        assert session.get_one(Person, person.person_id).face_paused_reason == INVITED_AGAIN
        return person.person_id


@pytest.mark.parametrize(
    ("hours", "changes", "believed"),
    [
        (2, {}, True),
        (2, {"method": "pin"}, True),
        (2, {"method": "qr"}, False),
        (2, {"method": "face"}, False),
        (2, {"opens": False}, False),
        (0.5, {}, False),
    ],
)
def test_only_an_own_card_or_pin_that_opened_after_the_invitation_counts(
    database, sealer, now, invited, hours, changes, believed
):
    late = now + timedelta(days=1)
    with database.session() as session:
        own = credential_of(session, invited, "pin" if changes.get("method") == "pin" else "card")
        shown = entry(invited, now + timedelta(hours=hours), credential_id=own, **changes)
        confirm_shown(session, sealer, session.get_one(Gate, "north"), [shown], late)
        assert (session.get_one(Person, invited).face_paused_reason != INVITED_AGAIN) is believed


def test_a_visitors_code_proves_nothing_about_its_host(database, sealer, site, now, invited):
    """Whoever stole the invitation could give a code out and type it."""
    typed_at, late = now + timedelta(hours=2), now + timedelta(days=1)
    with database.session() as session:
        home_id = session.get_one(Person, invited).home_id
        phone = Act(session, sealer, site, invited, "phone", typed_at)
        issue_visitor_code(phone, home_id=home_id, issuer_person_id=invited, lanes=["north-in"])
        code = credential_of(session, invited, "visitor_code")
        shown = entry(invited, typed_at, credential_id=code, method="pin")
        confirm_shown(session, sealer, session.get_one(Gate, "north"), [shown], late)
        assert session.get_one(Person, invited).face_paused_reason == INVITED_AGAIN


def test_a_duress_pin_proves_nothing_about_who_holds_the_phone(database, sealer, now, invited):
    with database.session() as session:
        duress = credential_of(session, invited, "pin", duress=True)
        shown = entry(invited, now + timedelta(hours=2), credential_id=duress, method="pin")
        confirm_shown(session, sealer, session.get_one(Gate, "north"), [shown], now + timedelta(days=1))
        assert session.get_one(Person, invited).face_paused_reason == INVITED_AGAIN


def test_nobody_else_is_believed(database, sealer, now, invited):
    with database.session() as session:
        own = credential_of(session, invited, "card")
        shown = entry("0" * 16, now + timedelta(hours=2), credential_id=own)
        confirm_shown(session, sealer, session.get_one(Gate, "north"), [shown], now + timedelta(days=1))
        assert session.get_one(Person, invited).face_paused_reason == INVITED_AGAIN
