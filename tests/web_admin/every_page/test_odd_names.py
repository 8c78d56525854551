"""No text that someone typed or a gate sent is markup in a page: in each column, parameter and field."""

import inspect
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.odd_names import ODD, put_odd_names
from tests.web_admin.every_page.form_walk import Walk
from web_admin.core.database import current_menjin

LINKS = ("href", "src", "action", "formaction")
PAGES = ("text/html", "image/svg+xml")
HELD_NO_TEXT = {
    "call_settings.hosts",
    "credential.lanes",
    "gate.knows",
    "gate.published_knows",
    "gate_face.status",
    "gate_handover.cursor",
    "home_call.media_answer",
    "home_call.media_offer",
    "home_call_wishes.blocked_gates",
    "lane.interlock_with",
    "limit_count.counted",
    "limit_count.limit_name",
    "outbox_message.body",
    "server_machine.name",
    "server_machine.program",
    "server_machine.run",
}
"""Columns without a row in this compound, or with lists and objects that are empty or hold no text."""
READ = re.compile(r'args\.get(?:list)?\("(\w+)"|"(\w+)" in request\.args')


class Markup(HTMLParser):
    """What of a page an odd text has become, and the parameters that its links and forms send."""

    def __init__(self, answer) -> None:
        super().__init__()
        self.odd: list[str] = []
        self.names: set[str] = set()
        if answer.mimetype in PAGES:
            self.feed(answer.text)

    def handle_starttag(self, tag, attrs) -> None:
        known = {name: value or "" for name, value in attrs}
        links = [known.get(name, "") for name in LINKS]
        if "onodd" in known or any(link.startswith("javascript:") for link in links):
            self.odd.append(self.get_starttag_text()[:200])
        self.names |= {name for link in links for name, _value in parse_qsl(urlsplit(link).query)}
        self.names |= {known["name"]} if tag in ("input", "select") and "name" in known else set()


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    walk = Walk(tmp_path_factory.mktemp("compound"))
    with walk.compound.app.app_context(), current_menjin().database.session() as session:
        walk.without_text = put_odd_names(session)
    walk.keep()
    yield walk
    walk.compound.close()


def read_page(walk: Walk, letter: str, path: str):
    forget_tries(walk.compound.app)
    return walk.get(letter, path)


def names_read_by(walk: Walk, path: str, page: Markup) -> Iterator[str]:
    """Yield the parameters that a page's module reads or that the page's own links and forms send."""
    endpoint, _arguments = walk.compound.app.url_map.bind("localhost").match(urlsplit(path).path)
    view = inspect.unwrap(walk.compound.app.view_functions[endpoint])
    source = inspect.getsource(inspect.getmodule(view))
    yield from {first or second for first, second in READ.findall(source)} | page.names | {"next"}


@pytest.mark.wide
def test_no_page_takes_a_stored_text_for_markup(walk) -> None:
    wrong, faults = {}, {}
    for letter, path in walk.pages():
        answer = read_page(walk, letter, path)
        if answer.status_code >= 500:
            faults[path] = answer.status_code
        if odd := Markup(answer).odd:
            wrong[f"{letter} {path}"] = odd
    assert (wrong, faults) == ({}, {})
    assert walk.without_text == HELD_NO_TEXT


@pytest.mark.wide
def test_no_page_takes_a_parameter_for_markup(walk) -> None:
    wrong, tried = {}, set()
    for path, letter in {path: letter for letter, path in walk.pages()}.items():
        names = list(names_read_by(walk, path, Markup(read_page(walk, letter, path))))
        joint = "&" if "?" in path else "?"
        queries = [urlencode({name: ODD}) for name in names]
        for query in [*queries, "&".join(queries), f"{quote(ODD)}=%00"]:
            answer = read_page(walk, letter, path + joint + query)
            tried |= set(names)
            if odd := Markup(answer).odd:
                wrong[f"{letter} {path} {query[:40]}"] = odd
    assert wrong == {}
    assert {"q", "next", "place", "show", "day", "grant", "then"} <= tried


@pytest.mark.wide
def test_no_answer_to_a_form_takes_a_text_for_markup(walk) -> None:
    wrong = {}
    for (endpoint, names), (letter, path, index) in walk.forms().items():
        for how in ("shown", "odd"):
            if odd := Markup(walk.send(letter, path, index, how)).odd:
                wrong[f"{letter} {path} -> {endpoint} {how} {sorted(names)}"] = odd
    assert wrong == {}
