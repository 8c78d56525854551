"""The pages that the search finds by name: each that opens without an id, in both languages."""

import re

import pytest
from flask import url_for
from flask_babel import force_locale

from tests.web_admin.manage.found_pages import PATH, found
from web_admin.accounts.permissions import ACTIONS_BY_ROLE, access_of
from web_admin.manage.search_pages import FOUND_PAGES

NOT_SEARCHED = {
    "access_review.asked": "what a review asks: *Own account* leads to it while something waits",
    "live.stream": "a stream, no page",
    "live.waiting": "figures, no page",
    "gate_map.plan": "a file of the map, no page",
    "bulk.preview": "read, it leads back to the list where people are chosen",
    "bulk.act": "read, it leads back to the list where people are chosen",
    "restored.show": "of a restored server alone, where *Now* leads to it until all is decided",
    "search.show": "the search itself, which is on every page",
}
"""Pages of the office without an id that the search does not name, with the reason."""


# -- pages by name -------------------------------------------------------------------------------------


def opened_without_an_id(app) -> set[str]:
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.rule.startswith("/manage")
    }


def test_every_page_that_opens_without_an_id_is_found_or_has_a_reason_not_to_be(compound) -> None:
    pages = opened_without_an_id(compound.app)
    named = {page.endpoint for page in FOUND_PAGES}
    assert pages - named == set(NOT_SEARCHED), "add a line to web_admin/manage/search_pages.py"
    assert named - pages == set()
    assert len(named) == len(FOUND_PAGES)


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("role", ACTIONS_BY_ROLE)
def test_each_role_finds_its_pages_alone_by_name_and_may_open_them(compound, role, language) -> None:
    client = compound.signed_in(role)
    with client.session_transaction() as session:
        session["language"] = language
    for page in FOUND_PAGES:
        action = access_of(compound.app, page.endpoint)[1]
        with compound.app.test_request_context():
            path = url_for(page.endpoint)
            with force_locale(language):
                name = str(page.label)
        shown = client.get(PATH, query_string={"q": name})
        listed = re.findall(r'class="what" href="([^"]+)"', shown.text)
        links = [shown.location] if shown.status_code == 302 else listed
        assert (path in links) == (action in ACTIONS_BY_ROLE[role]), (role, name, links)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("emergency", "/manage/emergency/"),
        ("fire brigade", "/manage/emergency/"),
        ("消防", "/manage/emergency/"),
        ("firmware", "/manage/updates/"),
        ("holiday", "/manage/hours/days/new"),
        ("节假日", "/manage/hours/days/new"),
        ("password", "/manage/account"),
        ("API", "/manage/keys/"),
        ("smtp", "/manage/settings/mail"),
        ("Datenschutz", None),
        ("lice", None),
    ],
)
def test_pages_are_found_by_other_words_in_both_languages(compound, text, path) -> None:
    answer = found(compound.signed_in("manager"), text)
    shown = answer if isinstance(answer, str) else answer.location
    assert (path in shown) if path is not None else "Nothing found" in shown
