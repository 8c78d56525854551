"""Time that an act takes with 10,000 people in SQLite: what gates are sent is read twice, then compared.

Publication is left out: it costs the same without the promise. Beside each figure is what the comparison
takes of it once all is read.
"""

import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import Span
from tests.bench.figure import Figure, percentile
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import SuspensionReason
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Home, Hours, Lane, Person
from web_admin.core.database import Database, make_engine
from web_admin.core.sealing import Sealer, card_lookup, seal_card_number
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.actions import suspend_credential
from web_admin.gates.hours import save_hours
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.policy import effects as policy_effects
from web_admin.policy.effects import PolicyEffects
from web_admin.tables import METADATA

PEOPLE_OF_A_HOME, PEOPLE_OF_A_GATE = 4, 40
WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
DAY = [
    {"days": WORKDAYS, "from_minute": 360, "until_minute": 1320},
    {"days": ["sat", "sun", "holiday"], "from_minute": 420, "until_minute": 60},
]
SHORTER = (Span(("mon", "tue", "wed", "thu", "fri"), 420, 1200), Span(("sat", "sun", "holiday"), 420, 60))
PEER = "of it the comparison"
ONE, ROUNDS = "p7", 5


class _NothingPublished(PolicyEffects):
    """Effects that watch as the real ones do and publish nothing."""

    def publish(self, *_args: object, **_options: object) -> None:
        """Do nothing."""


class _Timed:
    """Takes the milliseconds of the comparisons in place of the product's function, which it calls."""

    def __init__(self) -> None:
        self.milliseconds, self._kept_out = 0.0, policy_effects.kept_out

    def __call__(self, of: Any) -> frozenset[str]:
        started = time.process_time()
        found = self._kept_out(of)
        self.milliseconds += (time.process_time() - started) * 1000
        return found


def measure(people: int, gates: int, now: datetime) -> Iterator[Figure]:
    """Yield milliseconds of an act on one person and of one on all, and for how long a gate's call waits."""
    size = f"{people} people, {gates} gates, read from SQLite"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(make_engine(f"sqlite:///{Path(folder) / 'bench.sqlite3'}"))
        METADATA.create_all(database.engine)
        sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(b"f" * 32, Path(folder) / "secrets"))
        with database.session() as session:
            site_id = _fill(session, sealer, people, gates, now)

        def act(session: Session) -> Action:
            effects = _NothingPublished(sealer)
            because = SuspensionReason.WORKS.value
            return Action(session, sealer, site_id, "bench", "manager", now, because=because, effects=effects)

        rounds = [
            _one(database, lambda session: suspend_credential(act(session), f"c{ONE}", "lost"))
            for _ in range(ROUNDS)
        ]
        yield _figure(f"one person's card suspended, {size}", rounds, 50.0)
        with _longest_wait_ms(database) as waits:
            rounds = [_one(database, lambda session: save_hours(act(session), "day", "day", SHORTER))]
        yield _figure(f"one change of hours, {size}", rounds, 2000.0)
        yield Figure(
            "access", f"a gate's call waits meanwhile, {size}", round(max(waits)), "ms", target=1000.0
        )
        database.engine.dispose()


def _figure(case: str, rounds: list[tuple[float, float]], target: float) -> Figure:
    whole, compared = (percentile([each[number] for each in rounds], 0.5) for number in (0, 1))
    ratio = float(f"{whole / compared:.2g}")
    return Figure("access", case, round(whole, 1), "ms", PEER, round(compared, 1), ratio, target)


def _one(database: Database, doing: Callable[[Session], object]) -> tuple[float, float]:
    """Return the processor's milliseconds of one act and of its comparison; nothing of it stays."""
    timed = policy_effects.kept_out = _Timed()
    try:
        with database.open_session() as session:
            started = time.thread_time()
            doing(session)
            spent = (time.thread_time() - started) * 1000
            session.rollback()
    finally:
        policy_effects.kept_out = timed._kept_out
    if not timed.milliseconds:
        raise AssertionError("the bench measures nothing: nothing was compared")
    return spent, timed.milliseconds


@contextmanager
def _longest_wait_ms(database: Database) -> Iterator[list[float]]:
    """Write as a gate's call does, again and again until the end of the block; give how long each waited.

    One that SQLite gives up after 30 s counts as that.
    """
    waits, ends = [0.0], threading.Event()

    def call() -> None:
        while not ends.wait(0.02):
            started = time.monotonic()
            with suppress(OperationalError), database.session() as session:
                session.connection()
            waits.append((time.monotonic() - started) * 1000)

    calls = threading.Thread(target=call)
    calls.start()
    try:
        yield waits
    finally:
        ends.set()
        calls.join()


def _fill(session: Session, sealer: Sealer, people: int, gates: int, now: datetime) -> str:
    """Make a compound in which each person passes their own house at all hours, and all others by day."""
    site, _pem = create_site(session, sealer, "Court", "Europe/Berlin", "en", "phrase", now)
    site_id = site.site_id
    session.add(Hours(hours_id="day", site_id=site_id, name="day", spans=DAY))
    session.flush()
    lanes = [f"gate-{number}-{way}" for number in range(gates) for way in ("in", "out")]
    session.execute(insert(Gate), [_gate(sealer, site_id, number) for number in range(gates)])
    session.execute(
        insert(Lane),
        [
            {
                "lane_id": lane_id,
                "gate_id": lane_id.rpartition("-")[0],
                "name": lane_id,
                "direction": lane_id.rpartition("-")[2],
                "methods": ["card", "pin", "qr"],
            }
            for lane_id in lanes
        ],
    )
    live = msgspec.to_builtins(WHOLE_SHEET)
    session.execute(insert(LaneSheetRow), [{"lane_id": lane_id, "live": live} for lane_id in lanes])
    homes = -(-people // PEOPLE_OF_A_HOME)
    session.execute(
        insert(Home),
        [
            {"home_id": f"h{number}", "site_id": site_id, "number": f"9-{number}", "pin_salt": b"s" * 16}
            for number in range(homes)
        ],
    )
    session.execute(insert(Person), [_person(site_id, number, now) for number in range(people)])
    session.execute(
        insert(GrantRow), [row for number in range(people) for row in _grants(number, gates, lanes)]
    )
    session.execute(insert(CredentialRow), [_card(sealer, number, now) for number in range(people)])
    session.execute(
        insert(CredentialRow),
        [
            {"credential_id": f"q{number}", "person_id": f"p{number}", "kind": "qr", "created_at": now}
            for number in range(people)
        ],
    )
    return site_id


def _gate(sealer: Sealer, site_id: str, number: int) -> dict[str, object]:
    sealed = {
        name: sealer.seal(secrets.token_bytes(32), purpose="gate-key")
        for name in ("card_key_sealed", "pin_key_sealed")
    }
    gate_id = f"gate-{number}"
    return {"gate_id": gate_id, "site_id": site_id, "number": number + 1, "name": gate_id, **sealed} | {
        "state": "paired",
        "journal_id": f"{gate_id}.1",
    }


def _person(site_id: str, number: int, now: datetime) -> dict[str, object]:
    return {
        "person_id": f"p{number}",
        "site_id": site_id,
        "home_id": f"h{number // PEOPLE_OF_A_HOME}",
        "display_name": "someone",
        "methods": ["card", "qr"],
        "created_at": now,
    }


def _grants(number: int, gates: int, lanes: list[str]) -> Iterator[dict[str, object]]:
    house = number // PEOPLE_OF_A_GATE % gates * 2
    own = {"lanes": lanes[house : house + 2], "hours_id": None}
    for name, grant in (("a", own), ("b", {"lanes": lanes, "hours_id": "day"})):
        yield {"grant_id": f"{name}{number}", "person_id": f"p{number}", **grant}


def _card(sealer: Sealer, number: int, now: datetime) -> dict[str, object]:
    return {
        "credential_id": f"cp{number}",
        "person_id": f"p{number}",
        "kind": "card",
        "lookup": card_lookup(sealer, number),
        "secret_sealed": seal_card_number(sealer, number),
        "created_at": now,
    }
