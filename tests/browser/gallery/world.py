"""The gallery's compound: one server with people in every state, one gate's screen, everyone's browser."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from flask import abort
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from gate_controller.terminal.server import TerminalServer
from tests.browser.gallery.states import SIZES
from tests.browser.office_screen import sign_in
from tests.browser.terminal.conftest import RecordingController, new_server
from tests.support.clock import SetClock
from tests.support.compounds.called_home import (
    CALLS_OF_STATES,
    TO_PROVE,
    call_home,
    put_calls_at_guard,
    put_past_calls,
)
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.desk import show_at_a_gate, use_before_today
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.lived_in import NEWLY_INVITED, RESIDENTS, act_in, live_in, words_of
from tests.support.compounds.managed import ROLES, ManagedCompound, make_managed_compound
from tests.support.compounds.many_gates import add_stairwells, differ_somewhere, draw_map
from web_admin import create_app
from web_admin.accounts.permissions import public
from web_admin.compound.models import GrantRow, Person, Site
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.people.usual_lanes import UsualLanes

LOCALES = {"en": "en-GB", "zh": "zh-CN"}
STAIRWELLS = 297
"""With the three gates of the small compound, three hundred."""


@dataclass
class World:
    """What the pictures are taken of."""

    compound: ManagedCompound
    address: str
    terminal: TerminalServer
    words: dict[str, str]
    invitations: dict[str, str]
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def page_of(self, browser: Browser, who: str, language: str) -> Page:
        """Return a page on which this person is signed in, in this language."""
        forget_tries(self.compound.app)  # all come from one address here
        if who not in (*ROLES, *RESIDENTS, "desk"):
            key = f"{who}-{language}"
            if key not in self.contexts:
                self.contexts[key] = _context(browser, language)
            return self.contexts[key].new_page()
        if who not in self.contexts:
            self.contexts[who] = _context(browser, language)
            self._sign_in(self.contexts[who].new_page(), who)
        page = self.contexts[who].new_page()
        if who in RESIDENTS:  # the compound's clock does not go on, and a phone says how far its own is off
            page.clock.set_system_time(self.compound.clock())
        page.goto(self.address)
        button = page.locator(f"button[name=language][value={language}]").first
        if button.count():
            with page.expect_navigation():
                button.evaluate("(button) => button.form.requestSubmit(button)")
        return page

    def close(self) -> None:
        """Close everyone's browser."""
        for context in self.contexts.values():
            context.close()

    def _sign_in(self, page: Page, who: str) -> None:
        if who in (*ROLES, "desk"):
            sign_in(page, self.address, who)
            page.wait_for_url("**/manage/**")
            if who in ("desk", "guard"):
                page.goto(f"{self.address}/manage/desk")
                page.locator("form[action$='/desk/card'] #number").fill(self.words["card_number"])
                page.locator("form[action$='/desk/card'] button").click()
                page.locator("form[action$='/desk/proof'] button").wait_for()
            if who == "desk":
                use_before_today(self.compound.app)
                show_at_a_gate(self.compound.app)
                page.locator("form[action$='/desk/proof'] button").click()
                page.wait_for_url("**/r/**")
        else:
            page.goto(f"{self.address}/r/welcome/{self.invitations[who]}")
            page.locator("main form button").click()
            page.wait_for_url("**/r/password")
            if who not in NEWLY_INVITED:
                card_was_shown(self.compound.app, self.compound.persons[RESIDENTS[who]])
        page.close()


def _context(browser: Browser, language: str) -> BrowserContext:
    width, height = SIZES["desktop"]
    made = browser.new_context(
        viewport={"width": width, "height": height}, locale=LOCALES[language], reduced_motion="reduce"
    )
    made.set_default_timeout(60_000)
    return made


def _answer(code: int) -> NoReturn:
    """Answer with an error's page, so that each can be looked at."""
    if code == 500:
        raise RuntimeError("a fault of the gallery's own making")
    abort(code)


def _build_stairwells(compound: ManagedCompound, count: int) -> None:
    """Add stairwells of which two differ from normal; all gates are on the map, a host has her way."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, compound.clock(), count)
        differ_somewhere(session, compound.clock())
        draw_map(session, site)
        host = session.get_one(Person, compound.persons["王芳"])
        way = UsualLanes(act_in(compound, session, "tests")).of_home(host.home)
        session.scalars(select(GrantRow).where(GrantRow.person_id == host.person_id)).one().lanes = list(way)


@contextmanager
def opened_world(stairwells: int = 0) -> Iterator[World]:
    """Serve the compound and a gate's screen until the block ends."""
    with tempfile.TemporaryDirectory(prefix="menjin-gallery-") as folder:
        config = WebConfig(
            database_url=f"sqlite:///{Path(folder) / 'menjin.sqlite3'}",
            data_dir=Path(folder),
            secrets_dir=Path(folder),
            public_url="http://127.0.0.1",
            **SERVER_KEYS,
        )
        clock = SetClock(datetime.now(UTC))
        compound = make_managed_compound(config, clock, app=create_app(config, clock=clock))
        invitations = live_in(compound)
        words = words_of(compound) | {"call_number": TO_PROVE}
        words |= {name: name for name in CALLS_OF_STATES}
        with compound.app.app_context(), current_menjin().database.session() as session:
            call_home(act_in(compound, session, "tests"), compound.persons["吴静"])
            if stairwells:
                put_calls_at_guard(act_in(compound, session, "tests"), compound.persons["吴静"])
            put_past_calls(
                act_in(compound, session, "tests"), compound.persons["王芳"], clock() - timedelta(days=20)
            )
        if stairwells:
            _build_stairwells(compound, stairwells)
        compound.app.add_url_rule("/answers/<int:code>", "answers", public(_answer))
        server = make_server("127.0.0.1", 0, compound.app, threaded=True)
        server.daemon_threads = False  # type: ignore[attr-defined]  # joined: none may outlive the database
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        terminal = new_server(RecordingController())
        terminal.start()
        address = f"http://127.0.0.1:{server.port}"
        world = World(compound, address, terminal, words, invitations)
        try:
            yield world
        finally:
            world.close()
            terminal.stop()
            server.shutdown()
            thread.join()
            server.server_close()
            compound.close()
