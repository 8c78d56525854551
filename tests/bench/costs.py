"""What one more gate, passage, compound or connection costs: `menjin bench costs`.

The real parts of an installation of many compounds on one machine: `menjin web run --cells` in one process
over PostgreSQL with a database a cell, `nats-server` with TLS, Caddy. Gates are a process of their own.
Costs are processor time, memory and bytes, which hardly depend on what else the machine does;
`docs/fleet.md` grows an installation with them on paper.
"""

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import requests
from sqlalchemy import Engine, func, select, text

from gate_controller.contract.bell import account_of
from tests.bench.cost_meters import Meter, pss_kib, ran, seconds_of_command
from tests.bench.cost_of_head_office import asked
from tests.bench.figure import Figure
from tests.bench.fleet import ended, playing, started_at
from tests.bench.fleet_bells import Bells, Rung
from tests.bench.fleet_cells import filled
from tests.bench.fleet_events import Journals, Taken
from tests.bench.fleet_gates import Known
from tests.bench.pages import temporary_postgres
from tests.growing import costs as on_paper_costs
from tests.served.real_caddy import Proxy, caddy_before, has_caddy
from tests.served.served_compound import serve_command, write_down
from tests.support.broker import Brokers, run_brokers
from tests.support.compounds.with_gates import add_card
from web_admin import make_parts
from web_admin.cells.open_cell import InCommon
from web_admin.compound.models import CredentialRow, Person, Site
from web_admin.core.bell import account_key
from web_admin.core.config import SECRET_BYTES, SECRET_NAMES, WebConfig
from web_admin.core.database import Menjin, make_engine
from web_admin.journal.models import GateEvent
from web_admin.operations import housekeeping, schema
from web_admin.policy.publish import publish_policy

CELLS, FIRST_CELLS, GATES_OF_A_CELL = 20, 4, 15
SETTLE_SECONDS, IDLE_SECONDS = 10.0, 60.0
ASK_SECONDS, ASKS_A_SECOND = 10.0, 60.0
BATCHES_OF_ONE, BATCHES_OF_MANY, ENTRIES_OF_MANY = 20, 4, 200
TIMES_AGAIN, ENTRIES_APART = 25, 10_000
CONNECTIONS, REQUESTS, PAGES = 300, 1000, 10
UNITS = {"ms": "ms", "ms/s": "ms", "s": "s", "MiB": "mib", "KiB": "kib", "bytes": "bytes", "": ""}
PASSPHRASE = "an invented passphrase of the backups"


@dataclass
class _Installation:
    """What runs: its cells, and who can be measured."""

    folder: Path
    address: str
    web: Meter
    postgres: Meter
    admin: Engine
    cells: dict[str, Menjin]
    known: list[Known]
    brokers: Brokers

    def of(self, name: str) -> list[Known]:
        """Return the gates of one cell."""
        return [one for one in self.known if one.host == _host_of(name)]

    def wal_bytes(self) -> int:
        """Return how much PostgreSQL has written into its log, which a standby gets too."""
        with self.admin.connect() as connection:
            return int(connection.scalar(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")) or 0)

    def connections(self) -> list[int]:
        """Return the processes of PostgreSQL behind connections to databases of cells."""
        with self.admin.connect() as connection:
            return list(
                connection.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname LIKE 'cell_%'"))
            )


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, temporary_postgres() as url:
        if url is None:
            print("PostgreSQL cannot start here: these costs are measured on nothing else", file=sys.stderr)
            return
        with ExitStack() as stack:
            yield from _measured(stack, Path(folder), url)


def _figure(case: str, value: float, unit: str) -> Figure:
    """Return a figure beside what `tests.growing` reckons with, which has a name for each."""
    name = f"{case}_{UNITS[unit]}".rstrip("_").upper()
    on_paper = float(getattr(on_paper_costs, name))
    return Figure("costs", case, round(value, 4), unit, "on paper", on_paper, round(value / on_paper, 2))


def _measured(stack: ExitStack, folder: Path, url: str) -> Iterator[Figure]:
    keys = [_keys() for _cell in range(CELLS)]
    accounts = [account_of(account_key(one["seal_key"])) for one in keys]
    brokers = stack.enter_context(run_brokers(folder / "brokers", accounts))
    admin = make_engine(url)
    stack.callback(admin.dispose)
    with admin.connect() as connection:
        own = int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)
    postgres = Meter.of_parent(own)
    cells, known = _made(folder, url, admin, keys, brokers)
    for one in cells.values():
        stack.callback(one.database.engine.dispose)
        stack.callback(one.bell.close)
        one.database.engine.dispose()
    with admin.connect() as connection:
        size = connection.scalar(text("SELECT pg_database_size('cell_00')"))
    yield _figure("database_of_a_cell", float(size or 0) / 2**20, "MiB")
    run = ["web", "run", "--cells", str(folder / "cells"), "--port", "0", "--workers", "1"]
    address, process = stack.enter_context(serve_command(run, folder / "server.log"))
    made = _Installation(folder, address, Meter(process.pid), postgres, admin, cells, known, brokers)
    yield from _cells(made)
    yield from _asks(made)
    yield from _pages(made)
    yield from _bells(made)
    yield from _entries(made)
    yield from _backups(made)
    if has_caddy():
        proxy = stack.enter_context(caddy_before(address, folder))
        yield from _proxy(proxy)
        first = next(iter(cells.values()))
        for case, milliseconds in asked(first, proxy, made.web, postgres, folder / "head"):
            yield _figure(case, milliseconds, "ms")


def _host_of(name: str) -> str:
    """Return the host of a cell; the first one's is that for which Caddy has a certificate here."""
    return "localhost" if name.endswith("-00") else f"{name}.example"


def _keys() -> dict[str, bytes]:
    return {
        name if name == "password_salt" else f"{name}_key": secrets.token_bytes(SECRET_BYTES)
        for name in SECRET_NAMES
    }


def _made(
    folder: Path, url: str, admin: Engine, keys: list[dict[str, bytes]], brokers: Brokers
) -> tuple[dict[str, Menjin], list[Known]]:
    """Make a database and a folder for each cell, filled."""
    common, cells, known = InCommon(lambda: datetime.now(UTC)), {}, []
    _run(admin, "CREATE DATABASE template_of_cells")
    base = make_engine(_with_name(url, "template_of_cells"))
    schema.upgrade(base)
    base.dispose()
    (folder / "cells").mkdir()
    for number, own in enumerate(keys):
        name, database = f"cell-{number:02}", f"cell_{number:02}"
        _run(admin, f"CREATE DATABASE {database} TEMPLATE template_of_cells")
        data_dir = folder / "cells" / name
        data_dir.mkdir()
        config = WebConfig(
            public_url=f"https://{_host_of(name)}",
            database_url=_with_name(url, database),
            data_dir=data_dir,
            secrets_dir=data_dir / "secrets",
            bell_servers=brokers.addresses,
            bell_ca=brokers.ca,
            **own,
        )
        write_down(config)
        known += filled(config, common, _host_of(name), GATES_OF_A_CELL)
        cells[name] = make_parts(config, clock=common.clock, statements=common.statements)
    return cells, known


def _run(admin: Engine, statement: str) -> None:
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def _with_name(url: str, database: str) -> str:
    address, _, query = url.partition("?")
    return f"{address.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def _cells(made: _Installation) -> Iterator[Figure]:
    """Yield what an open compound costs, and its periodic work."""
    names, opened = list(made.cells), CELLS - FIRST_CELLS
    _open(made, names[:FIRST_CELLS])
    _wake(made, FIRST_CELLS)  # what cells share is loaded by the first ones
    web_mib, few_at_rest = made.web.mib(), _at_rest(made)
    with ran(made.web) as spent:
        _open(made, names[FIRST_CELLS:])
    yield _figure("open_cell_web", spent[0] / opened * 1000, "ms")
    _wake(made, CELLS)
    yield _figure("open_cell_memory_web", (made.web.mib() - web_mib) / opened, "MiB")
    for part, few, many in zip(("web", "postgres"), few_at_rest, _at_rest(made), strict=True):
        yield _figure(f"open_cell_at_rest_{part}", (many - few) / opened * 1000, "ms/s")
    with ran(made.postgres) as spent:
        started = time.thread_time()
        for menjin in made.cells.values():
            housekeeping.run(menjin, menjin.clock())
        own = time.thread_time() - started
    yield _figure("housekeeping_web", own / CELLS * 1000, "ms")
    yield _figure("housekeeping_postgres", spent[0] / CELLS * 1000, "ms")
    for menjin in made.cells.values():
        menjin.database.engine.dispose()
    connections = made.connections()
    yield _figure("open_cell_connections", len(connections) / CELLS, "")
    kib = sum(map(pss_kib, connections))
    yield _figure("connection_memory_postgres", kib / len(connections) / 1024, "MiB")


def _at_rest(made: _Installation) -> list[float]:
    """Return the share of a core that the server and PostgreSQL take while no one asks."""
    time.sleep(SETTLE_SECONDS)
    with ran(made.web, made.postgres) as spent:
        time.sleep(IDLE_SECONDS)
    return [one / IDLE_SECONDS for one in spent]


def _open(made: _Installation, names: list[str], path: str = "/healthz") -> None:
    for name in names:
        asked = requests.get(f"{made.address}{path}", headers={"Host": _host_of(name)}, timeout=60)
        asked.raise_for_status()


def _wake(made: _Installation, cells: int) -> None:
    """Let the gates of the first cells ask: each then is open as it is in use."""
    names = list(made.cells)[:cells]
    gates = [one for name in names for one in made.of(name)]
    seen = ended(started_at(made.address, gates, seconds=ASK_SECONDS, per_second=ASKS_A_SECOND))
    counters = {(one.host, one.gate_id): one for one in seen.gates}
    made.known = [counters.get((one.host, one.gate_id), one) for one in made.known]


def _asks(made: _Installation) -> Iterator[Figure]:
    """Yield what a question costs, with nothing new on either side and with something new at the gate."""
    for case, with_news in (("ask_unchanged", False), ("ask_with_news", True)):
        player = started_at(
            made.address, made.known, seconds=ASK_SECONDS, per_second=ASKS_A_SECOND, with_news=with_news
        )
        written = made.wal_bytes()
        with ran(made.web, made.postgres) as spent:
            seen = ended(player)
        made.known, count = seen.gates, len(seen.answer_ms)
        yield _figure(f"{case}_web", spent[0] / count * 1000, "ms")
        yield _figure(f"{case}_postgres", spent[1] / count * 1000, "ms")
        yield _figure(f"{case}_log", (made.wal_bytes() - written) / count, "bytes")


def _pages(made: _Installation) -> Iterator[Figure]:
    """Yield what a plain page costs: the one of a resident who signs in."""
    names = list(made.cells)
    _open(made, names, "/r/sign-in")
    with ran(made.web, made.postgres) as spent:
        for _round in range(PAGES):
            _open(made, names, "/r/sign-in")
    yield _figure("page_web", spent[0] / CELLS / PAGES * 1000, "ms")
    yield _figure("page_postgres", spent[1] / CELLS / PAGES * 1000, "ms")


def _bells(made: _Installation) -> Iterator[Figure]:
    """Let every gate connect to the broker and be rung by a card more in its compound."""
    process = made.brokers.each[0].process
    assert process is not None
    broker, gates = Meter(process.pid), len(made.known)
    before, version = broker.mib(), _version(next(iter(made.cells.values())))
    bells = Bells(made.address, made.known, str(made.brokers.ca), version + 1)
    with ran(broker) as spent:
        player = playing("tests.bench.fleet_bells", bells)
    yield _figure("bell_connects_broker", spent[0] / gates * 1000, "ms")
    yield _figure("bell_memory_broker", (broker.mib() - before) / gates * 1024, "KiB")
    own = 0.0
    with ran(broker) as rung, ran(made.postgres) as spent:
        for menjin in made.cells.values():
            own += _one_card_more(menjin)
    yield _figure("publication_web", own / CELLS * 1000, "ms")
    yield _figure("publication_postgres", spent[0] / CELLS * 1000, "ms")
    assert player.stdout is not None
    heard = msgspec.json.decode(player.stdout.read(), type=Rung)
    player.stdout.close()
    player.wait()
    if heard.failures:
        raise AssertionError(heard.failures[0])
    made.known = heard.gates
    yield _figure("bell_rings_broker", rung[0] / gates * 1000, "ms")


def _version(menjin: Menjin) -> int:
    with menjin.database.session() as session:
        return session.scalars(select(Site)).one().version


def _one_card_more(menjin: Menjin) -> float:
    """Give a person another card and publish; return the processor time of this thread."""
    began = time.thread_time()
    with menjin.database.session() as session:
        site, now = session.scalars(select(Site)).one(), menjin.clock()
        person = session.scalars(select(Person).limit(1)).one()
        add_card(session, menjin.sealer, person, 49_999, now)
        publish_policy(session, menjin.sealer, site.site_id, now, person_ids=[person.person_id])
    return time.thread_time() - began


def _entries(made: _Installation) -> Iterator[Figure]:
    """Yield what a request with one entry costs, what each further one, and how long it is on the disk."""
    name, menjin = next(iter(made.cells.items()))
    with menjin.database.session() as session:
        site_id = session.scalars(select(Site.site_id)).one()
        people = [(card.person_id, card.credential_id) for card in session.scalars(select(CredentialRow))]
    gates, costs = made.of(name), []
    half = len(gates) // 2
    plays = ((gates[:half], BATCHES_OF_ONE, 1), (gates[half:], BATCHES_OF_MANY, ENTRIES_OF_MANY))
    for senders, batches, entries in plays:
        written, stored = made.wal_bytes(), _stored(menjin)
        player = playing(
            "tests.bench.fleet_events", Journals(made.address, site_id, senders, people, batches, entries)
        )
        with ran(made.web, made.postgres) as spent:
            assert player.stdout is not None
            taken = msgspec.json.decode(player.stdout.read(), type=Taken)
            player.stdout.close()
            player.wait()
        if taken.failures:
            raise AssertionError(taken.failures[0])
        sent = batches * len(senders) + taken.sent_again
        costs.append(
            (
                spent[0] / sent,
                spent[1] / sent,
                (made.wal_bytes() - written) / sent,
                (_stored(menjin) - stored) / (batches * len(senders) * entries),
            )
        )
    one, many = costs
    more = ENTRIES_OF_MANY - 1
    for number, (part, unit, factor) in enumerate(
        (("web", "ms", 1000.0), ("postgres", "ms", 1000.0), ("log", "bytes", 1.0))
    ):
        yield _figure(f"request_of_one_entry_{part}", one[number] * factor, unit)
        yield _figure(f"further_entry_{part}", (many[number] - one[number]) / more * factor, unit)
    yield _figure("entry_stored", many[3], "bytes")


def _stored(menjin: Menjin) -> int:
    with menjin.database.open_reading() as session:
        return int(session.scalar(text("SELECT pg_total_relation_size('gate_event')")) or 0)


def _backups(made: _Installation) -> Iterator[Figure]:
    """Yield what the command costs for a compound of few entries, and each thousand more."""
    names, found = list(made.cells), []
    thousands = _entries_again(made.cells[names[0]]) / 1000
    passphrase = made.folder / "passphrase"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    for name in (names[0], names[1]):
        file = made.folder / f"{name}.menjin"
        command = [
            sys.executable,
            "-m",
            "menjin",
            "web",
            "backup",
            str(file),
            "--data-dir",
            str(made.folder / "cells" / name),
        ]
        with ran(made.postgres) as spent:
            took = seconds_of_command(command, {"MENJIN_BACKUP_PASSPHRASE_FILE": str(passphrase)})
        found.append((took, spent[0], file.stat().st_size))
    (took, of_postgres, size), (few, few_of_postgres, few_size) = found
    yield _figure("backup_command", few, "s")
    yield _figure("backup_command_postgres", few_of_postgres, "s")
    yield _figure("backup_size", few_size / 1024, "KiB")
    yield _figure("backup_thousand_entries", (took - few) / thousands, "s")
    yield _figure("backup_thousand_entries_postgres", (of_postgres - few_of_postgres) / thousands, "s")
    yield _figure("backup_entry_size", (size - few_size) / thousands / 1000, "bytes")


def _entries_again(menjin: Menjin) -> int:
    """Put each entry in many times, under later numbers; return how many there are."""
    columns = [column.name for column in GateEvent.__table__.columns if column.name != "seq"]
    names = ", ".join(columns)
    with menjin.database.session() as session:
        session.execute(
            text(
                f"INSERT INTO gate_event (seq, {names}) SELECT seq + {ENTRIES_APART} * n, {names}"  # noqa: S608 - our own names
                f" FROM gate_event, generate_series(1, {TIMES_AGAIN}) AS n"
            )
        )
        return session.scalar(select(func.count()).select_from(GateEvent)) or 0


def _proxy(proxy: Proxy) -> Iterator[Figure]:
    """Yield what TLS costs: a connection, its memory, and a request over one that is open."""
    caddy = Meter(proxy.pid)
    proxy.connect().close()
    before = caddy.mib()
    with ran(caddy) as spent:
        connections = [proxy.connect() for _number in range(CONNECTIONS)]
    yield _figure("tls_connects_proxy", spent[0] / CONNECTIONS * 1000, "ms")
    yield _figure("tls_memory_proxy", (caddy.mib() - before) / CONNECTIONS * 1024, "KiB")
    with ran(caddy) as spent:
        for number in range(REQUESTS):
            connection = connections[number % CONNECTIONS]
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while not connection.recv(65536):
                raise AssertionError("the proxy hung up")
    yield _figure("request_proxy", spent[0] / REQUESTS * 1000, "ms")
    for connection in connections:
        connection.close()
