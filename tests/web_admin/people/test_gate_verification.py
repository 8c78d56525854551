"""A phone that an invitation opened is believed when the card or PIN opens a gate while it says so."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from tests.support.acting import add_lane, manager
from web_admin.action.phone_verification import INVITED, INVITED_AGAIN
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.people.actions import add_person
from web_admin.people.gate_verification import verify_by_gate_events
from web_admin.people.homes import add_home
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.phone_verification import MAX_VERIFICATIONS_ASKED, request_verification
from web_admin.visitors.actions import issue_visitor_code


def entry(person_id, at, *, credential_id, method="card", opens=True):
    facts = {"lane_id": "north-in", "method": method, "opens": opens, "reason": "granted"}
    personal = {"person_id": person_id, "credential_id": credential_id}
    return chain_entry(GENESIS, 1, at, "access", facts, personal)


def credential_of(session, person_id, kind, *, duress=False):
    wanted = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == person_id, CredentialRow.kind == kind, CredentialRow.duress.is_(duress)
    )
    return session.scalars(wanted).one()


def by_gate(session, sealer, at):
    return replace(manager(session, sealer, session.get_one(Gate, "north").site_id, at), channel="gate")


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
        accept_invitation(session, act.sealer, invite(act, person.person_id), now)
        later = now + timedelta(hours=1)
        accept_invitation(session, act.sealer, invite(replace(act, now=later), person.person_id), later)
        phone = replace(act, actor_id=person.person_id, channel="phone", now=now + timedelta(hours=2))
        request_verification(phone, person.person_id)
        assert session.get_one(Person, person.person_id).phone_unproven == INVITED_AGAIN
        return person.person_id


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize(
    ("hours", "changes", "believed"),
    [
        (2.05, {}, True),
        (2.05, {"method": "pin"}, True),
        (1.99, {}, False),
        (2.1, {}, False),
        (2, {"method": "qr"}, False),
        (2, {"method": "face"}, False),
        (2, {"opens": False}, False),
        (0.5, {}, False),
        (50, {}, False),
    ],
)
def test_only_an_own_card_or_pin_that_opened_in_the_phones_minutes_counts(
    database, sealer, now, invited, hours, changes, believed
):
    late = now + timedelta(days=1)
    with database.session() as session:
        own = credential_of(session, invited, "pin" if changes.get("method") == "pin" else "card")
        shown = entry(invited, now + timedelta(hours=hours), credential_id=own, **changes)
        verify_by_gate_events(by_gate(session, sealer, late), [shown])
        assert (session.get_one(Person, invited).phone_unproven != INVITED_AGAIN) is believed


def test_a_visitors_code_proves_nothing_about_its_host(database, sealer, site, now, invited):
    """An attacker who knows one may come to the gate with a stolen invitation."""
    typed_at, late = now + timedelta(hours=2), now + timedelta(days=1)
    with database.session() as session:
        home_id = session.get_one(Person, invited).home_id
        host = replace(manager(session, sealer, site, typed_at), actor_id=invited, channel="desk")
        issue_visitor_code(host, home_id=home_id, issuer_person_id=invited, lanes=["north-in"])
        code = credential_of(session, invited, "visitor_code")
        shown = entry(invited, typed_at, credential_id=code, method="pin")
        verify_by_gate_events(by_gate(session, sealer, late), [shown])
        assert session.get_one(Person, invited).phone_unproven == INVITED_AGAIN


def test_a_duress_pin_proves_a_phone_as_the_usual_one_does(database, sealer, now, invited):
    """A person who watches must not learn from the phone which of the two was typed."""
    with database.session() as session:
        duress = credential_of(session, invited, "pin", duress=True)
        shown = entry(invited, now + timedelta(hours=2), credential_id=duress, method="pin")
        verify_by_gate_events(by_gate(session, sealer, now + timedelta(days=1)), [shown])
        assert session.get_one(Person, invited).phone_unproven is None


def test_no_other_phone_is_believed(database, sealer, now, invited):
    with database.session() as session:
        own = credential_of(session, invited, "card")
        shown = entry("0" * 16, now + timedelta(hours=2), credential_id=own)
        verify_by_gate_events(by_gate(session, sealer, now + timedelta(days=1)), [shown])
        assert session.get_one(Person, invited).phone_unproven == INVITED_AGAIN


def test_a_pin_that_the_home_gave_proves_nothing(database, sealer, now, invited):
    with database.session() as session:
        pin = credential_of(session, invited, "pin")
        session.get_one(CredentialRow, pin).known_to_home = True
        shown = entry(invited, now + timedelta(hours=2), credential_id=pin, method="pin")
        verify_by_gate_events(by_gate(session, sealer, now + timedelta(days=1)), [shown])
        assert session.get_one(Person, invited).phone_unproven == INVITED_AGAIN


@pytest.mark.wide
def test_who_asks_over_and_over_is_sent_to_the_desk(database, sealer, site, now, invited):
    with database.session() as session:
        act = manager(session, sealer, site, now + timedelta(hours=3))
        phone = replace(act, actor_id=invited, channel="phone")
        for _time in range(MAX_VERIFICATIONS_ASKED - 1):
            request_verification(phone, invited)
        with pytest.raises(ActionRefused, match="ten times"):
            request_verification(phone, invited)


def test_a_passage_without_the_phones_request_proves_nothing(database, sealer, site, now):
    """The owner comes home every day, also while another person holds the phone."""
    with database.session() as session:
        act = manager(session, sealer, site, now)
        add_lane(act)
        person = add_person(act, display_name="Lin Wei", home_id=add_home(act, "3-1203").home_id)
        card = issue_card(act, person.person_id, 111)
        accept_invitation(session, act.sealer, invite(act, person.person_id), now)
        assert person.phone_unproven == INVITED
        shown = entry(person.person_id, now + timedelta(hours=2), credential_id=card.credential_id)
        verify_by_gate_events(by_gate(session, sealer, now + timedelta(days=1)), [shown])
        assert person.phone_unproven == INVITED
