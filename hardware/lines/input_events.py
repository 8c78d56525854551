"""Decode `struct input_event` from /dev/input, and keys from those events. Pure.

Numbers are those of linux/input-event-codes.h; the structure is that of linux/input.h, 24 bytes where
a long has 64 bits and 16 where it has 32.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

EV_SYN, EV_KEY, SYN_DROPPED = 0, 1, 3
SILENCE_ENDS_A_TORN_EVENT_NS = 50_000_000
PRESSED = 1
"""Value of a key event: 0 released, 1 pressed, 2 repeated by the kernel."""
_SHIFTS = frozenset((42, 54))
_DIGITS = {2: "1", 3: "2", 4: "3", 5: "4", 6: "5", 7: "6", 8: "7", 9: "8", 10: "9", 11: "0"}
_PAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
_LETTERS = dict(
    zip((*range(16, 26), *range(30, 39), *range(44, 51)), "QWERTYUIOPASDFGHJKLZXCVBNM", strict=True)
)
_MARKS = {12: "-", 13: "=", 51: ",", 52: ".", 53: "/", 55: "*", 57: " ", 74: "-", 78: "+", 83: ".", 98: "/"}
_ENTER, _ESCAPE, _BACKSPACE, _DELETE = frozenset((28, 96)), 1, 14, 111
_SHIFTED = {4: "#", 9: "*", 13: "+", 12: "_"}
CHARACTERS = _DIGITS | _PAD | _LETTERS | _MARKS


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key that went down: the kernel's code (0 where events were lost), and whether shift was held."""

    code: int
    shifted: bool

    @property
    def character(self) -> str:
        """Return what a US keyboard prints, letters as capitals; "" for a key that prints nothing."""
        if self.shifted and self.code in _SHIFTED:
            return _SHIFTED[self.code]
        return CHARACTERS.get(self.code, "")

    @property
    def is_enter(self) -> bool:
        """Return whether it is Enter, also the number pad's."""
        return self.code in _ENTER

    @property
    def gate_key(self) -> str:
        """Return the key of a gate's keypad: a digit, `#` for Enter, `*` for clear, or ""."""
        if self.is_enter:
            return "#"
        if self.code in (_ESCAPE, _BACKSPACE, _DELETE):
            return "*"
        return self.character if self.character in "0123456789#*" else ""

    @property
    def events_were_lost(self) -> bool:
        """Return whether the kernel threw events away before this."""
        return self.code == 0


class EventDecoder:
    """Bytes of an event device in, pressed keys out; holds less than one structure, counts what it drops."""

    def __init__(self, *, long_bytes: int = struct.calcsize("l")) -> None:
        """Start with nothing held; `long_bytes` is 8 or 4."""
        # Two longs of time, then type, code and value.
        self._struct = struct.Struct("=qqHHi" if long_bytes == 8 else "=iiHHi")
        self.dropped = 0
        self._held = bytearray()
        self._last_ns = 0
        self._shifts: set[int] = set()

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished structure is kept."""
        return len(self._held)

    @property
    def event_bytes(self) -> int:
        return self._struct.size

    def feed(self, data: bytes, now_ns: int) -> Iterator[KeyEvent]:
        """Yield each key that went down, in order; `now_ns` monotonic."""
        # The kernel tears no structure; where one is torn all the same, the rest would be misread for ever.
        if self._held and now_ns - self._last_ns > SILENCE_ENDS_A_TORN_EVENT_NS:
            self.dropped += 1
            self._held.clear()
        if data:
            self._last_ns = now_ns
        self._held += data
        whole = len(self._held) - len(self._held) % self._struct.size
        events = bytes(self._held[:whole])
        del self._held[:whole]
        for _seconds, _micros, kind, code, value in self._struct.iter_unpack(events):
            if kind == EV_SYN and code == SYN_DROPPED:
                self._shifts.clear()
                yield KeyEvent(0, shifted=False)
            elif kind == EV_KEY and code in _SHIFTS:
                (self._shifts.add if value else self._shifts.discard)(code)
            elif kind == EV_KEY and value == PRESSED and code:
                yield KeyEvent(code, shifted=bool(self._shifts))

    def forget(self) -> None:
        """Drop an unfinished structure and the shift keys held."""
        self._held.clear()
        self._shifts.clear()


class WedgeLines:
    """Keys in, lines out: what a reader types before Enter; holds at most `max_chars`."""

    def __init__(self, max_chars: int, silence_ns: int = 500_000_000) -> None:
        """Start with nothing held; half a line followed by `silence_ns` is dropped."""
        self.dropped = 0
        self._max = max_chars
        self._silence_ns = silence_ns
        self._held = ""
        self._spoilt = False
        self._last_ns = 0

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished line is kept."""
        return len(self._held)

    def press(self, key: KeyEvent, now_ns: int) -> str | None:
        """Take a key and return the line it ended, or None; `now_ns` monotonic."""
        if now_ns - self._last_ns > self._silence_ns:
            self.forget()
        self._last_ns = now_ns
        if key.is_enter:
            line, spoilt = self._held, self._spoilt
            self._held, self._spoilt = "", False
            return line if line and not spoilt else None
        if not key.character or len(self._held) == self._max or self._spoilt:
            self.spoil()
        else:
            self._held += key.character
        return None

    def spoil(self) -> None:
        """Drop the line up to its Enter, or to the silence after it."""
        self.dropped += not self._spoilt
        self._held, self._spoilt = "", True

    def forget(self) -> None:
        """Drop an unfinished line."""
        self.dropped += bool(self._held)
        self._held, self._spoilt = "", False
