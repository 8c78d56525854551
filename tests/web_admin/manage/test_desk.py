"""The office's page of the desk: for those who may serve, and beside their own pages."""

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import (
    CARD_OF_LIN,
    CARD_OF_WANG,
    card_of,
    give_pins,
    hidden_of,
    press,
    read,
    served_with_card,
)
from tests.web_admin.desk.visits import entries
from web_admin.desk.models import DeskVisitRow


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


@pytest.mark.wide
def test_the_button_the_next_visit_and_signing_out_end_a_visit(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    press(client, "/r/", "/manage/desk/end")
    assert client.get("/r/").status_code == 403
    served_with_card(client)
    served_with_card(client, CARD_OF_LIN)
    assert "1‑0101" in client.get("/r/").text
    press(client, "/manage/desk", "/staff/sign-out")
    why = select(DeskVisitRow.ended_why).order_by(DeskVisitRow.opened_at, DeskVisitRow.ended_why)
    assert sorted(read(compound, lambda s: s.scalars(why).all())) == ["another", "button", "signed_out"]
    assert client.get("/r/").status_code == 302


@pytest.mark.parametrize("begins", ["card", "pin"])
def test_a_second_press_goes_on_with_the_visit_of_the_first_whose_answer_was_not_read(compound, begins):
    pins = give_pins(compound)
    client = compound.signed_in("guard")
    typed = {"card": {"number": CARD_OF_WANG}, "pin": {"home": "3-1203", "pin": pins.duress}}[begins]
    sent = hidden_of(client.get("/manage/desk").text, f"/manage/desk/{begins}") | typed
    client.post(f"/manage/desk/{begins}", data=sent)
    with client.session_transaction() as session:
        del session["desk_visit"]
    assert client.post(f"/manage/desk/{begins}", data=sent).status_code == 303
    assert len(entries(compound, "desk_asked")) == 1
    (visit,) = read(compound, lambda s: s.scalars(select(DeskVisitRow)).all())
    assert visit.ended_at is None
    page = client.get("/manage/desk").text
    assert "/manage/desk/proof" in page
    assert "It was not done twice." in page


@pytest.mark.wide
def test_staffs_own_pages_beside_a_visit_stay_staffs_own(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    lin = compound.persons["林薇"]
    card = read(compound, lambda s: card_of(s, lin))
    press(client, f"/manage/people/{lin}", f"/manage/cards/{card}/suspend")
    (suspended,) = entries(compound, "credential_suspended")
    assert suspended.facts["channel"] == "manager"
    assert "assisted" not in suspended.facts
    assert client.get(f"/manage/events/person/{wang}").status_code == 403
