"""My ways in: switches, the card, the PIN."""

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.resident_compound import Compound
from tests.unit.web_admin.resident.pressing import press, switch
from web_admin.models import CredentialRow, Person


def methods(compound: Compound) -> list[str]:
    with compound.session() as session:
        return session.get_one(Person, compound.person_id).methods


def card_state(compound: Compound) -> str:
    with compound.session() as session:
        return session.get_one(CredentialRow, compound.card_id).state


def test_the_four_ways_stand_in_their_fixed_order(phone: FlaskClient) -> None:
    page = phone.get("/r/").text
    places = [page.index(f'id="{method}"') for method in ("card", "pin", "qr", "face")]
    assert places == sorted(places)


def test_the_last_working_way_stays_on_and_the_page_says_why(
    compound: Compound, phone: FlaskClient
) -> None:
    assert "This is your only working way in besides face" in phone.get("/r/").text
    switch(phone, "card", on=False)
    assert methods(compound) == ["card"]
    assert "Choose at least one of card, PIN and QR code." in phone.get("/r/").text


def test_with_another_way_the_card_can_be_switched_off(compound: Compound, phone: FlaskClient) -> None:
    switch(phone, "qr", on=True)
    switch(phone, "card", on=False)
    assert methods(compound) == ["qr"]


def test_switching_the_pin_on_shows_a_new_pin_on_that_answer_only(
    compound: Compound, phone: FlaskClient
) -> None:
    shown = switch(phone, "pin", on=True).text
    digits = shown.partition("data-pin>")[2][:6]
    assert digits.isdecimal()
    assert digits not in phone.get("/r/").text
    assert methods(compound) == ["card", "pin"]


def test_a_new_pin_ends_the_old_one(compound: Compound, phone: FlaskClient) -> None:
    switch(phone, "pin", on=True)
    press(phone, "/r/pin")
    with compound.session() as session:
        states = session.scalars(
            select(CredentialRow.state)
            .where(CredentialRow.person_id == compound.person_id, CredentialRow.kind == "pin")
            .order_by(CredentialRow.state)
        ).all()
    assert states == ["active", "ended"]


def test_the_card_is_suspended_and_resumed_in_one_tap_each(compound: Compound, phone: FlaskClient) -> None:
    press(phone, f"/r/cards/{compound.card_id}/suspend")
    assert card_state(compound) == "suspended"
    assert "On, but your card is suspended" in phone.get("/r/").text
    press(phone, f"/r/cards/{compound.card_id}/resume")
    assert card_state(compound) == "active"


def test_a_duress_pin_appears_on_no_page_and_in_no_export(compound: Compound, phone: FlaskClient) -> None:
    from web_admin.credentials import issue_duress_pin

    switch(phone, "pin", on=True)
    before = phone.get("/r/records/export.json").json
    assert before is not None
    with compound.act("manager") as act:
        issue_duress_pin(act, compound.person_id)
    after = phone.get("/r/records/export.json").json
    assert after is not None
    assert after["credentials"] == before["credentials"]
    assert "duress" not in phone.get("/r/").text + str(after)
