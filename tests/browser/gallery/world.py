"""The gallery's compound: one server with people in every state, one gate's screen, everyone's browser."""

import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from gate_controller.calendars import DAY_KINDS, WEEKDAYS, Span
from gate_controller.terminal.server import TerminalServer
from tests.browser.gallery.states import SIZES
from tests.browser.terminal.conftest import RecordingController, new_server
from tests.manager_compound import PASSWORD, ROLES, ManagedCompound, code_now, make_managed_compound
from tests.resident_compound import SetClock
from web_admin.acts import Act
from web_admin.config import WebConfig
from web_admin.consent_models import AssessmentRow, GuardianRequest
from web_admin.consents import FACE_PURPOSE, give_face_consent, withdraw_face
from web_admin.credentials import choose_methods, issue_card
from web_admin.database import current_menjin
from web_admin.gates_and_lanes import save_hours
from web_admin.guardian_requests import ask_guardian
from web_admin.homes_and_people import add_person, invite
from web_admin.models import Consent, Hours, Notice, Person, VisitorPassRow
from web_admin.posture_schedules import set_schedule
from web_admin.resident.visitors import pass_link
from web_admin.visitors import issue_pass

KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
RESIDENTS = {
    "resident": "王芳",
    "resident_with_code": "周明",
    "resident_with_face": "赵敏",
    "resident_without_face_again": "刘洋",
    "resident_invited_again": "孙晓",
    "guardian": "林薇",
    "minor": "林宝",
}
"""Whose phones the gallery shows, by the word that states use."""


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
        if who == "stranger":
            key = f"stranger-{language}"
            if key not in self.contexts:
                self.contexts[key] = _context(browser, language)
            return self.contexts[key].new_page()
        if who not in self.contexts:
            self.contexts[who] = _context(browser, language)
            self._sign_in(self.contexts[who].new_page(), who)
        page = self.contexts[who].new_page()
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
        if who in ROLES:
            page.goto(f"{self.address}/staff/sign-in")
            page.locator("#email").fill(f"{who}@example.org")
            page.locator("#password").fill(PASSWORD)
            page.locator("main form button").click()
            page.locator("#code").fill(code_now())
            page.locator("main form button").click()
            page.wait_for_url("**/manage/**")
        else:
            page.goto(f"{self.address}/r/welcome/{self.invitations[who]}")
            page.locator("main form button").click()
            page.wait_for_url("**/r/password")
        page.close()


def _context(browser: Browser, language: str) -> BrowserContext:
    width, height = SIZES["desktop"]
    made = browser.new_context(
        viewport={"width": width, "height": height}, locale=LOCALES[language], reduced_motion="reduce"
    )
    made.set_default_timeout(15_000)
    return made


@contextmanager
def opened_world() -> Iterator[World]:
    """Serve the compound and a gate's screen until the block ends."""
    with tempfile.TemporaryDirectory(prefix="menjin-gallery-") as folder:
        config = WebConfig(
            database_url=f"sqlite:///{Path(folder) / 'menjin.sqlite3'}", data_dir=Path(folder),
            secrets_dir=Path(folder), public_url="http://127.0.0.1",
            **{name: secrets.token_bytes(32) for name in KEYS},
        )
        compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
        invitations = _live_in(compound)
        words = _words(compound)
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


def _act(compound: ManagedCompound, session, actor_id: str, channel: str = "system") -> Act:
    sealer = current_menjin().sealer
    return Act(session, sealer, compound.site_id, actor_id, channel, compound.clock())  # type: ignore[arg-type]  # a word of Channel


def _live_in(compound: ManagedCompound) -> dict[str, str]:
    """Let people choose, agree, take back and ask; return an invitation for each phone."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = _act(compound, session, "tests")
        home_id = session.get_one(Person, compound.persons["林薇"]).home_id
        son = add_person(act, display_name="林宝", home_id=home_id, age_band="14_17")
        issue_card(act, son.person_id, 4_200_099)
        compound.persons["林宝"] = son.person_id
        version = session.scalars(select(Notice.version).where(Notice.language == "zh")).one()
        for name in ("赵敏", "刘洋"):
            own = _act(compound, session, compound.persons[name], "phone")
            give_face_consent(own, compound.persons[name], version, "zh")
        own = _act(compound, session, compound.persons["刘洋"], "phone")
        withdraw_face(own, compound.persons["刘洋"])
        choose_methods(act, compound.persons["周明"], ("card", "qr"))
        asking = _act(compound, session, son.person_id, "phone")
        ask_guardian(asking, son.person_id, compound.persons["林薇"], version, "zh")
        guest = _act(compound, session, compound.persons["王芳"], "phone")
        issue_pass(guest, issuer_person_id=compound.persons["王芳"], label="李阿姨", gate_numbers=[1])
        invite(act, compound.persons["孙晓"])
        _schedule(act)
        return {who: invite(act, compound.persons[name]) for who, name in RESIDENTS.items()}


def _schedule(act: Act) -> None:
    """Let a lane stand open nearly all day, and be shut at night on work days."""
    market = save_hours(act, None, "集市 Market", [Span(DAY_KINDS, 0, 1439)])
    night = save_hours(act, None, "夜间 Night", [Span(WEEKDAYS[:5], 1439, 300)])
    set_schedule(act, "north-in", market.hours_id, "held_open")
    set_schedule(act, "north-in", night.hours_id, "lockdown")


def _words(compound: ManagedCompound) -> dict[str, str]:
    """Return the ids that paths name."""
    with compound.app.test_request_context(), current_menjin().database.session() as session:
        person = session.get_one(Person, compound.persons["王芳"])
        own_pass = session.scalars(
            select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == person.person_id)
        ).one()
        consents = {
            row.person_id: row.consent_id
            for row in session.scalars(select(Consent).where(Consent.purpose == FACE_PURPOSE))
        }
        return {
            "person": person.person_id,
            "home": str(person.home_id),
            "captain": compound.persons["保安队长"],
            "minor": compound.persons["林宝"],
            "hours": session.scalars(select(Hours.hours_id).where(Hours.name == "保洁时段")).one(),
            "assessment": session.scalars(select(AssessmentRow.assessment_id)).one(),
            "own_pass": own_pass.pass_id,
            "visitor_link": "/v/" + pass_link(own_pass).partition("/v/")[2],
            "consent": consents[compound.persons["赵敏"]],
            "withdrawn": consents[compound.persons["刘洋"]],
            "guardian_request": session.scalars(select(GuardianRequest.request_id)).one(),
        }


PLACEHOLDERS = {name: "x" for name in (
    "person", "home", "captain", "minor", "hours", "assessment", "own_pass", "consent", "withdrawn",
    "guardian_request",
)} | {"visitor_link": "/v/x"}
"""A word for each id, where only the shape of a path matters."""
