"""A monitor is answered while the database is frozen: its connections stay open, and nothing comes."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.served.served_compound import ServedCompound
from tests.support.gates.waiting import until
from web_admin.core.config import WebConfig

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
LONGEST_SECONDS = 8.0
"""Two that the server takes, and what a busy machine adds; a hanging answer would take for ever."""


def processes_of(url: str) -> list[int]:
    """Return the server of the database and everything that it started."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
    server = int((folder / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [server, *map(int, children)]


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Stop every process of the database where it is, as a machine does whose disk does not answer."""
    processes = processes_of(url)
    try:
        send(signal.SIGSTOP, processes)
        yield
    finally:
        send(signal.SIGCONT, processes)


def send(what: signal.Signals, processes: list[int]) -> None:
    """Send a signal to each that is still there."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, what)


def asked(served: ServedCompound, path: str) -> tuple[int, str]:
    answer = requests.get(f"{served.address}{path}", timeout=LONGEST_SECONDS)
    return answer.status_code, answer.text


def test_a_monitor_is_answered_while_the_database_is_frozen(
    served: ServedCompound, web_config: WebConfig
) -> None:
    assert asked(served, "/healthz") == asked(served, "/readyz") == (200, "ok\n")
    with frozen(web_config.database_url):
        time.sleep(1.1)  # what a probe found holds for a second
        assert asked(served, "/healthz") == (503, "not ok: database\n")
        assert asked(served, "/readyz") == (503, "not ready: database\n")
        assert asked(served, "/livez") == (200, "ok\n")
    until(lambda: asked(served, "/healthz") == (200, "ok\n"))
