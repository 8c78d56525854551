"""No request by a method that HTTP calls safe changes a table, and no page of another site changes one.

SQLite's own count of commits tells whether a request wrote; the tables are compared when it did.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.lived_in import act_in
from tests.support.permission_matrix import KEYS_ALONE, MACHINES, MAY
from tests.web_admin.every_page.form_walk import Walk
from tests.web_admin.every_page.routes_elsewhere import ELSEWHERE
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.core.database import current_menjin
from web_admin.tables import METADATA

SAFE = ("GET", "HEAD", "OPTIONS")
CROSS_SITE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
"""What a browser adds to a form that a page of another site sends."""

COUNTS_CALLS = frozenset({"limit_count"})
"""How many calls a key has made is counted against its limit, also those that read."""
FIRST_OF_A_DAY = frozenset({"api_key", "audit_entry", "ledger_end"})
"""The first call of a key on a day is a line of the ledger, and the day is kept with the key."""
WRITTEN = {
    "health.readyz": frozenset({"server_mark"}),
    "resident.call_stream": frozenset({"home_call_person"}),
}
"""Readiness is shown by a row that is written; a page that is open is noted, so that calls ring it."""

ROWS = {table.name: str(select(table)) for table in METADATA.sorted_tables}
"""The question for all rows of each table, as text: it is asked some thousand times."""


class Tables:
    """The tables of a database that others write, and what was committed to them."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file)
        self._commits = self._counted()
        self._content = self._read()

    def close(self) -> None:
        self._connection.close()

    def changed(self) -> frozenset[str]:
        """Return the names of the tables that differ from the last time."""
        commits = self._counted()
        if commits == self._commits:
            return frozenset()
        before, self._commits, self._content = self._content, commits, self._read()
        names = before | self._content
        return frozenset(name for name in names if before.get(name) != self._content.get(name))

    def ledger(self) -> list[tuple[object, ...]]:
        """Return the entries of the ledger in their order."""
        return self._connection.execute("SELECT * FROM audit_entry ORDER BY site_id, seq").fetchall()

    def _counted(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _read(self) -> dict[str, list[str]]:
        return {name: sorted(map(repr, self._connection.execute(rows))) for name, rows in ROWS.items()}


class Reading:
    """Every role's browser and a system's key, over one database of which each change is seen."""

    def __init__(self, folder: Path) -> None:
        self.walk = Walk(folder)
        self.callers, self.compound = self.walk.callers, self.walk.compound
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            act = act_in(self.compound, session, "tests")
            key = make_api_key(act, name="x", scopes=SCOPES, valid_until=act.now + timedelta(days=1))
        self.key = {"Authorization": f"Bearer {key.text}"}
        self.tables = Tables(self.walk.file)

    def close(self) -> None:
        self.tables.close()
        self.compound.close()

    def addresses(self) -> Iterator[tuple[str, str, str, str]]:
        """Return (endpoint, letter, method, path): each role's GET, and HEAD and OPTIONS of who is let in."""
        for endpoint, method, own, _foreign in self.callers.routes():
            path = ELSEWHERE.get(endpoint, own).format(**self.callers.words)
            letters = "S" if MAY[endpoint] in MACHINES else MAY[endpoint]
            if method == "GET":
                yield from ((endpoint, letter, "GET", path) for letter in dict.fromkeys("S" + letters))
                yield endpoint, letters[-1], "HEAD", path
            yield endpoint, letters[-1], "OPTIONS", path

    def asked(self, letter: str, method: str, path: str, **headers: str) -> tuple[int, frozenset[str]]:
        """Return the status of an answer and the tables that the request changed."""
        self.callers.make_ready(letter)
        self.tables.changed()
        client: FlaskClient = self.callers.clients[letter]
        with client.open(path, method=method, headers=headers) as answer:
            if answer.mimetype != "text/event-stream":  # it has no end that one could wait for
                answer.get_data()
            return answer.status_code, self.tables.changed()


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    made = Reading(tmp_path_factory.mktemp("reading"))
    with closing(made):
        yield made


@pytest.mark.wide
def test_no_safe_method_changes_a_table(reading: Reading) -> None:
    found, key_is_new, shown = [], True, 0
    for endpoint, letter, method, path in reading.addresses():
        of_key = MAY[endpoint] == KEYS_ALONE and method != "OPTIONS"
        status, changed = reading.asked(letter, method, path, **(reading.key if of_key else {}))
        written = COUNTS_CALLS if of_key else WRITTEN.get(endpoint, frozenset())
        if of_key and key_is_new:
            written, key_is_new = written | FIRST_OF_A_DAY, False
        found += [(endpoint, letter, method, status, sorted(changed - written))] if changed - written else []
        shown += status == 200
    assert found == []
    assert shown > 800, "the walk saw pages"


def changing(reading: Reading) -> Iterator[tuple[str, str, str, str]]:
    """Return (endpoint, letter, method, path) of every change, by one role that may make it."""
    for endpoint, method, own, _foreign in reading.callers.routes():
        if method != "GET" and MAY[endpoint] not in MACHINES:
            yield endpoint, MAY[endpoint][0], method, own


@pytest.mark.wide
def test_a_change_that_comes_from_another_site_or_without_a_token_changes_no_table(reading: Reading) -> None:
    wrong = []
    for endpoint, letter, method, path in changing(reading):
        for token, headers in ((False, {"Sec-Fetch-Site": "cross-site"}), (True, CROSS_SITE)):
            reading.callers.make_ready(letter)
            reading.tables.changed()
            answer = reading.callers.call(letter, method, path, token=token, **headers)
            changed = reading.tables.changed()
            if answer.status_code != 400 or changed:
                wrong.append((endpoint, token, answer.status_code, sorted(changed)))
    assert wrong == []


@pytest.mark.wide
def test_no_change_that_a_page_makes_touches_an_entry_of_the_ledger(reading: Reading) -> None:
    wrong, written = [], 0
    before = reading.tables.ledger()
    for endpoint, letter, method, path in changing(reading):
        reading.callers.call(letter, method, path)
        after = reading.tables.ledger()
        wrong += [] if after[: len(before)] == before else [endpoint]
        written += len(after) - len(before)
        before = after
    assert wrong == []
    assert written > 20, "the walk wrote entries"
