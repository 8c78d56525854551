"""One server at a time for a folder: a lock that ends with its process, and a lease that other machines see.

    <data_dir>/serving.lock    locked by flock while it is served; it holds the lease

An SQLite file is for one process. The lock decides on one machine. A folder that two machines see, over a
network, may have no lock that both see: there the lease has to move every half minute, and another machine
takes the folder only after it has not moved for two minutes. No clock of the two is compared. A folder with
PostgreSQL is shared: its lock only keeps it from being moved meanwhile.
"""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from web_admin.cells.rules import LEASE_SECONDS, Lease, SeenLease, is_dead, is_of_another, seen_now

FILE_NAME = "serving.lock"
LOOK_SECONDS = 0.5
LEASE_BYTES = 512
"""Always as many, so that a full disk has room for the next one."""
BOOT_ID, MACHINE_ID = Path("/proc/sys/kernel/random/boot_id"), Path("/etc/machine-id")


class ServedElsewhere(Exception):
    """Another process or machine serves the folder, or did until a moment ago; says who."""

    may_be_dead = False
    """A lease alone speaks for it, which is looked at for two minutes."""


class LeaseLost(Exception):
    """Another machine has taken the folder: this one slept for longer than the lease lasts."""


def this_machine() -> str:
    """Return this machine's name and number."""
    try:
        number = MACHINE_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        number = ""
    return f"{socket.gethostname()}/{number}"


def this_boot() -> str:
    """Return the number of this start of the machine."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def lease_of(folder: Path) -> Lease | None:
    """Return the lease in a folder, None where no one has it."""
    try:
        written = (folder / FILE_NAME).read_bytes()[:LEASE_BYTES].strip()
    except FileNotFoundError:
        return None
    return _decoded(written)


def _decoded(written: bytes) -> Lease | None:
    try:
        return msgspec.json.decode(written, type=Lease) if written else None
    except msgspec.MsgspecError:
        return None


class ServingLock:
    """The lock of one folder, taken or not."""

    def __init__(self, folder: Path, *, alone: bool) -> None:
        """Take the folder; `alone`: for one process, as SQLite needs it."""
        self._path = folder / FILE_NAME
        self._alone = alone
        self._descriptor: int | None = None
        self._taker = 0
        """Id of the process that took it: one that was forked since keeps the lease of all."""
        self._seen: SeenLease | None = None
        self._mine: Lease | None = None

    def take(self, now: float) -> None:
        """Lock the folder; raise ServedElsewhere or OSError. `now` is monotonic.

        A lease of another machine is refused until it has been the same for long enough: ask again.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(descriptor)
            if self._alone:
                self._take_lease(descriptor, now)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor, self._taker = descriptor, os.getpid()

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if self._alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            lease = _decoded(os.pread(descriptor, LEASE_BYTES, 0).strip())
            who = _name(lease) if lease is not None else "another process"
            raise ServedElsewhere(f"{who} serves it or works on it") from None

    def _take_lease(self, descriptor: int, now: float) -> None:
        machine, boot = this_machine(), this_boot()
        lease = _decoded(os.pread(descriptor, LEASE_BYTES, 0).strip())
        if lease is not None and is_of_another(lease, machine, boot):
            self._seen = seen_now(self._seen, lease, now)
            if not is_dead(self._seen, now):
                elsewhere = ServedElsewhere(
                    f"{_name(lease)} served it a moment ago; after two minutes without a sign it is gone"
                )
                elsewhere.may_be_dead = True
                raise elsewhere
        self._mine = Lease(machine, boot, os.getpid(), 0)
        _write(descriptor, self._mine)

    def renew(self) -> None:
        """Move the lease; raise LeaseLost where it is another's by now, OSError where it cannot be."""
        if self._descriptor is None or self._mine is None:
            return
        found = _decoded(os.pread(self._descriptor, LEASE_BYTES, 0).strip())
        if found is None or not self._is_mine(found):
            raise LeaseLost(f"{_name(found) if found is not None else 'another process'} has taken it")
        self._mine = replace(found, beat=found.beat + 1)
        _write(self._descriptor, self._mine)

    def _is_mine(self, found: Lease) -> bool:
        mine = self._mine
        return mine is not None and replace(found, beat=0) == replace(mine, beat=0)

    def give_back(self) -> None:
        """Unlock the folder; twice changes nothing, nor does a process that was forked from the taker."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            found = _decoded(os.pread(descriptor, LEASE_BYTES, 0).strip())
            if found is not None and self._is_mine(found) and os.getpid() == self._taker:
                os.pwrite(descriptor, b" " * LEASE_BYTES, 0)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(lease: Lease) -> str:
    return f"process {lease.process} of the machine {lease.machine.partition('/')[0]}"


def _write(descriptor: int, lease: Lease) -> None:
    os.pwrite(descriptor, msgspec.json.encode(lease).ljust(LEASE_BYTES), 0)
    os.fsync(descriptor)


def take_patiently(lock: ServingLock, say: Callable[[str], None], *, ends_within_seconds: float) -> None:
    """Take a lock: wait so long for a server of this machine that ends, and until another's lease is dead.

    Raises ServedElsewhere or OSError.
    """
    began, has_said = time.monotonic(), False
    while True:
        now = time.monotonic()
        try:
            lock.take(now)
            return
        except ServedElsewhere as err:
            if now - began > (LEASE_SECONDS + LOOK_SECONDS if err.may_be_dead else ends_within_seconds):
                raise
            if not has_said:
                has_said = True
                say(f"{err}; waiting")
        time.sleep(LOOK_SECONDS)
