"""Serial matrix keypads that put each key into a frame.

Two families, each seen under many makers' names (a bare ASCII character a key is
`hardware.readers.keypads.SerialKeypad`):

- `stx`: 0x02, the key as ASCII, 0x03.
- `stx_sum`: 0x02, the key, the key's complement (0xFF minus it), 0x03.

Keys besides the digits: `#`, CR, `E` or `A` enter; `*`, ESC, `C` or `B` clear.
"""

from collections.abc import Iterable
from typing import Literal

from hardware.errors import BadDeviceSetting
from hardware.interfaces import DeviceReport, KeyPress
from hardware.lines.serial_reader import SerialReader

STX, ETX = 0x02, 0x03
SILENCE_ENDS_A_TORN_FRAME_NS = 250_000_000
KEY_OF_BYTE = {ord(key): key for key in "0123456789#*"} | {
    0x0D: "#",
    ord("E"): "#",
    ord("A"): "#",
    0x1B: "*",
    ord("C"): "*",
    ord("B"): "*",
}

KeyFrame = Literal["stx", "stx_sum"]


class KeyFrameParser:
    """Bytes in, keys out; pure, holds at most three bytes, counts what it drops."""

    def __init__(self, frame: KeyFrame) -> None:
        """Start with nothing held; raise BadDeviceSetting for a family that does not exist."""
        if frame not in ("stx", "stx_sum"):
            raise BadDeviceSetting(f"key frame is {frame!r}; legal: stx, stx_sum")
        self.dropped = 0
        self._body_bytes = 1 if frame == "stx" else 2
        self._held: bytearray | None = None
        self._last_byte_ns = 0

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame is kept."""
        return len(self._held or b"")

    def feed(self, data: bytes, now_ns: int) -> str:
        """Return the keys whose frames ended in `data`, in order; `now_ns` monotonic."""
        if now_ns - self._last_byte_ns > SILENCE_ENDS_A_TORN_FRAME_NS:
            self.forget()
        if data:
            self._last_byte_ns = now_ns
        keys = ""
        for byte in data:
            if byte == STX:
                self.forget()
                self._held = bytearray()
            elif self._held is None:
                # Once for a run of noise would need a state more; each stray byte counts.
                self.dropped += 1
            elif len(self._held) < self._body_bytes:
                self._held.append(byte)
            else:
                keys += self._ended(byte)
        return keys

    def forget(self) -> None:
        """Drop an unfinished frame."""
        self.dropped += self._held is not None
        self._held = None

    def _ended(self, last: int) -> str:
        held, self._held = self._held or bytearray(), None
        is_whole = last == ETX and (self._body_bytes == 1 or held[1] == 0xFF - held[0])
        if not is_whole or held[0] not in KEY_OF_BYTE:
            self.dropped += 1
            return ""
        return KEY_OF_BYTE[held[0]]


class FramedKeypad(SerialReader):
    """A keypad that frames each key; hands up KeyPress."""

    def __init__(self, path: str, frame: KeyFrame, *, name: str, baud: int = 9600) -> None:
        """Prepare the keypad; raise BadDeviceSetting when path or family cannot be right."""
        super().__init__(path, baud, name=name)
        self._parser = KeyFrameParser(frame)

    @property
    def dropped_frames(self) -> int:
        """Return how many frames and stray bytes were dropped since the start."""
        return self._parser.dropped

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame is kept."""
        return self._parser.held_bytes

    def forget(self) -> None:
        """Forget what was half read."""
        self._parser.forget()

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        return [KeyPress(self.name, key, at_ns) for key in self._parser.feed(data, at_ns)]
