"""A monitor learns the truth: a database that hangs or takes no row, a disk without room."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.gates.waiting import until
from tests.support.small_disk import fill, make_room, small_disk
from web_admin.core.config import WebConfig
from web_admin.operations.disk_reserve import RESERVE_BYTES

PATIENCE_SECONDS = 60.0
ROOM_BYTES = 400_000


def asked(served: ServedCompound, path: str) -> tuple[int, str]:
    answer = requests.get(f"{served.address}{path}", timeout=10)
    return answer.status_code, answer.text


def becomes(served: ServedCompound, expected: tuple[int, str]) -> None:
    """Wait until the server says so: what a probe found holds for a second, in each worker."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while (said := asked(served, "/readyz")) != expected:
        assert time.monotonic() < give_up, said
        time.sleep(0.1)


@contextmanager
def hanging(url: str) -> Iterator[None]:
    """Hold what the probe writes, as a database does that is stuck."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            yield
            held.execute("ROLLBACK")
        return
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE server_mark IN ACCESS EXCLUSIVE MODE"))
        yield
    engine.dispose()


def test_a_database_that_hangs_is_said_within_seconds_and_the_process_lives(
    served: ServedCompound, web_config: WebConfig
) -> None:
    becomes(served, (200, "ok\n"))
    with hanging(web_config.database_url):
        becomes(served, (503, "not ready: database\n"))
        assert asked(served, "/livez") == (200, "ok\n")
    becomes(served, (200, "ok\n"))
    lines = [line for line in served.log_lines() if "ready" in line]
    assert any("not ready: database" in line for line in lines) and len(lines) < 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 160) as folder:
        yield folder


@pytest.mark.wide
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_and_pages_still_answer(
    web_config: WebConfig, disk: Path, tmp_path: Path
) -> None:
    config = replace(
        web_config,
        data_dir=disk,
        secrets_dir=disk / "secrets",
        database_url=f"sqlite:///{disk / 'menjin.sqlite3'}",
    )
    with serve_compound(config, tmp_path) as served:
        becomes(served, (200, "ok\n"))
        until(lambda: reserve_bytes(disk) >= RESERVE_BYTES)
        fill(disk)
        becomes(served, (503, "not ready: disk\n"))
        assert asked(served, "/")[0] == 200
        staff = served.signed_in("manager")
        for page in ("/manage/", "/manage/people/", "/manage/health"):
            assert staff.get(page).status_code == 200, page
        write_beside(disk, ROOM_BYTES)
        assert reserve_bytes(disk) < RESERVE_BYTES - ROOM_BYTES // 2, "written into the room kept for it"
        make_room(disk)
        becomes(served, (200, "ok\n"))


def write_beside(disk: Path, size: int) -> None:
    """Write so much that it has no room in pages that are half empty."""
    with closing(sqlite3.connect(disk / "menjin.sqlite3", isolation_level=None, timeout=30)) as beside:
        beside.execute("CREATE TABLE beside (room BLOB)")
        beside.execute("INSERT INTO beside VALUES (zeroblob(?))", (size,))


def reserve_bytes(disk: Path) -> int:
    """Return the room inside the file, as another program reads it."""
    with closing(sqlite3.connect(f"file:{disk / 'menjin.sqlite3'}?mode=ro", uri=True)) as found:
        (pages,) = found.execute("PRAGMA freelist_count").fetchone()
        (size,) = found.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(size)
