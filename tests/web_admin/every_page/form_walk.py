"""Walk over all forms of all pages."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from gate_controller.contract.records import Method
from tests.support.clock import SetClock
from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.lived_in import act_in
from tests.support.compounds.managed import make_managed_compound
from tests.support.compounds.odd_names import ODD
from tests.support.compounds.rows_of_each_kind import add_one_of_each
from tests.support.permission_matrix import MACHINES, MAY
from tests.web_admin.every_page.callers import Callers
from tests.web_admin.every_page.routes_elsewhere import ELSEWHERE, ENDLESS
from web_admin.compound.models import Lane
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin

KEPT_WHEN_EMPTY = ("hidden", "submit")

ASIDE = ("pages.switch_language", "security.logout", "resident.sign_out")


@dataclass
class Form:
    """One form of a page: where it leads, what it sends as it is shown, and what it sends empty."""

    action: str
    shown: dict[str, list[str]] = field(default_factory=dict)
    empty: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    typed: set[str] = field(default_factory=set)

    def put(self, name: str, value: str, *, stays: bool = False) -> None:
        self.shown.setdefault(name, []).append(value)
        if stays:
            self.empty.setdefault(name, []).append(value)


class Forms(HTMLParser):
    """The forms of a page that are sent by POST, and the ids and summary that it has."""

    def __init__(self, text: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self.links_of_summary: list[str] = []
        self.summaries: list[dict[str, str | None]] = []
        self.invalid = 0
        self._form: Form | None = None
        self._select = self._area = ""
        self._first: str | None = None
        self._chosen = False
        self._typed = ""
        self._in_summary = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        known = dict(attrs)
        self.ids.add(known.get("id") or "")
        self.invalid += known.get("aria-invalid") == "true"
        if "data-problems" in known:
            self.summaries.append(known)
            self._in_summary = 1
        elif self._in_summary and tag == "div":
            self._in_summary += 1
        if self._in_summary and tag == "a":
            self.links_of_summary.append((known.get("href") or "").removeprefix("#"))
        if tag == "form":
            is_sent = (known.get("method") or "get").lower() == "post"
            self._form = Form(urljoin(self.address, known.get("action") or "")) if is_sent else None
        if self._form is None:
            return
        name, value = known.get("name") or "", known.get("value") or ""
        if tag == "input" and name and "disabled" not in known:
            self._input(known.get("type") or "text", name, value, "checked" in known)
        elif tag == "button" and name:
            self._form.shown.setdefault(name, [value])
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, False
        elif tag == "option" and self._select:
            self._first = value if self._first is None else self._first
            if "selected" in known:
                self._chosen = True
                self._form.put(self._select, value)
        elif tag == "textarea":
            self._area, self._typed = name, ""

    def _input(self, kind: str, name: str, value: str, chosen: bool) -> None:
        assert self._form is not None
        self._form.names.add(name)
        if kind in ("checkbox", "radio"):
            if chosen:
                self._form.put(name, value or "on")
        elif kind != "file":
            self._form.put(name, value, stays=kind in KEPT_WHEN_EMPTY)
            self._form.typed |= set() if kind in KEPT_WHEN_EMPTY else {name}

    def handle_data(self, data: str) -> None:
        self._typed += data

    def handle_endtag(self, tag: str) -> None:
        if self._in_summary and tag == "div":
            self._in_summary -= 1
        if self._form is None:
            return
        if tag == "select":
            if not self._chosen and self._first is not None:
                self._form.put(self._select, self._first)
            self._select = ""
        elif tag == "textarea":
            self._form.put(self._area, self._typed)
            self._form.typed.add(self._area)
        elif tag == "form":
            self.forms.append(self._form)
            self._form = None


class Walk:
    """Signed-in browsers over one database that is as it was before each sending."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "menjin.sqlite3"
        config = WebConfig(
            database_url=f"sqlite:///{self.file}",
            data_dir=folder,
            secrets_dir=folder,
            public_url="http://localhost",
            **SERVER_KEYS,
        )
        self.compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
        self.callers = Callers(self.compound)
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            act = act_in(self.compound, session, "tests")
            add_one_of_each(act, self.compound.persons["王芳"], self.callers.words["own_ward"])
            for direction in ("in", "out"):  # one gate reads no codes: a barrier for cars
                session.get_one(Lane, f"garage-{direction}").methods = [Method.CARD, Method.PIN]
        self.keep()

    def keep(self) -> None:
        """Let the database be as it is now before each sending."""
        self._close()
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.kept = self.file.read_bytes()

    def _close(self) -> None:
        with self.compound.app.app_context():
            engine = current_menjin().database.engine
        engine.dispose()

    def put_back(self) -> None:
        self._close()
        for beside in ("-wal", "-shm"):
            Path(f"{self.file}{beside}").unlink(missing_ok=True)
        self.file.write_bytes(self.kept)
        forget_tries(self.compound.app)

    def pages(self) -> Iterator[tuple[str, str]]:
        """Return who may see which page."""
        for endpoint, method, own, _foreign in self.callers.routes():
            if method != "GET" or endpoint in ENDLESS or MAY[endpoint] in MACHINES:
                continue
            for letter in MAY[endpoint]:
                yield letter, ELSEWHERE.get(endpoint, own).format(**self.callers.words)

    def get(self, letter: str, path: str):
        self.callers.clients[letter].set_cookie("menjin", self.callers.cookies.get(letter, ""))
        return self.callers.clients[letter].get(path)

    def forms(self) -> dict[tuple[str, frozenset[str]], tuple[str, str, int]]:
        """Return each kind of form once: who sees it, on which page, as which of its forms."""
        found: dict[tuple[str, frozenset[str]], tuple[str, str, int]] = {}
        addresses = self.compound.app.url_map.bind("localhost")
        for letter, path in self.pages():
            answer = self.get(letter, path)
            if answer.mimetype != "text/html" or answer.status_code != 200:
                continue
            for index, form in enumerate(Forms(answer.text, path).forms):
                endpoint, _known = addresses.match(urlsplit(form.action).path, method="POST")
                if endpoint not in ASIDE:
                    found.setdefault((endpoint, frozenset(form.names)), (letter, path, index))
        return found

    def send(self, letter: str, path: str, index: int, how: str):
        """Open the page again and send its form as shown, empty or odd; return the last page."""
        self.put_back()
        form = Forms(self.get(letter, path).text, path).forms[index]
        odd = {**form.shown, **{name: [ODD] for name in form.typed}}
        data = {"shown": form.shown, "empty": form.empty, "odd": odd}[how]
        client = self.callers.clients[letter]
        answer = client.post(form.action, data=data)
        if answer.status_code in (302, 303):
            answer = client.get(urljoin(path, answer.location), follow_redirects=True)
        return answer
