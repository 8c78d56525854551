"""What a large compound costs: `menjin bench fleet [--gates N] [--people N] [--events] [--site]`;
many: `--cells N`.

The real server with two workers over PostgreSQL, as `menjin web run` serves it, and paired gates in a process
of their own that sign each request, on one machine. The peer of a figure is what an earlier commit measured
on such a machine (two cores, 2026-11) at the same size, so another size has none; its ratio says little on
another machine. The target of a figure, where it has one, is beside it.
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
from sqlalchemy import func, select, update

from gate_controller.contract.bell import account_of
from gate_controller.contract.calendars import Span
from tests.bench import fleet_cells
from tests.bench.figure import Figure, beside, percentile
from tests.bench.fleet_bells import Bells, Rung
from tests.bench.fleet_events import Journals, Taken
from tests.bench.fleet_gates import Known, Orders, Seen
from tests.bench.fleet_site import seconds_to_make_site
from tests.bench.pages import KEYS, temporary_postgres
from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.broker import Brokers, run_brokers
from tests.support.compounds.assessments import assess_rows
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from tests.web_admin.policy.published import give_face
from web_admin.action.base import new_action
from web_admin.compound.models import CredentialRow, Gate, Hours, Lane, Person, Site
from web_admin.core.bell import account_key
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.credentials.cards import issue_card
from web_admin.face.actions import withdraw_face
from web_admin.gates.hours import save_hours
from web_admin.journal.models import GateEvent
from web_admin.policy.publish import publish_policy
from web_admin.policy.sums import begin_sums
from web_admin.serving.memory import keep_what_is_loaded

BEFORE = "before cheap asks and publications"
SINGLY_BEFORE = "before, and each gate, sheet and person by an act of its own"
MEASURED_BEFORE: dict[tuple[str, int, int], float] = {
    ("asks_per_second", 1000, 100): 136.0,
    ("ask_p99_ms", 1000, 100): 1100.0,
    ("publish_one_card", 1000, 100): 2.6,
    ("publish_hours", 1000, 400): 36.6,
    ("publish_hours", 250, 2000): 19.7,
    ("site", 1000, 400): 332.0,
}
"""By case, gates and people: of commit 5066cdf."""
TARGETS = {
    "asks_per_second": 1000.0,
    "ask_p99_ms": 100.0,
    "publish_one_card": 0.3,
    "publish_hours": 2.0,
    "ask_longest_at_publish_hours": 100.0,
    "site": 20.0,
    "events_per_second": 5000.0,
    "last_gate_told_polling_p99_s": 3.0,
    "last_gate_told_bell_p99": 1.0,
    "withdrawal_forgotten_bell_p99": 1.0,
}
TARGET_SIZES = {(1000, 100), (1000, 400), (250, 10_000)}
"""Gates and people for which the targets are meant."""
SITE_PEOPLE = 400
GATES_OF_A_CELL = 33
SECONDS = 10.0
PEOPLE_OF_A_HOME = 4
HOURS = "all-week"
GATES_THAT_SEND, BATCHES, ENTRIES_OF_A_BATCH = 50, 10, 100
"""Of journals; a gate that was alone for long sends 500 entries in a batch."""
MAX_PASSENGERS = 2000


@dataclass(frozen=True)
class _Size:
    gates: int
    people: int


def measure(arguments: Sequence[str] = ()) -> Iterator[Figure]:
    """Yield asks a second, their p99 at half of that, and how soon one card more reaches every gate."""
    parser = argparse.ArgumentParser(prog="menjin bench fleet")
    parser.add_argument(
        "--cells", type=int, help=f"compounds on one server instead of one, {GATES_OF_A_CELL} gates each"
    )
    parser.add_argument("--gates", type=int, help="paired gates (default: 1000)")
    parser.add_argument("--people", type=int, default=100, help="people with a card (default: %(default)s)")
    parser.add_argument("--events", action="store_true", help="send journals and nothing else")
    parser.add_argument(
        "--site", action="store_true", help=f"make a site of so many gates and {SITE_PEOPLE} people"
    )
    chosen = parser.parse_args(arguments)
    if chosen.cells:
        gates = chosen.gates or chosen.cells * GATES_OF_A_CELL
        yield from fleet_cells.measured(chosen.cells, gates, _played_at)
        return
    size = _Size(chosen.gates or 1000, chosen.people)
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, temporary_postgres() as url:
        if url is None:
            print("PostgreSQL cannot start here: a fleet is measured on nothing else", file=sys.stderr)
            return
        keys = {name: secrets.token_bytes(32) for name in KEYS}
        account = account_of(account_key(keys["seal_key"]))
        with (
            run_brokers(Path(folder) / "brokers", [account]) as brokers,
            serve_compound(_with_brokers(brokers, url, Path(folder), keys), Path(folder)) as served,
        ):
            if chosen.site:
                yield from _site_made(served, size)
            elif chosen.events:
                yield from _events_taken(served, size, _filled(served, size))
            else:
                yield from _measured(served, size, brokers.ca)


def _with_brokers(brokers: Brokers, url: str, folder: Path, keys: dict[str, bytes]) -> WebConfig:
    return WebConfig(
        database_url=url,
        data_dir=folder,
        secrets_dir=folder / "secrets",
        public_url="http://localhost",
        bell_servers=brokers.addresses,
        bell_ca=brokers.ca,
        **keys,
    )


def _figure(case: str, size: _Size, value: float, unit: str, name: str | None = None) -> Figure:
    """Return a figure beside its target, and beside what was measured before at the same size."""
    name, target = name or case, None
    if (size.gates, size.people) in TARGET_SIZES:
        target = TARGETS.get(case)
    before = MEASURED_BEFORE.get((case, size.gates, size.people))
    if before is None:
        return Figure("fleet", name, round(value, 3), unit, target=target)
    peer = SINGLY_BEFORE if case == "site" else BEFORE
    return beside("fleet", name, value, unit, peer, before, target)


def _measured(served: ServedCompound, size: _Size, ca: Path) -> Iterator[Figure]:
    gates = _filled(served, size)
    _one_card_more(served, 49_997)  # a server that runs has made such acts: its statements are compiled
    keep_what_is_loaded()  # as a process of the server does: it did not fill the compound
    names = f"{size.gates}_gates" + (f"_{size.people}_people" if size.people > 1000 else "")
    gates = _played(served, gates, seconds=60.0, until_version=_version(served)).gates
    with served.compound.app.app_context():
        begin_sums(current_menjin(), datetime.now(UTC))  # as housekeeping does, within minutes
    seen = _played(served, gates, seconds=SECONDS)
    rate = len(seen.answer_ms) / seen.seconds
    yield _figure("asks_per_second", size, rate, "/s")
    seen = _played(served, seen.gates, seconds=SECONDS, per_second=rate / 2)
    p99 = percentile(seen.answer_ms, 0.99)
    yield _figure("ask_p99_ms", size, p99, "ms")
    for case, change in (("publish_one_card", _one_card_more), ("publish_hours", _other_hours)):
        wanted = 1 + _version(served)
        player = _started(served, seen.gates, seconds=120.0, per_second=size.gates / 2, until_version=wanted)
        started = time.time()
        published = change(served)
        yield _figure(case, size, published, "s", f"{case}_{names}_s")
        seen = ended(player)
        if len(seen.had_version_at) != size.gates:
            raise AssertionError(f"{size.gates - len(seen.had_version_at)} gates did not get the change")
        longest = max(seen.answer_ms)
        yield _figure(f"ask_longest_at_{case}", size, longest, "ms", f"ask_longest_at_{case}_{names}_ms")
        took = percentile([at - started - published for at in seen.had_version_at], 0.99)
        way = "polling" if case == "publish_one_card" else case
        yield _figure(f"last_gate_told_{way}_p99_s", size, took, "s")
    yield from _with_the_bell(served, seen.gates, size, ca)
    yield from _events_taken(served, size, seen.gates)


def _with_the_bell(served: ServedCompound, gates: list[Known], size: _Size, ca: Path) -> Iterator[Figure]:
    """Yield how soon a card more, and a withdrawal, has come from all gates that are rung."""
    orders = Bells(served.address, gates, str(ca), 1 + _version(served))
    player = playing("tests.bench.fleet_bells", orders)
    started = time.time()
    published = _one_card_more(served, 49_998)
    rung = _all_rung(player)
    case = "last_gate_told_bell_p99"
    took = percentile([at - started - published for at in rung.had_version_at], 0.99)
    yield _figure(case, size, took, "s", f"{case}_s")
    person_id, earlier = (_one_face_more(served, number) for number in (0, 1))
    with served.compound.act() as act:
        withdraw_face(act, earlier)  # such an act, too, was made before
    orders = Bells(served.address, rung.gates, str(ca), 1 + _version(served), forgets=person_id)
    player = playing("tests.bench.fleet_bells", orders)
    started = time.time()
    with served.compound.act() as act:
        withdraw_face(act, person_id)
    published = time.time() - started
    rung = _all_rung(player)
    gates[:] = rung.gates
    case = "withdrawal_forgotten_bell_p99"
    took = percentile([at - started for at in rung.signed_at], 0.99)
    yield _figure("publish_withdrawal", size, published, "s", "publish_withdrawal_s")
    yield _figure(case, size, took, "s", f"{case}_s")


def _all_rung(player: subprocess.Popen[bytes]) -> Rung:
    assert player.stdout is not None
    rung = msgspec.json.decode(player.stdout.read(), type=Rung)
    player.stdout.close()
    player.wait()
    if rung.failures:
        raise AssertionError(rung.failures[0])
    return rung


def _one_face_more(served: ServedCompound, number: int) -> str:
    """Let the person of this number have their face at every gate; return who."""
    app, now = served.compound.app, datetime.now(UTC)
    with app.app_context(), current_menjin().database.session() as session:
        sealer, site_id = current_menjin().sealer, served.compound.site_id
        for lane in session.scalars(select(Lane).where(Lane.gate_id.startswith("stair-"))):
            lane.methods, lane.method_hours = ["card", "face"], {}
            assess_rows(session, site_id, lane.lane_id)
        someone = select(Person).where(Person.display_name == "someone")
        person = session.scalars(someone.order_by(Person.person_id).offset(number).limit(1)).one()
        give_face(session, sealer, site_id, person, now)
        publish_policy(session, sealer, site_id, now)
        return person.person_id


def _events_taken(served: ServedCompound, size: _Size, gates: list[Known]) -> Iterator[Figure]:
    """Let gates hand over journals; raise where the server has not each entry once, in its place."""
    site_id, sending = served.compound.site_id, gates[:GATES_THAT_SEND]
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        people = [
            (person_id, card_id)
            for person_id, card_id in session.execute(
                select(CredentialRow.person_id, CredentialRow.credential_id).limit(MAX_PASSENGERS)
            )
        ]
    journals = Journals(served.address, site_id, sending, people, BATCHES, ENTRIES_OF_A_BATCH)
    player = playing("tests.bench.fleet_events", journals)
    assert player.stdout is not None
    taken = msgspec.json.decode(player.stdout.read(), type=Taken)
    player.stdout.close()
    player.wait()
    if taken.failures:
        raise AssertionError(f"{len(taken.failures)} gates failed, the first: {taken.failures[0]}")
    of_each, names = BATCHES * ENTRIES_OF_A_BATCH, [gate.gate_id for gate in sending]
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        numbers = (func.count(), func.count(GateEvent.seq.distinct()), func.max(GateEvent.seq))
        stored = select(GateEvent.gate_id, *numbers, Gate.acknowledged_seq).join(Gate)
        of_senders = stored.where(GateEvent.gate_id.in_(names))
        rows = session.execute(of_senders.group_by(GateEvent.gate_id, Gate.acknowledged_seq)).all()
    if {tuple(row) for row in rows} != {(name, of_each, of_each, of_each, of_each) for name in names}:
        raise AssertionError(f"{of_each} entries of each gate were sent, not stored: {rows[:3]}")
    if not taken.sent_again:
        raise AssertionError("no batch was sent twice: that one counts once is not shown")
    yield _figure("events_per_second", size, of_each * len(sending) / taken.seconds, "/s")


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
        session.add(Hours(hours_id=HOURS, site_id=site_id, name=HOURS, spans=_spans(360)))
        session.execute(update(Lane).values(method_hours={"card": HOURS}))
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


def _one_card_more(served: ServedCompound, number: int = 49_999) -> float:
    """Give a person another card, as the office does; return the seconds until it is committed."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        someone = select(Person.person_id).where(Person.display_name == "someone")
        person_id = session.scalars(someone.order_by(Person.person_id).limit(1)).one()
    started = time.monotonic()
    with served.compound.act() as act:
        issue_card(act, person_id, number)
    return time.monotonic() - started


def _spans(from_minute: int) -> list[dict[str, object]]:
    span = Span(("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"), from_minute, 1439)
    return [msgspec.to_builtins(span)]


def _other_hours(served: ServedCompound) -> float:
    """Save other hours for all lanes, as the office does; return the seconds until it is committed."""
    with served.compound.app.app_context():
        menjin = current_menjin()
        started = time.monotonic()
        with menjin.database.session() as session:
            act = new_action(menjin, session, served.compound.site_id, "bench", "manager")
            save_hours(act, HOURS, HOURS, msgspec.convert(_spans(420), list[Span]))
        return time.monotonic() - started


def _site_made(served: ServedCompound, size: _Size) -> Iterator[Figure]:
    seconds = seconds_to_make_site(served, size.gates, SITE_PEOPLE, PEOPLE_OF_A_HOME)
    of_site = _Size(size.gates, SITE_PEOPLE)
    yield _figure("site", of_site, seconds, "s", f"site_{size.gates}_gates_s")


def _started(served: ServedCompound, gates: list[Known], **orders: object) -> subprocess.Popen[bytes]:
    return started_at(served.address, gates, **orders)


def started_at(address: str, gates: list[Known], **orders: object) -> subprocess.Popen[bytes]:
    """Start gates that ask this address."""
    return playing("tests.bench.fleet_gates", Orders(address, gates, **orders))


def playing(module: str, orders: msgspec.Struct) -> subprocess.Popen[bytes]:
    """Start gates in a process of their own; return it once each was answered."""
    player = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert player.stdin is not None
    player.stdin.write(msgspec.json.encode(orders))
    player.stdin.close()
    assert player.stdout is not None
    if player.stdout.readline().strip() != b"ready":
        raise AssertionError("the gates were not answered")
    return player


def ended(player: subprocess.Popen[bytes]) -> Seen:
    """Wait for gates that ask; raise where an ask failed."""
    assert player.stdout is not None
    seen = msgspec.json.decode(player.stdout.read(), type=Seen)
    player.stdout.close()
    player.wait()
    if seen.failures:
        raise AssertionError(f"{len(seen.failures)} asks failed, the first: {seen.failures[0]}")
    return seen


def _played(served: ServedCompound, gates: list[Known], **orders: object) -> Seen:
    return ended(_started(served, gates, **orders))


def _played_at(address: str, gates: list[Known], **orders: object) -> Seen:
    return ended(started_at(address, gates, **orders))
