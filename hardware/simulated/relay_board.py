"""Simulated LCUS relay board."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry

FRAME_BYTES = 4


@dataclass(frozen=True, slots=True)
class RelayChange:
    """An order the board obeyed; `at_ns` is monotonic, when its frame was whole."""

    at_ns: int
    channel: int
    on: bool


class RelayBoard(Twin):
    """Obeys frames and remembers them; has no answer, like most of the metal.

    With `answers` it says the channel's state after each frame, as some boards do.

    It lies about: the relay's own 10 ms to move, a lock that sticks, contacts that weld, and a
    board that misses a frame while it starts. A board fed by USB drops its relays when unplugged;
    with `powered_by_usb=False` they stay as they were, as on boards with a supply of their own.
    """

    def __init__(
        self,
        stable_path: Path,
        *,
        name: str,
        channels: int = 1,
        powered_by_usb: bool = True,
        answers: bool = False,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the board in, all channels off."""
        self._channels = channels
        self._powered_by_usb = powered_by_usb
        self._answers = answers
        self._news = threading.Condition()
        self._changes: list[RelayChange] = []
        self._heard = bytearray()
        self._half = bytearray()
        self._on: set[int] = set()
        super().__init__(stable_path, name=name, trace=trace)

    @property
    def changes(self) -> list[RelayChange]:
        """Return every order obeyed so far, oldest first, repeats included."""
        with self._news:
            return list(self._changes)

    @property
    def heard(self) -> bytes:
        """Return every byte ever received."""
        with self._news:
            return bytes(self._heard)

    def is_on(self, channel: int) -> bool:
        with self._news:
            return channel in self._on

    def wait_for_on(self, channel: int, timeout_seconds: float, *, after_ns: int = 0) -> int:
        """Return monotonic ns of the first ON at or after `after_ns`; raise TimeoutError."""
        return self._wait(channel, True, timeout_seconds, after_ns)

    def wait_for_off(self, channel: int, timeout_seconds: float, *, after_ns: int = 0) -> int:
        """Return monotonic ns of the first OFF at or after `after_ns`; raise TimeoutError."""
        return self._wait(channel, False, timeout_seconds, after_ns)

    def unplug(self) -> None:
        """Pull the cable; a board fed by USB drops its relays."""
        super().unplug()
        with self._news:
            self._half.clear()
            if self._powered_by_usb:
                self._on.clear()

    def power_cycle(self) -> None:
        """Cut all power and restore it: every relay is off, on either supply."""
        self.unplug()
        with self._news:
            self._on.clear()
        self.replug()

    def hear(self, data: bytes, at_ns: int, /) -> None:
        """Obey the whole frames among the bytes; skip bytes until one begins, as the board does."""
        with self._news:
            self._heard += data
            self._half += data
            while len(self._half) >= FRAME_BYTES:
                frame = bytes(self._half[:FRAME_BYTES])
                if self._obey(frame, at_ns):
                    del self._half[:FRAME_BYTES]
                    if self._answers:
                        self.wire.write(f"CH{frame[1]}: {'ON' if frame[2] else 'OFF'}\r\n".encode() + frame)
                else:
                    del self._half[:1]
            self._news.notify_all()

    def _obey(self, frame: bytes, at_ns: int) -> bool:
        start, channel, on, check = frame
        if start != 0xA0 or on not in (0, 1) or check != (start + channel + on) & 0xFF:
            return False
        if 1 <= channel <= self._channels:
            # Frames read at once share a time; keep their order in it.
            later_ns = self._changes[-1].at_ns + 1 if self._changes else 0
            self._changes.append(RelayChange(max(at_ns, later_ns), channel, bool(on)))
            self._on.discard(channel)
            if on:
                self._on.add(channel)
        return True

    def _wait(self, channel: int, on: bool, timeout_seconds: float, after_ns: int) -> int:
        give_up = time.monotonic() + timeout_seconds
        with self._news:
            while True:
                for change in self._changes:
                    if change.at_ns >= after_ns and (change.channel, change.on) == (channel, on):
                        return change.at_ns
                left = give_up - time.monotonic()
                if left <= 0:
                    state = "on" if on else "off"
                    raise TimeoutError(
                        f"{self.name}: channel {channel} was not switched {state} "
                        f"within {timeout_seconds:g} s"
                    )
                self._news.wait(left)
