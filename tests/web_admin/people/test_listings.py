"""Homes and people as lists: in the order of their numbers, over pages."""

import re

import pytest

from tests.web_admin.manage.acting_pages import at
from tests.web_admin.manage.moved_people import names_in
from web_admin.action.base import one_publication
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.mark.wide
def test_homes_stand_in_the_order_of_their_numbers_over_pages(client, compound):
    with at(compound) as act, one_publication(act) as quiet:
        for number in range(200, 0, -1):
            add_home(quiet, f"9-{number}")
    seen, path = [], "/manage/people/?building=9"
    while path:
        page = client.get(path).text
        seen += re.findall(r'<a class="number"[^>]*>9-(\d+)</a>', page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == [str(number) for number in range(1, 201)]


def test_people_without_a_home_are_paged_too(client, compound):
    with at(compound) as act, one_publication(act) as quiet:
        for number in range(100):
            add_person(quiet, display_name=f"Guard {number:03d}", kind="staff", lanes=())
    assert "All without a home" in client.get("/manage/people/?kind=staff").text
    first = client.get("/manage/people/?building=none").text
    second = client.get("/manage/people/?building=none&amp;after=40".replace("&amp;", "&")).text
    assert len(names_in(first)) == len(names_in(second)) == 40
    assert not set(names_in(first)) & set(names_in(second))
