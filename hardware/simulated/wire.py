"""A simulated cable: a pty under a name that stays the same when it is pulled and put back."""

import fcntl
import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

Direction = Literal["to_host", "from_host"]


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """Bytes seen on a wire; `at_ns` is monotonic, when the twin sent or received them."""

    wire: str
    direction: Direction
    data: bytes
    at_ns: int


MARK = os.urandom(16)
"""Bytes that no host sends: they follow a host's bytes, to learn when the device has heard these."""
MARK_NUMBER_BYTES = 8
MARK_AGAIN_SECONDS = 1.0


class _Marks:
    """Numbered marks among the bytes of a host: which were sent, and which came through."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._sent = self._heard = 0

    def next(self) -> int:
        """Return the number of a mark that is about to be sent."""
        with self._news:
            self._sent += 1
            return self._sent

    def taken_from(self, data: bytes) -> tuple[bytes, bytes, int]:
        """Return bytes without marks, the begun mark at their end, and the last mark's number or 0."""
        with self._news:
            if self._heard == self._sent:
                return data, b"", 0
        number, without = 0, b""
        while MARK in data:
            before, _, after = data.partition(MARK)
            if len(after) < MARK_NUMBER_BYTES:
                return without + before, MARK + after, number
            number = int.from_bytes(after[:MARK_NUMBER_BYTES])
            without, data = without + before, after[MARK_NUMBER_BYTES:]
        begun = next((size for size in range(len(MARK) - 1, 0, -1) if data.endswith(MARK[:size])), 0)
        return without + data[: len(data) - begun], data[len(data) - begun :], number

    def heard(self, number: int) -> None:
        """Note that everything before this mark was heard."""
        with self._news:
            self._heard = max(self._heard, number)
            self._news.notify_all()

    def wait_for(self, number: int, seconds: float) -> bool:
        """Return whether this mark came through within the time."""
        with self._news:
            return self._news.wait_for(lambda: self._heard >= number, seconds)


class PtyWire:
    """A serial cable. Created plugged in.

    It lies about: the baud rate (bytes arrive at once), parity and framing errors (none), the
    modem-control lines (none; asking a pty for them fails), USB enumeration (the name is back the
    instant it is plugged in). Unread bytes are lost, as on a real line.
    """

    def __init__(
        self,
        stable_path: Path,
        *,
        name: str,
        hear: Callable[[bytes, int], None] | None = None,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Make the pty and the symlink `stable_path` to it; a link left by a crash is replaced.

        `hear` gets the host's bytes and their monotonic ns in the wire's own thread; `trace` gets
        every byte of both directions, from any thread.
        """
        self.name = name
        self.stable_path = stable_path
        self._hear = hear
        self._trace = trace
        self._lock = threading.RLock()
        self._master: int | None = None
        self._slave: int | None = None
        self._device = ""
        self._marks = _Marks()
        self._wake: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        self.replug()

    @property
    def path(self) -> str:
        """Return the stable path as the driver is given it."""
        return str(self.stable_path)

    @property
    def device(self) -> str:
        """Return the name that the system gave the cable when it was last plugged in."""
        return self._device

    @property
    def is_plugged(self) -> bool:
        return self._master is not None

    def write(self, data: bytes) -> int:
        """Send bytes to the host and return monotonic ns when they left; an unplugged wire loses them."""
        with self._lock:
            # Read before the write: after it another thread may run first, and the host's answer would
            # seem to come before the question.
            at_ns = time.monotonic_ns()
            if self._master is None:
                return at_ns
            # A full buffer (no program reads) loses the rest instead of stopping the device.
            with suppress(BlockingIOError):
                sent = os.write(self._master, data)
                data = data[:sent]
        self._note("to_host", data, at_ns)
        return at_ns

    def unread_bytes(self) -> int:
        """Return how many bytes the host has not read yet; 0 while unplugged."""
        with self._lock:
            return _bytes_waiting(self._slave)

    def wait_until_heard(self, timeout_seconds: float) -> None:
        """Wait until `hear` has returned for every byte that the host sent before this; raise TimeoutError.

        A pty passes bytes on after `write` has returned, and no count shows them before that. So this sends
        a mark behind them, which the device does not hear. Return at once while unplugged.
        """
        give_up = time.monotonic() + timeout_seconds
        while time.monotonic() < give_up:
            with self._lock:
                if self._slave is None:
                    return
                number = self._marks.next()
                os.write(self._slave, MARK + number.to_bytes(MARK_NUMBER_BYTES))
            # The host may flush what is on its way, the mark too: then another is sent.
            if self._marks.wait_for(number, MARK_AGAIN_SECONDS):
                return
        raise TimeoutError(f"{self.name}: the device did not hear the host within {timeout_seconds:g} s")

    def unplug(self) -> None:
        """Pull the cable: the host's open port hangs up and the name goes."""
        with self._lock:
            if self._master is None or self._slave is None or self._wake is None:
                return
            thread, self._thread = self._thread, None
            descriptors = (self._master, self._slave, *self._wake)
            self._master = self._slave = self._wake = None
            self.stable_path.unlink(missing_ok=True)
            os.write(descriptors[-1], b"x")
        # Joined outside the lock: the thread may be answering the host, which takes it.
        if thread is not None:
            thread.join()
        for descriptor in descriptors:
            os.close(descriptor)

    def replug(self, *, renamed: bool = False) -> None:
        """Put the cable back: a new pty under the same stable name.

        `renamed`: the pty is never the one it was before, as a device that comes back under another
        /dev/ttyUSB name; without it the system may give the same one again.
        """
        with self._lock:
            if self._master is not None:
                return
            self._master, self._slave = _pty_other_than(self._device if renamed else "")
            self._device = os.ttyname(self._slave)
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self._wake = os.pipe()
            self.stable_path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.stable_path.with_name(self.stable_path.name + ".new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self._device)
            fresh.replace(self.stable_path)
            self._thread = threading.Thread(
                target=self._listen,
                args=(self._master, self._wake[0]),
                name=f"wire {self.name}",
                daemon=True,
            )
            self._thread.start()

    def close(self) -> None:
        """Take the wire away; same as unplugging it for good."""
        self.unplug()

    def __enter__(self) -> Self:
        """Return the wire, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _listen(self, master: int, wake: int) -> None:
        held = b""
        while True:
            ready, _, _ = select.select([master, wake], [], [])
            if wake in ready:
                return
            data, held, number = self._marks.taken_from(held + os.read(master, 4096))
            at_ns = time.monotonic_ns()
            self._note("from_host", data, at_ns)
            if data and self._hear is not None:
                self._hear(data, at_ns)
            self._marks.heard(number)

    def _note(self, direction: Direction, data: bytes, at_ns: int) -> None:
        if self._trace is not None and data:
            self._trace(TraceEntry(self.name, direction, data, at_ns))


def _bytes_waiting(descriptor: int | None) -> int:
    if descriptor is None:
        return 0
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


def _pty_other_than(device: str) -> tuple[int, int]:
    """Return both ends of a pty of another name than this."""
    master, slave = os.openpty()
    if os.ttyname(slave) != device:
        return master, slave
    try:
        return os.openpty()  # the first one is held meanwhile, so this has another name
    finally:
        os.close(slave)
        os.close(master)
