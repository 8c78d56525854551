"""The menu and the one search: what a role may not see is neither shown nor found."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import url_for
from flask_babel import force_locale

from tests.support.compounds.resident import csrf_of
from web_admin.accounts.permissions import ACTIONS_BY_ROLE, access_of
from web_admin.manage.search_pages import FOUND_PAGES
from web_admin.web.navigation import GROUPS, PAGES, menu

PATH = "/manage/search/"
TEMPLATES = Path(__file__).parents[3] / "web_admin/templates/manage"
NOT_SEARCHED = {
    "live.stream": "a stream, no page",
    "live.waiting": "figures, no page",
    "bulk.preview": "read, it leads back to the list where people are chosen",
    "bulk.act": "read, it leads back to the list where people are chosen",
    "restored.show": "of a restored server alone, where *Now* leads to it until all is decided",
    "search.show": "the search itself, which is on every page",
}
"""Pages of the office without an id that the search does not name, with the reason."""


def found(client, text: str):
    answer = client.get(PATH, query_string={"q": text})
    return answer if answer.status_code == 302 else answer.text.partition("<main")[2]


def test_the_menu_has_three_groups_and_eight_items_that_hold_every_page() -> None:
    assert len(GROUPS) == 3
    assert sum(len(items) for _group, items in GROUPS) == 8
    assert len({page.endpoint for page in PAGES}) == len(PAGES) == 15


@pytest.mark.parametrize(
    ("role", "items"), [("manager", 8), ("guard", 6), ("installer", 2), ("privacy_officer", 2)]
)
def test_a_role_sees_only_what_it_may(role, items) -> None:
    shown = menu(lambda action: action in ACTIONS_BY_ROLE[role])
    assert sum(len(of_group) for _group, of_group in shown) == items
    assert all(
        page.action in ACTIONS_BY_ROLE[role]
        for _group, of_group in shown
        for item in of_group
        for page in item.pages
    )


def test_people_and_homes_are_found_by_name_and_number(compound) -> None:
    page = found(compound.signed_in("manager"), "王")
    assert "王芳" in page
    assert "Home 3-1203" in page
    homes = found(compound.signed_in("manager"), "3-1203")
    assert "/manage/people/homes/" in homes
    assert "王芳" in homes


def test_the_only_thing_found_is_opened(compound) -> None:
    answer = found(compound.signed_in("manager"), "Ana Ruiz")
    assert answer.status_code == 302
    assert "/manage/people/" in answer.headers["Location"]


def test_a_long_text_makes_no_long_address(compound) -> None:
    manager = compound.signed_in("manager")
    token = csrf_of(manager.get(PATH).text)
    led = [
        manager.post(PATH, data={"q": "x" * length, "csrf_token": token}).headers["Location"]
        for length in (60, 5000)
    ]
    assert len(led[0]) == len(led[1])
    assert 'value="" maxlength="40"' in manager.get("/manage/people/").text
    assert 'value="" maxlength="60"' in manager.get("/manage/visitors/").text


def test_an_installer_finds_gates_and_lanes_but_no_person_and_no_event(compound) -> None:
    installer = compound.signed_in("installer")
    assert "Nothing found" in found(installer, "王")
    assert "Nothing found" in found(installer, "Passages")
    gates = found(installer, "北门")
    assert "/manage/gates/north" in gates
    assert "/manage/lanes/north-in" in gates


def test_a_guard_finds_events_and_pages_that_guards_may_see(compound) -> None:
    guard = compound.signed_in("guard")
    assert "kind=alarms" in found(guard, "Alarms")
    assert "Nothing found" in found(guard, "Settings")


def test_whose_card_it_is_needs_a_reason(compound) -> None:
    manager = compound.signed_in("manager")
    page = found(manager, "0004200001")
    assert "Why do you look?" in page
    assert "/manage/people/" not in page
    assert "Why do you look?" not in found(compound.signed_in("guard"), "0004200001")


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


# -- addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "fields", "leads_to"),
    [
        ("/manage/", {}, "/manage/search/"),
        ("/manage/people/", {"where": "people", "building": "3", "state": ""}, "/manage/people/?building=3&"),
        ("/manage/visitors/", {"where": "visitors", "whose": "office"}, "/manage/visitors/?whose=office&"),
        ("/manage/events/why", {"where": "why"}, "/manage/events/why?"),
        ("/manage/", {"where": "https://example.org"}, "/manage/search/"),
    ],
)
def test_no_address_holds_a_name_that_someone_looks_for(compound, page, fields, leads_to) -> None:
    client = compound.signed_in("manager")
    sent = client.post(PATH, data={"csrf_token": csrf_of(client.get(page).text), "q": " 王 ", **fields})
    assert sent.status_code == 303
    assert sent.location.startswith(leads_to)
    assert "王" not in unquote(sent.location)
    assert "王" in client.get(sent.location).text.partition("<main")[2]


def test_no_form_of_the_office_sends_what_is_typed_in_an_address() -> None:
    forms = re.compile(r'<form[^>]*method="get".*?</form>', re.DOTALL)
    typed = [
        (path.name, form)
        for path in TEMPLATES.glob("*.html")
        for form in forms.findall(path.read_text(encoding="utf-8"))
        if re.search(r'type="(search|text)"', form)
    ]
    assert typed == []


def test_links_from_a_list_that_was_searched_hold_no_name(compound) -> None:
    client = compound.signed_in("manager")
    sent = client.post(
        PATH,
        data={
            "csrf_token": csrf_of(client.get("/manage/people/").text),
            "where": "people",
            "q": "e",
        },
    )
    page = client.get(sent.location).text
    assert 'value="e"' in page
    assert not re.search(r'href="[^"]*[?&;]q=', page)
