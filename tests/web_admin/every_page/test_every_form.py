"""Every form that a page shows, sent as it is shown and with nothing in it: done, or refused in a summary."""

from urllib.parse import urlsplit

import pytest

from tests.web_admin.every_page.form_walk import Forms, Walk
from tests.web_admin.every_page.stored_rows import rows_of

DONE = (200, 201, 302, 303)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    walk = Walk(tmp_path_factory.mktemp("compound"))
    yield walk
    walk.compound.close()


def wrong_with(answer) -> str:
    """Return what is missing in an answer to a form, "" where it is done or refused as it should be."""
    if answer.mimetype != "text/html":
        return "" if answer.status_code in DONE else f"{answer.status_code} without a page"
    page = Forms(answer.text, "/")
    if answer.status_code in DONE and not page.summaries:
        return f"{page.invalid} fields marked, no summary" if page.invalid else ""
    if len(page.summaries) != 1:
        return f"{answer.status_code} with {len(page.summaries)} summaries"
    (summary,) = page.summaries
    if summary.get("tabindex") != "-1" or "autofocus" not in summary:
        return "a summary that takes no focus"
    lost = [place for place in page.links_of_summary if place not in page.ids]
    return f"links to nowhere: {lost}" if lost else ""


@pytest.mark.wide
def test_every_form_is_done_or_says_in_a_summary_what_is_missing(walk) -> None:
    wrong = {}
    for (endpoint, names), (letter, path, index) in walk.forms().items():
        for how in ("shown", "empty"):
            said = wrong_with(walk.send(letter, path, index, how))
            if said:
                wrong[f"{letter} {path} -> {endpoint} {how} {sorted(names)}"] = said
    assert wrong == {}


@pytest.mark.wide
def test_a_form_that_is_sent_twice_does_once_what_it_does(walk) -> None:
    twice = {}
    for (endpoint, _names), (letter, path, index) in walk.forms().items():
        walk.put_back()
        form = Forms(walk.get(letter, path).text, path).forms[index]
        filled = {**form.shown, **{name: ["7"] for name in form.typed if form.shown[name] == [""]}}
        client = walk.callers.clients[letter]
        if client.post(form.action, data=filled).status_code not in DONE:
            continue
        once = rows_of(walk.file)
        client.post(form.action, data=filled)
        made = {table for table, _key in rows_of(walk.file).keys() - once.keys()}
        twice |= {f"{letter} {path} -> {endpoint}": made} if made else {}
    assert twice == {}


def visitors_form(walk, letter: str, path: str, endpoint: str) -> int:
    addresses = walk.compound.app.url_map.bind("localhost")
    forms = Forms(walk.get(letter, path).text, path).forms
    return next(
        index
        for index, form in enumerate(forms)
        if addresses.match(urlsplit(form.action).path, method="POST")[0] == endpoint
    )


@pytest.mark.wide
@pytest.mark.parametrize(
    ("letter", "path", "endpoint"),
    [
        ("R", "/r/visitors", "resident.new_pass"),
        ("M", "/manage/visitors/new", "visitors.new"),
        ("M", "/manage/visitors/weekly/new", "weekly_visitors.new"),
    ],
)
def test_a_pass_is_made_with_its_defaults_and_a_name_where_one_gate_reads_no_codes(
    walk, letter, path, endpoint
) -> None:
    walk.put_back()
    index = visitors_form(walk, letter, path, endpoint)
    form = Forms(walk.get(letter, path).text, path).forms[index]
    days = {"days": ["mon"]} if "weekly" in endpoint else {}
    answer = walk.callers.clients[letter].post(form.action, data={**form.shown, "label": "Aunt Li", **days})
    assert answer.status_code == 303, answer.text
    made = walk.get(letter, urlsplit(answer.location).path).text
    assert any(word in made for word in ("Outer gates", "小区出入口", "到我家的路线", "The way to")), made
    assert "车库" not in made


@pytest.mark.wide
@pytest.mark.parametrize(
    ("letter", "path", "endpoint", "once"),
    [
        ("R", "/r/visitors", "resident.new_pass", "once"),
        ("M", "/manage/visitors/new", "visitors.new", "1"),
    ],
)
def test_a_pass_for_one_visit_is_made_with_its_defaults_as_well(walk, letter, path, endpoint, once) -> None:
    walk.put_back()
    index = visitors_form(walk, letter, path, endpoint)
    form = Forms(walk.get(letter, path).text, path).forms[index]
    data = {**form.shown, "label": "Aunt Li", "uses": once}
    answer = walk.callers.clients[letter].post(form.action, data=data)
    assert answer.status_code == 303, answer.text
    assert "北门" in walk.get(letter, urlsplit(answer.location).path).text


def test_the_phone_says_at_which_gate_no_code_can_be_read(walk) -> None:
    walk.put_back()
    form = walk.get("R", "/r/visitors").text.partition("new-pass")[2].partition("</form>")[0]
    assert [form.count(name) for name in ('value="1"', 'value="3"', "车库")] == [1, 0, 1]  # no choice
