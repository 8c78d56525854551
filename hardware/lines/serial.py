"""Open one serial port: the only file that imports pyserial.

A line is opened by a name that survives unplugging, with DTR and RTS low, so that boards which
reset or switch on those wires stay still. Linux itself raises both for an instant while it opens
some adapters; a board that reacts to that instant needs the wires cut (`docs/driver_checklist.md`).
"""

import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import serial

from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.lines.port_names import may_move, stable_names

WRITE_TIMEOUT_SECONDS = 0.5
THROUGH_TIMEOUT_SECONDS = 0.15
CANNOT_OPEN = "cannot open"
"""In the error of a port that is not there, not allowed or held, and of no other."""
# pyserial lets termios.error through, which is not an OSError, when a port goes in mid-call.
_FAILURES = (OSError, ValueError, termios.error)


@dataclass(frozen=True, slots=True)
class ModemLines:
    """The four modem-control inputs of an adapter; true where the wire is asserted."""

    cts: bool
    dsr: bool
    dcd: bool
    ri: bool


def unopened_port(path: str, baud: int) -> serial.Serial:
    """Return a pyserial port with every setting made before it touches the device.

    pyserial applies `dtr` and `rts` inside `open()`, so they must be low beforehand.
    """
    port = serial.Serial()
    port.port = path
    port.baudrate = baud
    port.dtr = False
    port.rts = False
    port.exclusive = True
    port.timeout = 0
    port.write_timeout = WRITE_TIMEOUT_SECONDS
    return port


class SerialLine:
    """A serial port that says clearly when it is gone. One thread reads; any thread may write."""

    def __init__(self, path: str, baud: int, *, name: str) -> None:
        """Remember where the device is; raise BadDeviceSetting for a path that changes on replug.

        `path` is /dev/serial/by-id/…, /dev/serial/by-path/…, an on-board port or a pty. `name` is
        the device's name in the site file, used in messages.
        """
        if may_move(path):
            now = ", ".join(map(str, stable_names(path)))
            raise BadDeviceSetting(
                f"{name}: {path} may be another adapter after it was unplugged or at the next start; use its "
                f"name under /dev/serial/by-id/ or /dev/serial/by-path/{f' (now: {now})' if now else ''}"
            )
        if baud <= 0:
            raise BadDeviceSetting(f"{name}: baud must be above 0, not {baud}")
        self.path = path
        self.name = name
        self._baud = baud
        self._port: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        return self._port is not None

    def open(self) -> None:
        """Take the port for this process alone and forget whatever it had queued.

        Raise DeviceUnavailable when it is absent, in use or not a serial port.
        """
        if self._port is not None:
            return
        port = unopened_port(self.path, self._baud)
        try:
            port.open()
        except _FAILURES as failure:
            why = os.strerror(failure.errno) if isinstance(failure, OSError) and failure.errno else failure
            raise DeviceUnavailable(
                f"{self.name}: {CANNOT_OPEN} {self.path} ({why}); "
                "check the cable, and that no other program holds it"
            ) from failure
        self._port = port

    def read(self, max_bytes: int, timeout_seconds: float) -> bytes:
        """Return what has arrived, at most `max_bytes`; empty when nothing came in time.

        Raise DeviceUnavailable, and let go of the port, when the device went away.
        """
        port = self._opened()
        try:
            ready, _, _ = select.select([port.fileno()], [], [], timeout_seconds)
            return bytes(port.read(max_bytes)) if ready else b""
        except _FAILURES as failure:
            raise self._lost(failure) from failure

    def write(self, data: bytes) -> int:
        """Send `data` whole and return monotonic nanoseconds at its first byte.

        Raise DeviceUnavailable when it could not be sent; what the kernel still held of it is
        thrown away, so that no part of it can be sent later.
        """
        port = self._opened()
        try:
            at_ns = time.monotonic_ns()
            port.write(data)
        except _FAILURES as failure:
            raise self._lost(failure) from failure
        return at_ns

    def write_through(self, data: bytes) -> int:
        """Send `data` and see it leave the kernel; return monotonic nanoseconds at its first byte.

        Raise DeviceUnavailable, with the rest thrown away, when an adapter that hangs does not take
        it within 0.15 s: what it took up to then may have gone out.
        """
        at_ns = self.write(data)
        give_up = time.monotonic() + THROUGH_TIMEOUT_SECONDS
        while self.unsent_bytes():
            if time.monotonic() > give_up:
                raise self._lost(TimeoutError("the adapter takes no bytes"))
            time.sleep(0.0005)
        return at_ns

    def refuse_if_clogged(self) -> None:
        """Raise DeviceUnavailable, and let go of the port, when earlier bytes have not left yet."""
        give_up = time.monotonic() + THROUGH_TIMEOUT_SECONDS
        while self.unsent_bytes():
            if time.monotonic() > give_up:
                raise self._lost(TimeoutError("earlier bytes have not left the adapter"))
            time.sleep(0.0005)

    def unsent_bytes(self) -> int:
        """Return how many written bytes the kernel still holds (TIOCOUTQ, tty_ioctl(4))."""
        port = self._opened()
        try:
            answer = fcntl.ioctl(port.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        except _FAILURES as failure:
            raise self._lost(failure) from failure
        return int(struct.unpack("i", answer)[0])

    def forget_queues(self) -> None:
        """Discard received bytes that were not read, and written bytes that were not sent."""
        port = self._opened()
        try:
            port.reset_input_buffer()
            port.reset_output_buffer()
        except _FAILURES as failure:
            raise self._lost(failure) from failure

    def modem_lines(self) -> ModemLines:
        """Return the modem-control inputs; raise DeviceUnavailable where the port has none."""
        port = self._opened()
        try:
            return ModemLines(cts=port.cts, dsr=port.dsr, dcd=port.cd, ri=port.ri)
        except _FAILURES as failure:
            raise self._lost(failure) from failure

    def modem_lines_if_any(self) -> ModemLines | None:
        """Return the modem-control inputs, or None where the port has none; the port stays open."""
        port = self._opened()
        try:
            return ModemLines(cts=port.cts, dsr=port.dsr, dcd=port.cd, ri=port.ri)
        except _FAILURES:
            return None

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            _give_up(port.close)

    def _opened(self) -> serial.Serial:
        if self._port is None:
            raise DeviceUnavailable(f"{self.name}: {self.path} is not open")
        return self._port

    def _lost(self, failure: Exception) -> DeviceUnavailable:
        port, self._port = self._port, None
        if port is not None:
            _give_up(port.reset_output_buffer)
            _give_up(port.close)
        return DeviceUnavailable(f"{self.name}: lost {self.path} ({failure}); check the cable")


def _give_up(step: Callable[[], None]) -> None:
    # An adapter that is gone refuses to be flushed or closed; release it either way.
    with suppress(*_FAILURES):
        step()
