"""Split a stream of bytes that may be torn, noisy or endless into lines. Pure; time is an argument."""

from enum import Enum, auto

SILENCE_ENDS_A_TORN_LINE_NS = 250_000_000
_STX = 0x02
_ENDS = b"\r\n\x03"  # CR, LF, and ETX, which some converters send with STX around a number


class Noise(Enum):
    """Effect of a byte that cannot belong to a line on the line it falls into."""

    RESTARTS = auto()
    """Drop what came before it. Right only where the length of a line is fixed, so that what
    follows the noise is either a whole frame or no frame."""
    SPOILS = auto()
    """Drop the whole line up to its end."""


def _is_text(byte: int) -> bool:
    return 0x20 <= byte <= 0x7E


class LineFramer:
    """Cut bytes into lines ended by CR, LF or ETX; STX begins one afresh.

    Holds at most `max_line_bytes`. What is longer, holds noise, or is followed by 0.25 s of
    silence before its end, is dropped and counted once; the next whole line is read.
    """

    def __init__(self, max_line_bytes: int, *, noise: Noise = Noise.SPOILS) -> None:
        """Start with nothing held."""
        self.dropped = 0
        self._max = max_line_bytes
        self._noise = noise
        self._held = bytearray()
        self._spoilt = False
        self._last_byte_ns = 0

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished line is kept."""
        return len(self._held)

    def feed(self, data: bytes, now_ns: int) -> list[bytes]:
        """Take bytes (or none, to let silence count) and return the lines that ended."""
        if now_ns - self._last_byte_ns > SILENCE_ENDS_A_TORN_LINE_NS:
            self.forget()
        if data:
            self._last_byte_ns = now_ns
        lines: list[bytes] = []
        for byte in data:
            if byte in _ENDS:
                self._end(lines)
            elif byte == _STX or (self._noise is Noise.RESTARTS and not _is_text(byte)):
                self.forget()
            elif self._spoilt:
                continue
            elif not _is_text(byte) or len(self._held) == self._max:
                self._spoil()
            else:
                self._held.append(byte)
        return lines

    def forget(self) -> None:
        """Drop an unfinished line, as after a silence or an unplugged cable."""
        self.dropped += bool(self._held)
        self._held.clear()
        self._spoilt = False

    def _end(self, lines: list[bytes]) -> None:
        if self._held:
            lines.append(bytes(self._held))
        self._held.clear()
        self._spoilt = False

    def _spoil(self) -> None:
        self.dropped += 1
        self._held.clear()
        self._spoilt = True
