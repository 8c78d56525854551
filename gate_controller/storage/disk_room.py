"""Watch the gate's disk, and keep room on it: doors open and the server is called while it is full."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate_controller.contract.messages import DiskHealth

log = logging.getLogger(__name__)

START_FILE = "room_to_start"
START_BYTES = 1024 * 1024
"""More than SQLite's logs take, which are made again at each start and then written over."""
ROOMY_BYTES = 32 * 1024 * 1024
"""Below this nothing is added to a reserve: what is left is for entries."""
MIB = 1024 * 1024
LEAST_STEP_MIB = 16


class KeepsRoom(Protocol):
    """A database with a reserve."""

    def keep_room(self, *, add: bool) -> int:
        """Add one piece to the reserve if one is missing and `add`; return how many are missing then."""
        ...


@dataclass(frozen=True, slots=True)
class DiskState:
    """How full the disk is, and whether the gate lives on its reserve."""

    free_bytes: int
    total_bytes: int
    reserve_in_use: bool


def disk_health(state: DiskState) -> DiskHealth:
    """Return how the disk is, in steps: a check-in that differs only by a log line costs the server more."""
    free, total = state.free_bytes // MIB, state.total_bytes // MIB
    step = max(LEAST_STEP_MIB, total // 100)
    return DiskHealth(free_mib=free // step * step, total_mib=total, reserve_in_use=state.reserve_in_use)


def give_room_to_start(data_dir: Path) -> None:
    """Delete the file that is kept for a start on a full disk, when there is no room without it."""
    kept = data_dir / START_FILE
    if kept.exists() and shutil.disk_usage(data_dir).free < START_BYTES:
        kept.unlink()
        log.error("the disk of %s is full: the gate starts with the room that it kept", data_dir)


class DiskRoom:
    def __init__(self, data_dir: Path, databases: Sequence[KeepsRoom]) -> None:
        self._data_dir = data_dir
        self._databases = databases

    def look(self) -> DiskState:
        """Fill the reserves by a piece each where the disk has room, and return how the disk is."""
        disk = shutil.disk_usage(self._data_dir)
        roomy = disk.free >= ROOMY_BYTES
        missing = 0
        for database in self._databases:
            try:
                missing += database.keep_room(add=roomy)
            except sqlite3.Error as err:
                log.error("no room can be kept for a full disk: %s", err)
                missing += 1
        if roomy:
            self._keep_start_file()
        return DiskState(disk.free, disk.total, reserve_in_use=missing > 0 and not roomy)

    def _keep_start_file(self) -> None:
        kept = self._data_dir / START_FILE
        if kept.exists():
            return
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, START_BYTES)
        except OSError as err:
            log.error("no room can be kept for a start on a full disk: %s", err)
            kept.unlink()
        finally:
            os.close(descriptor)
