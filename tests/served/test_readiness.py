"""A monitor learns the truth: a database that hangs or takes no row, a disk without room."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.served.served_compound import ServedCompound, serve_compound
from web_admin.core.config import WebConfig

PATIENCE_SECONDS = 20.0


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
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 100 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("a disk of its own needs the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.wide
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_and_pages_still_answer(
    web_config: WebConfig, small_disk: Path, tmp_path: Path
) -> None:
    config = replace(web_config, data_dir=small_disk, secrets_dir=small_disk / "secrets",
                     database_url=f"sqlite:///{small_disk / 'menjin.sqlite3'}")
    with serve_compound(config, tmp_path) as served:
        becomes(served, (200, "ok\n"))
        room = shutil.disk_usage(small_disk).free
        with (small_disk / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, room - 1_000_000)
        becomes(served, (503, "not ready: disk\n"))
        assert asked(served, "/")[0] == 200
        (small_disk / "filler").unlink()
        becomes(served, (200, "ok\n"))
