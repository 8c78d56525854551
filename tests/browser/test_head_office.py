"""The head office in a real browser, phone and desktop, both languages."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from head_office import accounts
from head_office.asking.rounds import CompoundList
from head_office.pages.app import Office, create_app
from head_office.settings import Compound, Settings
from head_office.storage import Storage
from tests.browser.axe import needs_axe
from tests.browser.office_screen import SIZES, look
from tests.support.head_office import PASSWORD, STAFF, alarm, code_of, overview

pytestmark = [pytest.mark.browser, pytest.mark.wide]

NAMES = ("湖畔花园", "望江台", "青石里", "Lakeside Gardens", "竹海公馆", "北辰家园")
COMPOUNDS = [
    Compound(f"c{n}", name, f"https://c{n}.gates.example.org", ("成都 · 东区", "Leshan")[n % 2])
    for n, name in enumerate(NAMES)
]
ALARMS = [alarm("alarm_help", 1, 90), alarm("alarm_door_held", 2, 700)]
SAID = {
    "c0": {"alarms": ALARMS},
    "c1": {"gates__silent": 1, "gates__silent_for_seconds": 600, "gates__in_contact": 3},
    "c2": {
        "backup_age_seconds": 33 * 86400,
        "backup_level": "bad",
        "worse_than_face": ["pin"],
        "forgettings_pending": {"at_least": 1, "at_most": 9, "oldest_hours": 30},
    },
}


PAGES = (
    ("console", "/"),
    ("well", "/?state=good"),
    ("none", "/?q=nowhere"),
    ("alarms", "/compounds/c0"),
    ("lost", "/compounds/c3"),
    ("calm", "/compounds/c4"),
)


class Site:
    """A head office behind a real web server, with compounds in every state."""

    def __init__(self, data_dir: Path) -> None:
        self.storage = Storage(data_dir)
        self.secret = accounts.make_account(self.storage, STAFF, PASSWORD)
        self.known = CompoundList(COMPOUNDS)
        now = datetime.now(UTC)
        for one in COMPOUNDS:
            body = msgspec.json.encode(overview(**SAID.get(one.word, {})))
            self.storage.note_answer(one.word, one.address, body, now)
        since = now - timedelta(hours=2)
        self.storage.note_trouble("c3", COMPOUNDS[3].address, "no_connection", since)
        settings = Settings(ask_every_seconds=5)
        office = Office(settings, self.storage, lambda: self.known, lambda: datetime.now(UTC))
        self.server = make_server("127.0.0.1", 0, create_app(office), threaded=True)
        self.server.daemon_threads = False  # type: ignore[attr-defined]  # joined: none may outlive the file
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.storage.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def sign_in(page: Page, site: Site) -> None:
    """Sign in as a person does."""
    page.goto(f"{site.address}/")
    page.locator("#name").fill(STAFF)
    page.locator("#password").fill(PASSWORD)
    page.locator("#code").fill(code_of(site.secret))
    page.locator("main form button").click()
    expect(page.locator("#live")).to_be_visible()


@needs_axe
@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        ("phone", "zh-CN", "light"),
        ("phone", "en-GB", "dark"),
        ("desktop", "en-GB", "light"),
        ("desktop", "zh-CN", "dark"),
    ],
)
def test_every_page_fits_and_can_be_read(
    browser: Browser, site: Site, size: str, language: str, scheme: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, locale=language)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site.address}/")
    problems += look(page, f"head-office-sign-in-{language}-{size}")
    sign_in(page, site)
    for name, path in PAGES:
        page.goto(f"{site.address}{path}")
        problems += look(page, f"head-office-{name}-{language}-{size}")
    site.known = CompoundList()
    page.goto(f"{site.address}/")
    problems += look(page, f"head-office-empty-{language}-{size}")
    context.close()
    assert problems == []


def test_figures_are_renewed_in_place_and_a_lost_head_office_is_said(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    page = context.new_page()
    sign_in(page, site)
    expect(page.get_by_role("heading", level=1)).to_have_text("4 compounds have problems")
    page.get_by_role("link", name="北辰家园").focus()
    help_asked = msgspec.json.encode(overview(alarms=ALARMS[:1]))
    site.storage.note_answer("c5", COMPOUNDS[5].address, help_asked, datetime.now(UTC))
    expect(page.get_by_role("heading", level=1)).to_have_text("5 compounds have problems")
    expect(page.get_by_role("link", name="北辰家园")).to_be_focused()
    page.route("**/*", lambda route: route.abort())
    expect(page.get_by_text("This page has lost contact with the head office.")).to_be_visible()
    context.close()
