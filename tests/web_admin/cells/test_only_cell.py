"""A server of one compound is an installation whose one cell answers every host and is open to the end."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from werkzeug.test import Client

from tests.support.compounds.empty_cell import make_cell
from tests.support.scheduling import jobs_on, make_scheduler
from web_admin.cells.only_cell import OneCompound
from web_admin.cells.open_cell import InCommon
from web_admin.cells.rules import Lease
from web_admin.cells.scheduler import JobRefused
from web_admin.cells.serving_lock import FILE_NAME, ServingLock, lease_of
from web_admin.cells.site import Site
from web_admin.cells.trouble import CellOut, Kind
from web_admin.core.config import WebConfig
from web_admin.serving import installation as installation_server
from web_admin.sync.fast_path import FastPath

ALONE = InCommon(lambda: datetime.now(UTC), parts=None, statements=None)


@dataclass
class Here:
    """A data directory, its lock and what was done to the server."""

    config: WebConfig
    lock: ServingLock
    ended: list[str]

    def open(self) -> OneCompound:
        """Open it as a server does before it has processes."""
        return OneCompound(
            self.config,
            self.lock,
            ALONE,
            monotonic=time.monotonic,
            end_server=lambda: self.ended.append("the server"),
        )


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """Return a compound whose folder is locked."""
    config = make_cell(tmp_path, "willow", ALONE)
    lock = ServingLock(config.data_dir, alone=True)
    lock.take(time.monotonic())
    return Here(config, lock, [])


@pytest.fixture
def served(here: Here) -> Iterator[OneCompound]:
    installation = here.open()
    installation.prepare = jobs_on(make_scheduler()).prepare
    installation.only.begin()
    yield installation
    installation.close_all(5.0)


@pytest.mark.wide
def test_requests_of_its_gates_are_answered_in_batches(here: Here, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(installation_server, "serve", lambda served, _listening: seen.append(served) or 0)
    assert installation_server.serve_one(here.config, here.lock, None, ALONE.clock) == 0
    assert (isinstance(seen[0].fast_path, FastPath), seen[0].is_of_many) == (True, False)


@pytest.mark.wide
@pytest.mark.parametrize("host", ["willow.example", "another.example", "127.0.0.1:8000", ""])
def test_it_answers_every_host(served: OneCompound, host: str) -> None:
    answer = Client(Site(served)).get("/livez", headers={"Host": host}, buffered=True)
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.wide
def test_it_is_open_however_long_no_one_asks(served: OneCompound) -> None:
    served.only.asked_at -= 1_000_000
    served.close_idle()
    served.look()
    assert served.only.is_open
    assert Client(Site(served)).get("/readyz", buffered=True).status_code == 200


@pytest.mark.wide
def test_tables_of_a_later_version_end_no_server_that_runs(served: OneCompound, here: Here) -> None:
    """An upgrade begins with every server stopped; no check ends one that was left running."""
    with closing(sqlite3.connect(here.config.data_dir / "menjin.sqlite3")) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    served.only.look_at_tables()
    assert Client(Site(served)).get("/healthz", buffered=True).status_code == 200


def test_tables_of_another_version_are_refused_before_there_are_processes(here: Here) -> None:
    with closing(sqlite3.connect(here.config.data_dir / "menjin.sqlite3")) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    with pytest.raises(CellOut) as refused:
        here.open()
    assert refused.value.trouble.kind == Kind.TABLES


@pytest.mark.wide
def test_the_server_ends_where_another_machine_has_taken_the_folder(served, here: Here, caplog) -> None:
    served.only.renew_lease()
    assert here.ended == []
    other = Lease("there/2", "boot-2", 7, 3)
    (here.config.data_dir / FILE_NAME).write_bytes(msgspec.json.encode(other).ljust(512))
    served.only.renew_lease()
    assert here.ended == ["the server"]
    assert "this server ends: process 7 of the machine there has taken it" in caplog.text


def test_a_lease_that_cannot_be_renewed_ends_no_server(served, here: Here, monkeypatch) -> None:
    def full(_lock):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ServingLock, "renew", full)
    with pytest.raises(JobRefused, match="the lease of the folder cannot be renewed: No space left"):
        served.only.renew_lease()
    assert here.ended == []


def test_a_process_that_ends_leaves_the_lease_of_all(here: Here, monkeypatch) -> None:
    """The lock is that of the process before the fork; another process of the server takes the place."""
    installation = here.open()
    with monkeypatch.context() as forked:
        forked.setattr("os.getpid", lambda: 1)
        installation.close_all(5.0)
    assert lease_of(here.config.data_dir) is not None


@pytest.mark.wide
def test_a_wrapping_key_stays_in_its_file_alone(served: OneCompound, here: Here) -> None:
    assert here.config.face_key
    assert served.only.folder.config.face_key == b""
    with served.only.at_work() as menjin:
        assert menjin.config.face_key == b""
        assert menjin.sealer.wrap_keys.current_id is not None
