"""What a gate's regular question takes while 500 connections stall, and while 500 trickle.

The baseline is the same question in the same run without other clients, in turn with the attack. Questions
are signed and counted by the gate's own link, no more a second than the server answers one gate; the
attackers come from fifty addresses and are a process of their own. Direct, and through the real Caddy with
the shipped Caddyfile where it is installed.
"""

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
from sqlalchemy import create_engine, make_url, text

from tests.bench.figure import Figure, beside, percentile
from tests.bench.pages import KEYS, temporary_postgres
from tests.served.real_caddy import MISSING, caddy_before, has_caddy
from tests.served.served_compound import ServedCompound, serve_compound
from tests.served.slow_clients import AskingGate
from web_admin.core.config import WebConfig
from web_admin.gates.ask_bounds import ASKS_A_SECOND

CONNECTIONS = 500
ROUNDS, ASKS_IN_A_ROUND = 4, 60
ATTACKS = {"stalled": 0, "slow": 1}
"""Bytes that each connection sends a second."""
PEER = "no other clients"


def measure() -> Iterator[Figure]:
    """Yield p50 and p99 of a gate's question under attack, direct and through Caddy, on both databases."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        yield from _measured("sqlite", None, Path(folder))
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder, temporary_postgres() as url:
        if url is None:
            print("PostgreSQL cannot start here: only SQLite was measured", file=sys.stderr)
        else:
            yield from _measured("postgresql", url, Path(folder))


def _measured(kind: str, url: str | None, folder: Path) -> Iterator[Figure]:
    keys = {name: secrets.token_bytes(32) for name in KEYS}
    for way, proxies in (("direct", 0), ("Caddy", 1)):
        if proxies and not has_caddy():
            print(f"{MISSING}: only direct connections were measured", file=sys.stderr)
            return
        of_way = folder / way
        of_way.mkdir()
        config = WebConfig(
            database_url=_own_database(url, of_way),
            data_dir=of_way,
            secrets_dir=of_way / "secrets",
            public_url="https://localhost" if proxies else "http://localhost",
            trusted_proxies=proxies,
            **keys,
        )
        with ExitStack() as stack:
            served = stack.enter_context(serve_compound(config, of_way))
            address, server_ca = served.address, None
            if proxies:
                proxy = stack.enter_context(caddy_before(served.address, of_way))
                address, server_ca = proxy.address, proxy.server_ca
            yield from _attacked(f"{kind}, {way}", served, address, server_ca)


def _own_database(server: str | None, folder: Path) -> str:
    """Return the address of an empty database: a file, or one made on that PostgreSQL."""
    if server is None:
        return f"sqlite:///{folder / 'menjin.sqlite3'}"
    name = f"attacked_{folder.name.lower()}"
    office = create_engine(server, isolation_level="AUTOCOMMIT")
    with office.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    office.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _attacked(case: str, served: ServedCompound, address: str, server_ca: Path | None) -> Iterator[Figure]:
    gate = AskingGate(served.compound, address, server_ca=server_ca)
    _asks(gate)
    for attack, bytes_per_second in ATTACKS.items():
        alone: list[float] = []
        under: list[float] = []
        pages: list[float] = []
        for _round in range(ROUNDS):
            alone += _asks(gate)
            with _swarm(address, bytes_per_second):
                under += _asks(gate)
                pages.append(_page(address, server_ca))
        for share, word in ((0.5, "p50"), (0.99, "p99")):
            value, peer = percentile(under, share), percentile(alone, share)
            yield beside("attack", f"{case}: ask, {CONNECTIONS} {attack}, {word}", value, "ms", PEER, peer)
        yield Figure("attack", f"{case}: a page, {CONNECTIONS} {attack}, slowest", round(max(pages), 1), "ms")
    gate.close()


def _asks(gate: AskingGate) -> list[float]:
    times = []
    for _ask in range(ASKS_IN_A_ROUND):
        started = time.perf_counter()
        gate.ask()
        took = time.perf_counter() - started
        times.append(took * 1000)
        time.sleep(max(0.0, 1 / ASKS_A_SECOND - took))
    return times


def _page(address: str, server_ca: Path | None) -> float:
    started = time.perf_counter()
    page = f"{address}/staff/sign-in"
    answer = requests.get(page, timeout=30, verify=str(server_ca) if server_ca else True)
    answer.raise_for_status()
    return (time.perf_counter() - started) * 1000


@contextmanager
def _swarm(address: str, bytes_per_second: int) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "tests.bench.slow_swarm",
        address,
        "--count",
        str(CONNECTIONS),
        "--bytes-per-second",
        str(bytes_per_second),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise AssertionError(f"{CONNECTIONS} connections to {address} could not be opened")
        yield
        process.stdin.close()
