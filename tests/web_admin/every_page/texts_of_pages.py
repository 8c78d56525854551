"""The texts of each page of a lived-in compound for each role, for tests that walk the pages."""

from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.lived_in import act_in
from tests.support.compounds.managed import make_managed_compound
from tests.support.compounds.rows_of_each_kind import add_one_of_each
from tests.support.permission_matrix import MACHINES, MAY
from tests.web_admin.every_page.callers import Callers
from tests.web_admin.every_page.routes_elsewhere import ELSEWHERE, ENDLESS
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin

ASIDE = (*ENDLESS, "resident.code_offline")
"""Some have no end, the other is one page for each language."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SPOKEN = ("aria-label", "alt", "placeholder", "title")
AS_IT_IS = {"script", "style", "code", "pre", "svg", "textarea"}


class Shown(HTMLParser):
    """The texts of a page and its spoken attributes, without parts in another language and raw details."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._page = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        known = dict(attrs)
        classes = (known.get("class") or "").split()
        if tag == "html":
            self._page = known.get("lang") or ""
        is_aside = (
            tag in AS_IT_IS
            or "number" in classes
            or "code" in classes
            or ("breaks" in classes and any(tag == "details" for tag, _aside in self._open))
            or (known.get("lang") or self._page) != self._page
        )
        if not any(aside for _tag, aside in self._open) and not is_aside:
            self.texts.extend(known[name] for name in SPOKEN if known.get(name))
        if tag not in VOID:
            self._open.append((tag, is_aside))

    def handle_endtag(self, tag) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data) -> None:
        if data.strip() and not any(aside for _tag, aside in self._open):
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def callers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compound")
    config = WebConfig(
        database_url=f"sqlite:///{folder / 'menjin.sqlite3'}",
        data_dir=folder,
        secrets_dir=folder,
        public_url="http://localhost",
        **SERVER_KEYS,
    )
    compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
    callers = Callers(compound)
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = act_in(compound, session, "tests")
        add_one_of_each(act, compound.persons["王芳"], callers.words["own_ward"])
        raise_alarm(
            session,
            compound.site_id,
            "alarm_device_lost",
            act.now,
            gate_id="north",
            detail="/dev/serial/by-id/reader: [Errno 5] Input/output error",
        )
        session.get_one(Gate, "north").device_states = [
            {"device": "reader-in", "health": "lost", "detail": "/dev/serial/by-id/reader: no_answer"}
        ]
    yield callers
    compound.close()


def pages(callers: Callers, language: str) -> Iterator[tuple[str, list[str]]]:
    """Return what each page says to the first role that may see it."""
    for client in callers.clients.values():
        with client.session_transaction() as kept:
            kept["language"] = language
    for endpoint, method, own, _foreign in callers.routes():
        if method != "GET" or endpoint in ASIDE or MAY[endpoint] in MACHINES:
            continue
        letter = next((one for one in "MRPGI" if one in MAY[endpoint]), "")
        if not letter:
            continue
        path = ELSEWHERE.get(endpoint, own).format(**callers.words)
        answer = callers.clients[letter].get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            yield f"{letter} {path}", Shown(answer.text).texts
