"""The HTML of every page, as the server sends it: valid for html-validate and the W3C's checker."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, Response

from gate_controller.command_line.command_names import server_command
from tests.browser.gallery.clients import client_of
from tests.browser.gallery.states import LANGUAGES, PAGES
from tests.browser.gallery.walk import Shown, shown_pages
from tests.browser.gallery.world import World, opened_world
from tests.browser.validators.html import html_validate, needs_html_validate, needs_vnu, vnu
from web_admin.cli.main import _parser

FEWEST = 100
"""So many states need no press: fewer were read only where reading went wrong."""


@pytest.fixture
def world() -> Iterator[World]:
    with opened_world() as opened:
        yield opened


@pytest.mark.wide
@needs_html_validate
def test_every_page_that_needs_no_press_is_valid(world: World, tmp_path: Path) -> None:
    clients = cache(lambda who: client_of(world, who, LANGUAGES[0]))
    for state in (state for state in PAGES if not state.steps and state.who != "desk"):
        path = state.path.format(language=LANGUAGES[0], **world.words)
        answer = clients(state.who).get(path)
        assert answer.status_code == state.status, (state.name, path)
        (tmp_path / f"{state.group}-{state.name}.html").write_bytes(answer.data)
    screen = requests.get(world.terminal.launch_url, timeout=10)
    (tmp_path / "terminal.html").write_bytes(screen.content)
    assert len(list(tmp_path.iterdir())) > FEWEST
    assert html_validate(tmp_path) == []


@pytest.mark.browser
@pytest.mark.slow
@needs_html_validate
@needs_vnu
def test_every_state_is_valid_for_both_validators(
    browser: Browser, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[Page, Response] = {}
    page_of = world.page_of

    def watched(browser: Browser, who: str, language: str) -> Page:
        page = page_of(browser, who, language)
        page.on("response", lambda answer: sent.update({page: answer}) if is_page(answer) else None)
        return page

    monkeypatch.setattr(world, "page_of", watched)
    for found in shown_pages(browser, world, languages=("en",)):
        if isinstance(found, Shown):
            name = f"{found.group}-{found.name}.html"
            (tmp_path / name).write_text(sent[found.page].text(), encoding="utf-8")
    assert len(list(tmp_path.iterdir())) > FEWEST
    assert [*html_validate(tmp_path), *vnu(tmp_path)] == []


def is_page(answer: Response) -> bool:
    """Return whether this is what a browser shows, not a redirection or a part of a page."""
    request = answer.request
    of_page = request.is_navigation_request() and request.frame.parent_frame is None
    return of_page and not 300 <= answer.status < 400


@pytest.mark.wide
def test_no_sentence_quotes_a_command(world: World) -> None:
    clients = cache(lambda who: client_of(world, who, "zh"))
    quoted, shown = {}, set()
    for state in (state for state in PAGES if not state.steps and state.who != "desk"):
        sent = clients(state.who).get(state.path.format(language="zh", **world.words)).text
        shown |= set(re.findall(r'<code class="command" [^>]*>([^<]+)</code>', sent))
        sentences = re.sub(r"(?s)<code.*?</code>", "", sent)
        if found := re.findall(r"[^>]*\bmenjin(?:-server|-gate)? [a-z][^<]*", sentences):
            quoted[f"{state.group}-{state.name}"] = found
    assert quoted == {}
    assert {server_command("backup FILE"), server_command("breach-drill --for-real")} <= shown
    for line in shown:
        if line.startswith(server_command("")):
            _parser().parse_args(shlex.split(line.removeprefix(server_command(""))))  # or it would end here
