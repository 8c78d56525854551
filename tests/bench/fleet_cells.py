"""What many compounds on one server cost: `menjin bench fleet --cells N`.

The real `menjin web run --cells` over SQLite, one file a cell, with gates that ask over sockets of their own
at the pace of a bell: each once a minute, spread. Memory is what the server's processes have for themselves
and their part of what they share.
"""

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import requests
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.bench.figure import Figure, percentile
from tests.bench.fleet_gates import Known, Seen
from tests.served.served_compound import serve_command, write_down
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from web_admin import make_parts
from web_admin.cells.open_cell import InCommon
from web_admin.compound.keys import create_site
from web_admin.core.config import SECRET_BYTES, SECRET_NAMES, WebConfig
from web_admin.core.database import make_engine
from web_admin.operations import schema
from web_admin.policy.publish import publish_policy

ASKS_EVERY_SECONDS = 60.0
OPENED_AT_ONCE = 8
LONGEST_OPENING_SECONDS = 60.0
PEOPLE_OF_A_CELL = 4
SECONDS = 60.0
LEAD_IN_SECONDS = 120.0
"""Ten thousand gates that come at once are worked out in full, and many were silent until then."""
TARGET_CELLS = 300
TARGETS = {"ask_p99_ms": 250.0, "memory_mib": 4096.0}
Play = Callable[..., Seen]
"""Lets gates ask an address, as `fleet` does."""


def measured(cells: int, gates: int, play: Play) -> Iterator[Figure]:
    """Yield how soon so many cells answer, how long asks take and what memory the server has."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        known = _made(Path(folder) / "cells", cells, gates)
        started = time.monotonic()
        run = ["web", "run", "--cells", str(Path(folder) / "cells"), "--port", "0", "--workers", "1"]
        with serve_command(run, Path(folder) / "server.log") as (address, process):
            yield _figure(cells, "start_s", time.monotonic() - started, "s")
            yield _figure(cells, "memory_started_mib", _mib(process.pid), "MiB")
            began = time.monotonic()
            with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
                list(pool.map(partial(_open, address), sorted({one.host for one in known})))
            yield _figure(cells, "all_opened_s", time.monotonic() - began, "s")
            seen = play(
                address,
                known,
                seconds=SECONDS,
                per_second=len(known) / ASKS_EVERY_SECONDS,
                lead_in_seconds=LEAD_IN_SECONDS,
            )
            yield _figure(cells, "gates", float(len(known)), "")
            yield _figure(cells, "ask_p50_ms", percentile(seen.answer_ms, 0.5), "ms")
            yield _figure(cells, "ask_p99_ms", percentile(seen.answer_ms, 0.99), "ms")
            yield _figure(cells, "memory_mib", _mib(process.pid), "MiB")


def _figure(cells: int, case: str, value: float, unit: str) -> Figure:
    target = TARGETS.get(case) if cells == TARGET_CELLS else None
    return Figure("fleet", f"cells_{cells}_{case}", round(value, 3), unit, target=target)


def _open(address: str, host: str) -> None:
    answer = requests.get(f"{address}/healthz", headers={"Host": host}, timeout=LONGEST_OPENING_SECONDS)
    if answer.text != "ok\n":
        raise AssertionError(f"{host} answered {answer.status_code}")


def _made(folder: Path, cells: int, gates: int) -> list[Known]:
    """Make the folders of so many cells, so many gates spread over them; return the gates' keys."""
    folder.mkdir()
    tables, common, known = folder.parent / "tables.sqlite3", InCommon(lambda: datetime.now(UTC)), []
    with closing(_Disposed(f"sqlite:///{tables}")) as made:
        schema.upgrade(made.engine)
    for number in range(cells):
        name = f"cell-{number:03}"
        data_dir = folder / name
        data_dir.mkdir()
        shutil.copyfile(tables, data_dir / "menjin.sqlite3")
        keys = {
            key if key == "password_salt" else f"{key}_key": secrets.token_bytes(SECRET_BYTES)
            for key in SECRET_NAMES
        }
        config = WebConfig(
            public_url=f"https://{name}.example",
            database_url=f"sqlite:///{data_dir / 'menjin.sqlite3'}",
            data_dir=data_dir,
            secrets_dir=data_dir / "secrets",
            **keys,
        )
        write_down(config)
        count = gates // cells + (number < gates % cells)
        known += filled(config, common, f"{name}.example", count)
    return known


class _Disposed:
    """An engine that is disposed of at the end."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)

    def close(self) -> None:
        self.engine.dispose()


def filled(config: WebConfig, common: InCommon, host: str, gates: int) -> list[Known]:
    """Make a compound with so many gates and a few people; return the gates' keys."""
    menjin = make_parts(config, clock=common.clock, statements=common.statements)
    now, known = common.clock(), []
    with menjin.database.session() as session:
        site, _pem = create_site(
            session, menjin.sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now
        )
        for number in range(gates):
            gate_id = f"stair-{number}"
            key = add_gate(session, menjin.sealer, site.site_id, gate_id, 1 + number, ["card"])
            raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            known.append(Known(gate_id, raw, host=host))
        lanes = [f"stair-{number}-in" for number in range(gates)]
        home = add_home(session, site.site_id, "9-1")
        for number in range(PEOPLE_OF_A_CELL):
            person = add_person(session, site.site_id, home, lanes, now)
            add_card(session, menjin.sealer, person, 50_000 + number, now)
        publish_policy(session, menjin.sealer, site.site_id, now)
    menjin.database.engine.dispose()
    return known


def _mib(process: int) -> float:
    """Return what a process and those it started have in memory, shared pages counted in parts."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, check=False)
    kib = 0
    for number in [process, *map(int, found.stdout.split())]:
        for line in Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines():
            kib += int(line.split()[1]) if line.startswith("Pss:") else 0
    return kib / 1024
