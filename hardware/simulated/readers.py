"""Simulated card reader, keypad and QR scanner."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path

from hardware.readers.cards import CardFormat
from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry


def printed_line(number: int, fmt: CardFormat) -> bytes:
    """Return the line a converter of this format prints for a card of up to 32 bits, with CRLF.

    Worked out from the Wiegand bits on, and not by calling the driver's parser.
    """
    size_bytes = (fmt.bits - 2) // 8
    payload = [(number >> shift) & 0xFF for shift in range(8 * size_bytes - 8, -8, -8)]
    if fmt.byte_order == "lsb":
        payload.reverse()
    value = reduce(lambda total, byte: total * 256 + byte, payload, 0)
    if fmt.radix == "hex":
        text = "".join(f"{byte:02X}" for byte in payload)
    elif fmt.radix == "facility":
        text = f"{payload[0]:03d},{payload[1] * 256 + payload[2]:05d}"
    elif fmt.zero_padded:
        text = f"{value:010d}" if fmt.bits == 34 else f"{value:08d}"
    else:
        text = str(value)
    if fmt.checksum == "xor":
        text += f"{reduce(lambda a, b: a ^ b, payload, 0):02X}"
    elif fmt.checksum == "sum":
        text += f"{sum(payload) % 256:02X}"
    return text.encode("ascii") + b"\r\n"


class LineCardReader(Twin):
    """A reader with its converter.

    It lies about: the radio field, the Wiegand wires and their parity (always right), and the
    10 ms a line takes at 9600 baud.
    """

    def __init__(
        self,
        stable_path: Path,
        fmt: CardFormat,
        *,
        name: str,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the reader in; it prints as `fmt` says."""
        super().__init__(stable_path, name=name, trace=trace)
        self._fmt = fmt

    def tap(self, number: int) -> int:
        """Hold a card to the reader and return monotonic ns of the last byte.

        `number` is the whole number of the card, up to 32 bits; a 26-bit reader prints its low 24.
        """
        return self.wire.write(printed_line(number, self._fmt))


class Keypad(Twin):
    """A keypad. It lies about bounce, two keys at once, and how slowly people type."""

    def type(self, keys: str) -> int:
        """Press keys one after the other and return monotonic ns of the last byte."""
        at_ns = 0
        for key in keys:
            at_ns = self.wire.write(key.encode("ascii"))
        return at_ns


class QrScanner(Twin):
    """A GM65-class scanner. It lies about optics (each code is read at once) and repeats nothing."""

    def scan(self, text: str) -> int:
        """Hold a code to the scanner and return monotonic ns of the last byte."""
        return self.wire.write(text.encode("utf-8") + b"\r\n")
