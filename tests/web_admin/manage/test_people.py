"""The pages of homes and people: added once, searched, and of this site alone."""

import re

import pytest
from sqlalchemy import func, select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, once_of, send
from web_admin.compound.models import Person


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_a_home_number_that_exists_is_refused_and_what_was_typed_stays(client):
    answer = send(client, "/manage/people/homes/new", number="3-1203")
    assert answer.status_code == 422
    assert 'value="3-1203"' in answer.text
    assert "Home 3-1203 exists already." in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.wide
def test_a_form_sent_twice_adds_one_person(client, rows):
    page = client.get("/manage/people/new").text
    data = {
        "csrf_token": csrf_of(page),
        "once": once_of(page),
        "display_name": "何静",
        "home_id": "",
        "kind": "staff",
        "age_band": "adult",
        "language": "zh",
        "lanes": "north-in",
    }
    assert [client.post("/manage/people/new", data=data).status_code for _ in range(2)] == [303, 303]
    assert rows(lambda s: s.scalar(select(func.count()).where(Person.display_name == "何静"))) == 1


def test_search_finds_homes_and_names(client):
    assert "Ana Ruiz" in client.get("/manage/people/?q=ruiz").text
    assert "王芳" in client.get("/manage/people/?q=3-1203").text
    assert "Nothing found" in client.get("/manage/people/?q=nobody").text


def test_a_new_person_without_a_home_is_not_called_staff_before_their_kind_is_chosen(client):
    page = client.get("/manage/people/new").text
    assert "Staff without a home: all gates." in page
    assert re.search(r'<option[^>]*value="">([^<]+)<', page)[1] == "No home"
