"""Two compounds and more on one server as `menjin web run --cells` serves them: real sockets, own databases.

A browser here keeps its own cookies and names its own host: what it sends is what a test says, also what no
browser would send.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests
from sqlalchemy import select

from tests.served.served_compound import LONGEST_ANSWER_SECONDS, csrf_in, fill_data_dir, serve_command
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.managed import PASSWORD, ManagedCompound, code_now
from tests.support.warm_start import WarmProcess
from web_admin.accounts.models import User
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin


@dataclass
class CellBrowser:
    """Who asks one host of the server: cookies by name, the token of the page seen last."""

    address: str
    host: str
    cookies: dict[str, str] = field(default_factory=dict)
    csrf_token: str = ""

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes | None = None,
    ) -> requests.Response:
        """Send one request; keep what cookies are set, follow nothing."""
        sent = {"Host": self.host, "Origin": f"https://{self.host}", "Accept-Language": "en"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        data = body if body is not None else None if form is None else {"csrf_token": self.csrf_token, **form}
        answer = requests.request(
            method,
            self.address + path,
            data=data,
            json=json,
            headers={**sent, **(headers or {})},
            allow_redirects=False,
            timeout=LONGEST_ANSWER_SECONDS,
            stream=True,
        )
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            answer.close()
            return answer
        _ = answer.content
        for line in answer.raw.headers.getlist("Set-Cookie"):
            name, _is, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.csrf_token = csrf_in(answer) or self.csrf_token
        return answer

    def get(self, path: str) -> requests.Response:
        """Open a page."""
        return self.ask("GET", path)


@dataclass
class ServedCell:
    """One compound: its folder, its host, and the app of the test's own process over the same database."""

    name: str
    config: WebConfig
    compound: ManagedCompound
    address: str = ""

    @property
    def host(self) -> str:
        return self.config.public_url.removeprefix("https://")

    @property
    def folder(self) -> Path:
        return self.config.data_dir

    def browser(self) -> CellBrowser:
        """Return a browser without cookies."""
        return CellBrowser(self.address, self.host)

    def signed_in(self, role: str = "manager") -> CellBrowser:
        """Return a browser that went through both steps of the staff's sign-in."""
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            account = session.scalars(select(User).where(User.email == f"{role}@example.org")).one()
            account.last_totp_counter = None
        browser = self.browser()
        browser.get("/staff/sign-in")
        form = {"email": f"{role}@example.org", "password": PASSWORD}
        asked = browser.ask("POST", "/staff/sign-in", form)
        assert asked.status_code == 302, asked.text
        browser.get("/staff/code")
        done = browser.ask("POST", "/staff/code", {"code": code_now()})
        assert done.status_code == 302, done.text
        return browser


@dataclass
class ServedCells:
    address: str
    folder: Path
    log: Path
    process: WarmProcess
    cells: dict[str, ServedCell]

    def log_text(self) -> str:
        """Return what the server has logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def make_cell(folder: Path, name: str, database_url: str = "", *, own_keys: bool = True) -> ServedCell:
    """Fill a compound in the folder of a cell; `database_url` is for PostgreSQL."""
    data_dir = folder / name
    data_dir.mkdir(parents=True, exist_ok=True)  # it may be a disk of its own
    keys = {key: os.urandom(32) for key in SERVER_KEYS} if own_keys else SERVER_KEYS
    config = WebConfig(
        public_url=f"https://{name}.example",
        data_dir=data_dir,
        secrets_dir=data_dir / "secrets",
        database_url=database_url or f"sqlite:///{data_dir / 'menjin.sqlite3'}",
        **keys,
    )
    return ServedCell(name, config, fill_data_dir(config))


@contextmanager
def serve_cells(
    folder: Path, cells: Sequence[ServedCell], log: Path, *, workers: int = 1, options: Sequence[str] = ()
) -> Iterator[ServedCells]:
    run = ["web", "run", "--cells", str(folder), "--port", "0", "--workers", str(workers), *options]
    try:
        with serve_command(run, log) as (address, process):
            with_address = {one.name: replace(one, address=address) for one in cells}
            yield ServedCells(address, folder, log, process, with_address)
    finally:
        for cell in cells:
            cell.compound.close()
