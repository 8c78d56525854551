"""A compound on the server as `menjin web run` serves it: real gunicorn, its workers, real sockets.

A limit, a right or a promise is shown here, on the whole; the same compound can be looked into and
arranged from the test's own process, through the database that both share.
"""

import os
import re
import select
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
from alembic import command
from sqlalchemy import select as select_rows

import menjin
from tests.support.clock import SetClock
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.managed import PASSWORD, ManagedCompound, code_now, make_managed_compound
from tests.support.warm_start import WarmProcess
from web_admin.accounts.models import User
from web_admin.core.config import SECRET_NAMES, WebConfig, write_secret, write_settings
from web_admin.core.database import current_menjin
from web_admin.operations import schema
from web_admin.people.invitations import invite

ROOT = Path(__file__).resolve().parents[2]
LONGEST_START_SECONDS = 180.0
LONGEST_ANSWER_SECONDS = 60.0
_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass
class Browser:
    """One browser: its cookies, and the token of the page it saw last."""

    address: str
    session: requests.Session = field(default_factory=requests.Session)
    csrf_token: str = ""

    def get(self, path: str, **more: object) -> requests.Response:
        """Open a page and keep the token of its form."""
        return self._keep(self.session.get(self.address + path, timeout=LONGEST_ANSWER_SECONDS, **more))

    def post(self, path: str, form: Mapping[str, object], **more: object) -> requests.Response:
        """Send a form with the token of the page seen last; follow no redirect."""
        sent = {"csrf_token": self.csrf_token, **form}
        headers = {"Origin": self.address, "Referer": self.address + path}
        return self._keep(
            self.session.post(
                self.address + path,
                data=sent,
                headers=headers,
                allow_redirects=False,
                timeout=LONGEST_ANSWER_SECONDS,
                **more,
            )
        )

    def _keep(self, answer: requests.Response) -> requests.Response:
        self.csrf_token = csrf_in(answer) or self.csrf_token
        return answer


def csrf_in(answer: requests.Response) -> str:
    """Return the token of a page's form, "" where it has none."""
    found = _CSRF.search(answer.text) if "html" in answer.headers.get("Content-Type", "") else None
    return found.group(1) if found else ""


@dataclass
class ServedCompound:
    """The address, the compound behind it and what the server wrote into its log."""

    address: str
    compound: ManagedCompound
    log: Path
    process: "WarmProcess"

    def log_lines(self) -> list[str]:
        """Return what the server has logged, without what its watch finds meanwhile: no gate asks here."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if '"event": "alarm_gate_silent"' not in line]

    def browser(self, language: str = "en") -> Browser:
        """Return a browser without a session."""
        made = Browser(self.address)
        made.session.headers["Accept-Language"] = language
        return made

    def signed_in(self, role: str = "manager") -> Browser:
        """Return a browser that went through both steps of the staff's sign-in."""
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            account = session.scalars(select_rows(User).where(User.email == f"{role}@example.org")).one()
            account.last_totp_counter = None
        return self.sign_in(self.browser(), role)

    def sign_in(self, browser: Browser, role: str) -> Browser:
        """Go through both steps of the staff's sign-in."""
        browser.get("/staff/sign-in")
        asked = browser.post("/staff/sign-in", {"email": f"{role}@example.org", "password": PASSWORD})
        assert asked.status_code == 302, asked.text
        browser.get("/staff/code")
        done = browser.post("/staff/code", {"code": code_now()})
        assert done.status_code == 302, done.text
        return browser

    def resident(self, name: str) -> Browser:
        """Return a phone's browser that opened its invitation, its owner's card shown at the desk."""
        person_id = self.compound.persons[name]
        with self.compound.act() as act:
            code = invite(act, person_id)
        browser = self.browser()
        browser.get("/r/welcome")
        answer = browser.post("/r/welcome", {"code": code})
        assert answer.status_code == 303, answer.text
        card_was_shown(self.compound.app, person_id)
        return browser


@contextmanager
def serve_compound(
    config: WebConfig,
    folder: Path,
    *,
    workers: int | None = None,
    options: Sequence[str] = (),
    arranged: Callable[[ManagedCompound], None] = lambda compound: None,
) -> Iterator[ServedCompound]:
    """Fill a compound and serve it by `menjin web run`: two workers on PostgreSQL, one on SQLite.

    `arranged` changes the compound before the server and its watch over gates begin.
    """
    compound = fill_data_dir(config)
    arranged(compound)
    log = folder / "server.log"
    with serve_data_dir(config, log, workers=workers, options=options) as (address, process):
        try:
            yield ServedCompound(address, compound, log, process)
        finally:
            compound.close()


def fill_data_dir(config: WebConfig) -> ManagedCompound:
    """Fill a compound in a data directory from which `menjin web run` can serve it."""
    compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
    write_down(config)
    with compound.app.app_context():
        engine = current_menjin().database.engine
        with engine.begin() as connection:
            alembic = schema._alembic()
            alembic.attributes["connection"] = connection
            command.stamp(alembic, schema.NEWEST)
    return compound


@contextmanager
def serve_data_dir(
    config: WebConfig, log: Path, *, workers: int | None = None, options: Sequence[str] = ()
) -> "Iterator[tuple[str, WarmProcess]]":
    """Run `menjin web run` on a data directory as it lies there; give its address and its process."""
    if workers is None:
        workers = 1 if config.database_url.startswith("sqlite") else 2
    run = ["web", "run", "--data-dir", str(config.data_dir), "--port", "0", "--workers", str(workers)]
    with serve_command([*run, *options], log) as served:
        yield served


@contextmanager
def serve_command(run: Sequence[str], log: Path) -> "Iterator[tuple[str, WarmProcess]]":
    """Run a command that serves until it is stopped; give its address and its process."""
    readable, writable = os.pipe()
    process = WarmProcess(menjin.main, list(run), output=log, ready_fd=writable)
    os.close(writable)
    try:
        with os.fdopen(readable) as ready:
            waited, _, _ = select.select([ready], [], [], LONGEST_START_SECONDS)
            address = ready.readline().strip() if waited else ""
        assert address, log.read_text(encoding="utf-8", errors="replace")
        yield address, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_down(config: WebConfig) -> None:
    """Keep the configuration where `menjin web run` reads it."""
    config.secrets_dir.mkdir(mode=0o700, exist_ok=True)
    for name in SECRET_NAMES:
        key = name if name == "password_salt" else f"{name}_key"
        write_secret(config.secrets_dir, name, getattr(config, key))
    write_settings(
        config.data_dir / "web.toml",
        {
            "database_url": config.database_url,
            "public_url": config.public_url,
            "trusted_proxies": config.trusted_proxies,
            **_bell_of(config),
        },
    )


def _bell_of(config: WebConfig) -> dict[str, str]:
    if not config.bell_servers:
        return {}
    return {"bell_servers": config.bell_servers, "bell_ca": str(config.bell_ca)}
