"""Words of a search are in no address."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.found_pages import PATH

TEMPLATES = Path(__file__).parents[3] / "web_admin/templates/manage"


# -- addresses -----------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.parametrize(
    ("page", "fields", "leads_to"),
    [
        ("/manage/", {}, "/manage/search/"),
        ("/manage/people/", {"where": "people", "building": "3", "state": ""}, "/manage/people/?building=3&"),
        ("/manage/visitors/", {"where": "visitors", "whose": "office"}, "/manage/visitors/?whose=office&"),
        ("/manage/try", {"where": "try", "lane": "north-in"}, "/manage/try?lane=north-in&"),
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
