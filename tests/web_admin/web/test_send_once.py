"""A form that is sent twice shows the same secret and makes no second one."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press, switch
from tests.web_admin.web.sent_twice import form_of, made, shown
from web_admin.compound.models import Invitation, Person
from web_admin.people.members import add_child


@pytest.mark.wide
@pytest.mark.parametrize(
    ("seen_on", "path", "fields", "mark", "kind"),
    [
        ("/r/", "/r/ways/pin", {"on": "1"}, "data-pin", "pin"),
        (
            "/r/visitors",
            "/r/visitors/code",
            {"minutes": "60", "gate_number": "1"},
            "data-visitor-code",
            "visitor_code",
        ),
    ],
)
def test_what_a_double_tap_makes_is_one_and_both_answers_show_it(
    small_compound: Compound,
    phone: FlaskClient,
    seen_on: str,
    path: str,
    fields: dict[str, str],
    mark: str,
    kind: str,
) -> None:
    before = made(small_compound, kind)
    form = form_of(phone.get(seen_on).text, path) | fields
    first, second = phone.post(path, data=form), phone.post(path, data=form)
    assert shown(first.text, mark)
    assert shown(first.text, mark) == shown(second.text, mark)
    assert made(small_compound, kind) == before + 1


@pytest.mark.wide
def test_a_second_pin_for_an_emergency_is_one_and_both_answers_show_it(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    form = form_of(phone.get("/r/help").text, "/r/pin") | {"second": "1"}
    asked = phone.post("/r/pin", data=form)
    assert "Make a new PIN?" in asked.text
    form = form_of(asked.text, "/r/pin") | {"second": "1", "sure": "1"}
    first, second = phone.post("/r/pin", data=form), phone.post("/r/pin", data=form)
    assert shown(first.text, "data-pin") == shown(second.text, "data-pin") != ""
    assert made(small_compound, "pin") == 2


def test_an_invitation_of_the_home_is_one_and_both_answers_show_its_code(
    small_compound: Compound, phone: FlaskClient
) -> None:
    form = form_of(phone.get("/r/home").text, "/r/home/members")
    form |= {"display_name": "Lin Mei", "age_band": "adult"}
    first, second = (phone.post("/r/home/members", data=form) for _tap in range(2))
    assert shown(first.text, "data-home-code") == shown(second.text, "data-home-code") != ""
    with small_compound.session() as session:
        added = session.scalars(select(Person).where(Person.display_name == "Lin Mei")).one()
        invitations = select(Invitation).where(Invitation.person_id == added.person_id)
        assert len(session.scalars(invitations).all()) == 1


@pytest.mark.wide
def test_a_childs_pin_is_one_and_both_answers_show_it(small_compound: Compound, phone: FlaskClient) -> None:
    with small_compound.act("phone", small_compound.person_id) as act:
        child = add_child(
            act,
            small_compound.person_id,
            display_name="Little",
            until=None,
            agrees_to="I agree.",
            language="en",
            waits=False,
        ).person_id
    path = f"/r/home/with/{child}/pin"
    form = form_of(phone.get(f"/r/home/with/{child}").text, path)
    first, second = phone.post(path, data=form), phone.post(path, data=form)
    assert shown(first.text, "data-pin") == shown(second.text, "data-pin") != ""
    assert made(small_compound, "pin") == 1


def test_a_form_that_was_refused_may_be_sent_again(phone: FlaskClient) -> None:
    form = form_of(phone.get("/r/visitors").text, "/r/visitors/code") | {"gate_number": "1"}
    assert phone.post("/r/visitors/code", data=form | {"minutes": "9"}).status_code == 422
    again = phone.post("/r/visitors/code", data=form | {"minutes": "30"})
    assert shown(again.text, "data-visitor-code")


@pytest.mark.wide
def test_each_form_of_a_page_has_a_token_of_its_own(phone: FlaskClient) -> None:
    switch(phone, "pin", on=True)
    page = phone.get("/r/").text
    assert form_of(page, "/r/pin")["once"] != form_of(page, "/r/ways/pin")["once"]
    assert press(phone, "/r/ways/pin", on="0").status_code == 303
