"""What the digest of a policy costs with 10,000 people and one card more, at the server and at the gate.

Two gates with the same people ask the same server in this process, over PostgreSQL. One takes a digest of
sums; the peer of each figure is the other one, whose digest is worked out from all records.
"""

import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy.orm import Session

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.messages import PolicyManifest
from gate_controller.storage.held_records import HeldRecords, added_up
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from tests.bench.figure import Figure, beside, percentile
from tests.bench.pages import KEYS, temporary_postgres
from tests.support.compounds.with_gates import PlayedGate, add_card, add_gate, sync_app
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, GrantRow, Home, Person
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.core.sealing import Sealer, card_lookup, seal_card_number
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.policy.sums import begin_sums
from web_admin.tables import METADATA

PEOPLE, PEOPLE_OF_A_HOME, ROUNDS = 10_000, 4, 7
PEER = "digest over all records"

T = TypeVar("T")


@dataclass
class _Asking:
    """A gate that takes what it is answered, and the milliseconds that each part took."""

    played: PlayedGate
    store: PolicyStore
    held: HeldRecords | None = None
    answered_ms: list[float] = field(default_factory=list)
    digest_ms: list[float] = field(default_factory=list)
    taken_ms: list[float] = field(default_factory=list)

    def ask(self) -> None:
        """Ask and take what is new."""
        now = datetime.now(UTC)
        self.played.have = self.store.have
        reply, answered = _timed(lambda: self.played.ask(now))
        policy, change = reply.policy, reply.change
        if policy is None or change is None:
            raise AssertionError("nothing new was published")
        manifest = msgspec.json.decode(policy.manifest, type=PolicyManifest)
        held = self.held
        if held is not None:
            self.held, digest = _timed(lambda: held.after(change, manifest))
            self.digest_ms.append(digest)
            self.answered_ms.append(answered)
        else:
            self.held = added_up(change.puts, manifest)
        _policy, taken = _timed(lambda: self.store.take(policy, change, now))
        self.taken_ms.append(taken)

    def forget(self) -> None:
        """Forget what was measured so far."""
        for times in (self.answered_ms, self.digest_ms, self.taken_ms):
            times.clear()


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) * 1000


def measure() -> Iterator[Figure]:
    """Yield milliseconds of an answer, of the digest at the gate, of a policy taken, and of a publication."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, temporary_postgres() as url:
        if url is None:
            print("PostgreSQL cannot start here: a digest is measured on nothing else", file=sys.stderr)
            return
        keys = {name: secrets.token_bytes(32) for name in KEYS}
        config = WebConfig(
            database_url=url,
            data_dir=Path(folder),
            secrets_dir=Path(folder) / "secrets",
            public_url="http://localhost",
            **keys,
        )
        database, sealer = Database(make_engine(url)), Sealer(*(secrets.token_bytes(32) for _key in range(3)))
        METADATA.create_all(database.engine)
        menjin = Menjin(config, database, sealer, lambda: datetime.now(UTC), PolicyEffects(sealer))
        yield from _measured(menjin, Path(folder))
        database.engine.dispose()


def _measured(menjin: Menjin, folder: Path) -> Iterator[Figure]:
    now = datetime.now(UTC)
    with menjin.database.session() as session:
        site, _root = create_site(session, menjin.sealer, "Bench", "Asia/Shanghai", "en", "phrase", now)
        site_id, root_key = site.site_id, site.root_public_key
        keys = {
            name: add_gate(session, menjin.sealer, site_id, name, number, ["card"])
            for number, name in enumerate(("newer", "older"), 1)
        }
        person_id = _add_people(session, menjin.sealer, site_id, now)
        publish_policy(session, menjin.sealer, site_id, now)
    client = sync_app(menjin).test_client()
    gates = {
        name: _Asking(
            PlayedGate(client, site_id, name, key),
            PolicyStore(folder / f"{name}.sqlite3", GateIdentity(site_id, name, root_key), now),
        )
        for name, key in keys.items()
    }
    gates["newer"].played.knows = (SUM_DIGEST,)
    for gate in gates.values():
        gate.ask()
    publish = _cards(menjin, site_id, person_id)
    without_sums = [next(publish) for _round in range(ROUNDS)]
    for gate in gates.values():
        gate.ask()
        gate.forget()
    _begun, begin_ms = _timed(lambda: begin_sums(menjin, now))
    with_sums = []
    for _round in range(ROUNDS):
        with_sums.append(next(publish))
        for gate in gates.values():
            gate.ask()
    newer, older = gates["newer"], gates["older"]
    # The first change after sums were begun is added up as a whole.
    for case, mine, others in (
        ("answered after one card more", newer.answered_ms, older.answered_ms),
        ("digest at the gate", newer.digest_ms[1:], older.digest_ms[1:]),
        ("taken at the gate, with its rules", newer.taken_ms[1:], older.taken_ms[1:]),
        ("published to two gates, one with sums", with_sums, without_sums),
    ):
        yield beside(
            "digest", f"{case}, {PEOPLE} people", percentile(mine, 0.5), "ms", PEER, percentile(others, 0.5)
        )
    yield Figure("digest", f"sums begun, {PEOPLE} people", round(begin_ms, 3), "ms")


def _add_people(session: Session, sealer: Sealer, site_id: str, now: datetime) -> str:
    """Add people with a card each who may pass both gates; return the last one."""
    for number in range(PEOPLE):
        home_id, person_id = f"home-{number // PEOPLE_OF_A_HOME}", f"{number:016x}"
        if number % PEOPLE_OF_A_HOME == 0:
            session.add(Home(home_id=home_id, site_id=site_id, number=f"9-{number}", pin_salt=bytes(16)))
        session.add_all(
            [
                Person(
                    person_id=person_id,
                    site_id=site_id,
                    home_id=home_id,
                    display_name="someone",
                    methods=["card"],
                    created_at=now,
                ),
                GrantRow(grant_id=person_id, person_id=person_id, lanes=["newer-in", "older-in"]),
                CredentialRow(
                    credential_id=f"c{number:015x}",
                    person_id=person_id,
                    kind="card",
                    created_at=now,
                    lookup=card_lookup(sealer, number),
                    secret_sealed=seal_card_number(sealer, number),
                ),
            ]
        )
    session.flush()
    return person_id


def _cards(menjin: Menjin, site_id: str, person_id: str) -> Iterator[float]:
    """Give a person one card more after another; yield the milliseconds until each is published."""
    number = PEOPLE
    while True:
        number += 1
        now = datetime.now(UTC)
        with menjin.database.session() as session:
            add_card(session, menjin.sealer, session.get_one(Person, person_id), number, now)
            started = time.perf_counter()
            publish_policy(session, menjin.sealer, site_id, now, person_ids=[person_id])
            published = time.perf_counter() - started
        yield published * 1000
