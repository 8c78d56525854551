"""Simulated USB reader or keypad that presents itself as a keyboard: a FIFO with its events.

It lies about: being an input device (so it cannot be grabbed; `skip_grab` replaces the
grab), lost events, and how slowly a keyboard types.
"""

import fcntl
import os
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from hardware.readers.cards import CardFormat
from hardware.simulated.readers import printed_line
from hardware.simulated.wire import TraceEntry

_CODES = dict(zip("1234567890", range(2, 12), strict=True)) | {
    **dict(zip("QWERTYUIOP", range(16, 26), strict=True)),
    **dict(zip("ASDFGHJKL", range(30, 39), strict=True)),
    **dict(zip("ZXCVBNM", range(44, 51), strict=True)),
    "-": 12,
    ",": 51,
    ".": 52,
    "\n": 28,
    "\b": 14,
    "\x1b": 1,
}
_SHIFT, _SHIFTED = 42, {"#": 4, "*": 9}


def skip_grab(_descriptor: int, _name: str) -> None:
    """Do nothing: a FIFO types into no page."""


def event(kind: int, code: int, value: int, *, long_bytes: int = struct.calcsize("l")) -> bytes:
    """Return one `struct input_event` at time 0."""
    return struct.pack("=qqHHi" if long_bytes == 8 else "=iiHHi", 0, 0, kind, code, value)


def typed(text: str, *, long_bytes: int = struct.calcsize("l")) -> bytes:
    """Return the events of typing a text on a US keyboard: scan code, down, report, up, report a key."""
    data = b""
    for character in text:
        shifted = character in _SHIFTED
        code = _SHIFTED[character] if shifted else _CODES[character.upper()]
        steps = [(_SHIFT, 1)] * shifted + [(code, 1), (code, 0)] + [(_SHIFT, 0)] * shifted
        for step_code, value in steps:
            data += event(4, 4, 0x70000 + step_code, long_bytes=long_bytes)
            data += event(1, step_code, value, long_bytes=long_bytes)
            data += event(0, 0, 0, long_bytes=long_bytes)
    return data


class Wedge:
    """A keyboard-like device; create it plugged in."""

    may_be_renamed = True

    def __init__(
        self, stable_path: Path, *, name: str, trace: Callable[[TraceEntry], None] | None = None
    ) -> None:
        """Make the FIFO under its stable path; `trace` gets what is sent."""
        self.name = name
        self._trace = trace
        self.stable_path = stable_path
        self._end: int | None = None
        self.replug()

    @property
    def path(self) -> str:
        """Return the stable path as the driver is given it."""
        return str(self.stable_path)

    @property
    def is_plugged(self) -> bool:
        return self._end is not None

    def type(self, text: str) -> int:
        """Type a text ("\\n" is Enter) and return monotonic ns; an unplugged device loses it."""
        return self.send(typed(text))

    def send(self, data: bytes) -> int:
        """Send raw bytes of events."""
        at_ns = time.monotonic_ns()
        if self._end is not None:
            os.write(self._end, data)
            if self._trace is not None:
                self._trace(TraceEntry(self.name, "to_host", data, at_ns))
        return at_ns

    def unread_bytes(self) -> int:
        """Return how many bytes the host has not read yet; 0 while unplugged."""
        if self._end is None:
            return 0
        return int.from_bytes(fcntl.ioctl(self._end, termios.FIONREAD, bytes(4)), sys.byteorder)

    def unplug(self) -> None:
        """Pull the device: the name goes, and the open end hangs up."""
        end, self._end = self._end, None
        if end is not None:
            self.stable_path.unlink(missing_ok=True)
            os.close(end)

    def replug(self, *, renamed: bool = False) -> None:
        """Put it back under the same stable path; the FIFO is another one each time, `renamed` or not."""
        del renamed
        if self._end is not None:
            return
        self.stable_path.parent.mkdir(parents=True, exist_ok=True)
        self.stable_path.unlink(missing_ok=True)
        # Opened before it has its name: a driver that finds the name finds the other end open.
        fresh = self.stable_path.with_name(self.stable_path.name + ".new")
        fresh.unlink(missing_ok=True)
        os.mkfifo(fresh, 0o600)
        self._end = os.open(fresh, os.O_RDWR | os.O_CLOEXEC)
        fresh.replace(self.stable_path)

    def close(self) -> None:
        """Take the device away."""
        self.unplug()

    def __enter__(self) -> Self:
        """Return the device, to be taken away at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Take the device away."""
        self.close()


class WedgeReader(Wedge):
    """A card reader that types a line a card."""

    def __init__(
        self,
        stable_path: Path,
        fmt: CardFormat,
        *,
        name: str,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the reader in; it types as `fmt` says."""
        super().__init__(stable_path, name=name, trace=trace)
        self._fmt = fmt

    def tap(self, number: int) -> int:
        """Hold a card to the reader and return monotonic ns."""
        return self.type(printed_line(number, self._fmt).decode("ascii").strip() + "\n")
