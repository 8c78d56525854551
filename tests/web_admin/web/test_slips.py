"""Printed slips and codes."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.desk import press, read, served_with_card
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import switch
from tests.web_admin.web.sent_twice import form_of, made, shown
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


def test_no_slip_of_a_residents_own_visitor_is_shown_to_staff(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        own = new_action(current_menjin(), session, compound.site_id, wang, "phone", now=compound.clock())
        pass_id = issue_pass(own, issuer_person_id=wang, label="aunt", gate_numbers=[1]).pass_id
    client = compound.signed_in("guard")
    assert client.get(f"/manage/lost-card/slip/{pass_id}").status_code == 404
    assert client.get(f"/manage/visitors/{pass_id}/slip").status_code == 404


def test_the_offices_pass_prints_as_a_slip_in_one_language_or_both(compound):
    client = compound.signed_in("guard")
    pass_id = read(compound, lambda s: s.scalars(select(VisitorPassRow.pass_id)).one())
    both = client.get(f"/manage/visitors/{pass_id}/slip").text
    assert "访客通行证" in both
    assert "Visitor&#39;s pass" in both
    assert "电梯维保" not in both
    assert "Visitor&#39;s pass" not in client.get(f"/manage/visitors/{pass_id}/slip?slip_language=zh").text
    dots, side = re.search(r'width="([\d.]+)mm" height="[\d.]+mm" data-dots="(\d+)"', both).groups()[::-1]
    assert float(side) <= 48
    assert float(side) * 8 % int(dots) == 0


def made_at_the_desk(client):
    """Open a visit by the card, make a printed code and return the page to print."""
    served_with_card(client)
    made = press(client, "/r/", "/r/printed-code")
    assert made.status_code == 303
    return client.get(made.location)


def test_each_module_of_the_card_is_a_whole_number_of_dots(compound):
    page = made_at_the_desk(compound.signed_in("guard")).text
    side, dots = re.search(r'width="([\d.]+)mm" height="[\d.]+mm" data-dots="(\d+)"', page).groups()
    assert float(side) <= 42
    assert float(side) * 8 % int(dots) == 0


def test_after_a_minute_and_for_any_other_person_a_sent_form_shows_nothing_and_makes_nothing(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient, clock: SetClock
) -> None:
    switch(phone, "pin", on=True)
    form = form_of(phone.get("/r/").text, "/r/pin")
    form = form_of(phone.post("/r/pin", data=form).text, "/r/pin") | {"sure": "1"}
    pin = shown(phone.post("/r/pin", data=form).text, "data-pin")
    stranger = neighbour.post("/r/pin", data=form | {"csrf_token": csrf_of(neighbour.get("/r/").text)})
    assert stranger.status_code == 303
    clock.now += timedelta(minutes=1)
    late = phone.post("/r/pin", data=form, follow_redirects=True)
    assert "This was already done a moment ago. It was not done twice." in late.text
    assert pin not in late.text
    assert made(small_compound, "pin") == 2
