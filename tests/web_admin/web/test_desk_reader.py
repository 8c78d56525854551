"""The reader at the desk is read in the form that was declared for it."""

import pytest

from tests.web_admin.manage.acting_pages import at, hidden_of
from web_admin.action.base import one_publication
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home


@pytest.fixture
def compound_with_homes(compound):
    with at(compound) as act, one_publication(act) as quiet:
        homes = [add_home(quiet, f"9-{number}") for number in (10, 9, 2)]
        add_person(quiet, display_name="何静", home_id=homes[0].home_id)
    return compound


@pytest.fixture
def client(compound_with_homes):
    return compound_with_homes.signed_in("manager")


def test_the_desk_reader_is_read_in_the_form_that_was_declared(client):
    page = client.get("/manage/cards/").text
    client.post("/manage/cards/reader", data=hidden_of(page) | {"form": "hex_reversed"})
    turned = (4200005).to_bytes(4, "little").hex()
    page = client.get("/manage/cards/").text
    found = client.post("/manage/cards/", data=hidden_of(page) | {"number": turned})
    assert "王芳" in found.text
    odd = client.post("/manage/cards/", data=hidden_of(found.text) | {"number": "no card"})
    assert "This is not a card number of the form" in odd.text
