"""What a large compound costs: `menjin bench fleet [--gates N] [--people N]`.

The real server with two workers over PostgreSQL, as `menjin web run` serves it, and paired gates in a process
of their own that sign each request, on one machine. The peer of each figure is what the commit before cheap
asks measured on such a machine (two cores, 2026-11); its ratio says little on another one.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from tests.bench.figure import Figure, beside, percentile
from tests.bench.fleet_gates import Known, Orders, Seen
from tests.bench.pages import KEYS, temporary_postgres
from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from web_admin.compound.models import Person, Site
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.policy.publish import publish_policy

BEFORE = "before cheap asks"
ASKS_PER_SECOND_BEFORE = 136.0
ASK_P99_MS_BEFORE = 1100.0
PUBLISH_ONE_CARD_BEFORE_S = 2.6
SECONDS = 10.0
PEOPLE_OF_A_HOME = 4


@dataclass(frozen=True)
class _Size:
    gates: int
    people: int


def measure(arguments: Sequence[str] = ()) -> Iterator[Figure]:
    """Yield asks a second, their p99 at half of that, and how soon one card more reaches every gate."""
    parser = argparse.ArgumentParser(prog="menjin bench fleet")
    parser.add_argument("--gates", type=int, default=1000, help="paired gates (default: %(default)s)")
    parser.add_argument("--people", type=int, default=100, help="people with a card (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    size = _Size(chosen.gates, chosen.people)
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, temporary_postgres() as url:
        if url is None:
            print("PostgreSQL cannot start here: a fleet is measured on nothing else", file=sys.stderr)
            return
        keys = {name: secrets.token_bytes(32) for name in KEYS}
        config = WebConfig(database_url=url, data_dir=Path(folder), secrets_dir=Path(folder) / "secrets",
                           public_url="http://localhost", **keys)
        with serve_compound(config, Path(folder)) as served:
            yield from _measured(served, size)


def _measured(served: ServedCompound, size: _Size) -> Iterator[Figure]:
    gates = _filled(served, size)
    names = f"{size.gates}_gates" + (f"_{size.people}_people" if size.people > 1000 else "")
    gates = _played(served, gates, seconds=60.0, until_version=_version(served)).gates
    seen = _played(served, gates, seconds=SECONDS)
    rate = len(seen.answer_ms) / seen.seconds
    yield beside("fleet", "asks_per_second", rate, "/s", BEFORE, ASKS_PER_SECOND_BEFORE)
    seen = _played(served, seen.gates, seconds=SECONDS, per_second=rate / 2)
    p99 = percentile(seen.answer_ms, 0.99)
    yield beside("fleet", "ask_p99_ms", p99, "ms", BEFORE, ASK_P99_MS_BEFORE)
    wanted = 1 + _version(served)
    player = _started(served, seen.gates, seconds=120.0, per_second=size.gates / 2, until_version=wanted)
    started = time.time()
    published = _one_card_more(served)
    yield beside("fleet", f"publish_one_card_{names}_s", published, "s", BEFORE, PUBLISH_ONE_CARD_BEFORE_S)
    seen = _ended(player)
    if len(seen.had_version_at) != size.gates:
        raise AssertionError(f"{size.gates - len(seen.had_version_at)} gates did not get the card")
    took = [at - started - published for at in seen.had_version_at]
    yield Figure("fleet", "last_gate_told_polling_p99_s", round(percentile(took, 0.99), 3), "s")


def _filled(served: ServedCompound, size: _Size) -> list[Known]:
    """Add gates and people to the compound as rows, publish once, and return the gates' keys."""
    app, now = served.compound.app, datetime.now(UTC)
    known = []
    with app.app_context(), current_menjin().database.session() as session:
        sealer, site_id = current_menjin().sealer, served.compound.site_id
        for number in range(size.gates):
            gate_id = f"stair-{number}"
            key = add_gate(session, sealer, site_id, gate_id, 100 + number, ["card"])
            raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            known.append(Known(gate_id, raw))
        lanes = [f"stair-{number}-in" for number in range(size.gates)]
        home = None
        for number in range(size.people):
            if number % PEOPLE_OF_A_HOME == 0:
                home = add_home(session, site_id, f"9-{number}")
            add_card(session, sealer, add_person(session, site_id, home, lanes, now), 50_000 + number, now)
        publish_policy(session, sealer, site_id, now)
    return known


def _version(served: ServedCompound) -> int:
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return session.get_one(Site, served.compound.site_id).version


def _one_card_more(served: ServedCompound) -> float:
    """Give a person another card and publish; return the seconds until it is committed."""
    app, now = served.compound.app, datetime.now(UTC)
    with app.app_context():
        menjin = current_menjin()
        started = time.monotonic()
        with menjin.database.session() as session:
            person = session.scalars(select(Person).where(Person.display_name == "someone").limit(1)).one()
            add_card(session, menjin.sealer, person, 49_999, now)
            publish_policy(
                session, menjin.sealer, served.compound.site_id, now, person_ids=[person.person_id])
        return time.monotonic() - started


def _started(served: ServedCompound, gates: list[Known], **orders: object) -> subprocess.Popen[bytes]:
    player = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.fleet_gates"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert player.stdin is not None
    player.stdin.write(msgspec.json.encode(Orders(served.address, gates, **orders)))
    player.stdin.close()
    assert player.stdout is not None
    if player.stdout.readline().strip() != b"ready":
        raise AssertionError("the gates were not answered")
    return player


def _ended(player: subprocess.Popen[bytes]) -> Seen:
    assert player.stdout is not None
    seen = msgspec.json.decode(player.stdout.read(), type=Seen)
    player.stdout.close()
    player.wait()
    if seen.failures:
        raise AssertionError(f"{len(seen.failures)} asks failed, the first: {seen.failures[0]}")
    return seen


def _played(served: ServedCompound, gates: list[Known], **orders: object) -> Seen:
    return _ended(_started(served, gates, **orders))
