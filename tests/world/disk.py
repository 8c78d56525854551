"""The disk of a gate, which keeps what was synced, and a plug that is pulled between two writes or in
one.

Files are real. A pulled plug raises `Pulled` out of the write in which it was pulled and out of all later
ones; what the disk holds is then copied as a real one would hold it: commits that SQLite did not sync may
be gone, and the write in progress may be there in part.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gate_controller.storage import database
from tests.world.chance import Dice

BEFORE, TORN, AFTER = "before", "torn", "after"
MOMENTS = (BEFORE, TORN, AFTER)
SYNCED = "PRAGMA synchronous=FULL"


class Pulled(BaseException):
    """The power of this machine is gone; nothing that runs on it may go on."""


class GateDisk:
    """The folder of one gate's files over all its lives."""

    def __init__(self, folder: Path) -> None:
        """Begin with an empty folder, or with what lies in it."""
        self.folder = folder
        self._lives = 0
        self._writes_left = 0
        self._moment = AFTER
        self.is_off = False
        self.connections: list[DiskConnection] = []

    @property
    def files(self) -> Path:
        """Return where this life's files are."""
        return self.folder / f"life-{self._lives}"

    def pull_at(self, writes: int, moment: str) -> None:
        """Pull the plug at one of the next writes: before, in or after its commit."""
        self._writes_left, self._moment = writes, moment

    def committing(self, connection: "DiskConnection") -> None:
        """Take one commit, or the end."""
        if self._writes_left != 1:
            self._writes_left = max(0, self._writes_left - 1)
            connection.commit_now()
            return
        self._writes_left, self.is_off = 0, True
        if self._moment != BEFORE:
            before, file = connection.wal_bytes(), connection.file_stamp()
            connection.commit_now()
            # SQLite syncs the log before it copies it into the file: nothing of it can be torn after that.
            if self._moment == TORN and connection.file_stamp() == file:
                connection.torn_from = before
        raise Pulled

    def next_life(self, dice: Dice) -> None:
        """Keep what a real disk would hold now, close the old files and let the power come back."""
        old = self.files
        self._lives += 1
        self.files.mkdir(parents=True)
        wals = {connection.path.name: connection for connection in self.connections}
        for path in sorted(old.iterdir()):
            if path.name.endswith("-shm"):
                continue
            body = path.read_bytes()
            connection = wals.get(path.name.removesuffix("-wal"))
            if path.name.endswith("-wal") and connection is not None:
                body = body[: connection.kept_bytes(len(body), dice)]
            (self.files / path.name).write_bytes(body)
        for connection in self.connections:
            connection.really_close()
        self.connections.clear()
        self._writes_left, self.is_off = 0, False
        shutil.rmtree(old)


class DiskConnection(sqlite3.Connection):
    """A connection whose commits the disk counts."""

    disk: GateDisk
    path: Path
    is_synced = False
    synced_bytes = 0
    torn_from: int | None = None

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Run a statement unless the power is gone."""
        self._check()
        if sql == "COMMIT":
            self.disk.committing(self)
            return self.cursor()
        if sql.startswith("PRAGMA synchronous"):
            self.is_synced = sql == SYNCED
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Run a statement for several rows unless the power is gone."""
        self._check()
        return super().executemany(sql, *parameters)

    def _check(self) -> None:
        if self.disk.is_off:
            raise Pulled

    def commit_now(self) -> None:
        """Commit, whatever happens to the power."""
        super().execute("COMMIT")
        if self.is_synced:
            self.note_synced()

    def note_synced(self) -> None:
        """Note that everything written so far survives, where SQLite was asked to sync."""
        if self.is_synced:
            self.synced_bytes = self.wal_bytes()

    def wal_bytes(self) -> int:
        """Return how long the write-ahead log is."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def file_stamp(self) -> tuple[int, int]:
        """Return what changes when the log is copied into the file."""
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def kept_bytes(self, length: int, dice: Dice) -> int:
        """Return how much of the write-ahead log a disk holds after the power was cut."""
        if self.torn_from is not None and self.torn_from < length:
            return dice.randrange(self.torn_from, length)
        if not self.is_synced and self.synced_bytes < length:
            return dice.randrange(self.synced_bytes, length)
        return length

    def really_close(self) -> None:
        """Close the file; what SQLite tidies up then, the disk has left behind."""
        super().close()

    def close(self) -> None:
        """Close, as the gate does at its end."""
        if self in self.disk.connections:
            self.disk.connections.remove(self)
        super().close()


class _Sqlite:
    """The module `sqlite3` as gates see it: files below a gate's folder are on that gate's disk."""

    def __init__(self, disks: dict[Path, GateDisk]) -> None:
        self._disks = disks

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)

    def connect(self, path: Any, **options: Any) -> sqlite3.Connection:
        disk = self._disks.get(path.parent.parent) if isinstance(path, Path) else None
        if disk is None:
            return sqlite3.connect(path, **options)
        connection = sqlite3.connect(path, factory=DiskConnection, **options)
        connection.disk, connection.path = disk, path
        disk.connections.append(connection)
        return connection


@contextmanager
def disks_in_use(disks: dict[Path, GateDisk]) -> Iterator[None]:
    """Let the files of gates lie on these disks, by folder, until the end of the block."""
    with patch.object(database, "sqlite3", _Sqlite(disks)):
        yield
