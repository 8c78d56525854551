"""A home's cards without a holder: they open, give no other way in, and find their holder later."""

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, gate_view, offer_face, show_card
from tests.web_admin.people_import.read_in import read_in
from web_admin.action.base import Action
from web_admin.compound.models import UNASSIGNED, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.pins import issue_pin
from web_admin.face.actions import consentable_notice
from web_admin.people.actions import add_person
from web_admin.people.invitations import invite
from web_admin.people.unassigned_cards import give_to_person
from web_admin.people_import.check import check_people


@pytest.mark.publishing
def test_a_card_without_a_holder_opens_belongs_to_the_home_and_finds_its_holder_later(act: Action) -> None:
    add_lane(act)
    sheet = "home,name,kind,card\n3-1203,,,1001\n3-1203,,,1002\n3-1203,林一,,\n"
    done = read_in(act, sheet)
    assert (done.added, done.home_cards) == (1, 2)
    holder_id = show_card(act, 1001).person_id
    holder = act.session.get_one(Person, holder_id)
    assert (holder.kind, holder.home.number) == (UNASSIGNED, "3-1203")
    assert show_card(act, 1002).person_id == holder_id
    assert check_people(act, sheet.encode()).does_nothing
    lin = act.session.scalars(select(Person).where(Person.display_name == "林一")).one()
    card = next(row for row in holder.credentials if row.lookup == card_lookup(act.sealer, 1001))
    give_to_person(act, card.credential_id, lin.person_id)
    assert (show_card(act, 1001).opens, show_card(act, 1001).person_id) == (True, lin.person_id)
    assert read_in(act, "home,name,kind,card\n3-1203,林一,,1002\n").changed == 1
    assert (show_card(act, 1002).opens, show_card(act, 1002).person_id) == (True, lin.person_id)


@pytest.mark.publishing
def test_a_homes_unassigned_cards_give_no_phone_pin_or_face(act: Action) -> None:
    add_lane(act)
    read_in(act, "home,name,kind,card\n3-1203,,,1001\n3-1203,Lin,,1002\n")
    holder_id = str(show_card(act, 1001).person_id)
    offer_face(act)
    for forbidden in (
        lambda: invite(act, holder_id),
        lambda: issue_pin(act, holder_id),
        lambda: consentable_notice(by_phone(act, holder_id), act.session.get_one(Person, holder_id), 1, "en"),
    ):
        with pytest.raises(ActionRefused, match="belong to the home"):
            forbidden()
    offers = gate_view(act).face_offers
    assert (len(offers), holder_id in offers) == (1, False)
    other = add_person(act, display_name="Other")
    with pytest.raises(ActionRefused, match="same home"):
        give_to_person(
            act, act.session.get_one(Person, holder_id).credentials[0].credential_id, other.person_id
        )
