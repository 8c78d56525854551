"""Simulated readers and keypads that frame what they send: card module, raw Wiegand converter, keypad.

They lie about: the radio field, the Wiegand wires, and the time their bytes take.
"""

from collections.abc import Callable
from pathlib import Path

from hardware.readers.matrix_keypads import KeyFrame
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.osdp_reader import wiegand_frame
from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry


def tag_frame(number: int, version: int = 0x2A, *, with_line_end: bool = False) -> bytes:
    """Return what an RDM6300 (or, `with_line_end`, an ID-12) sends for a card of 32 bits."""
    data = bytes((version,)) + number.to_bytes(4, "big")
    check = data[0] ^ data[1] ^ data[2] ^ data[3] ^ data[4]
    return b"\x02" + f"{data.hex()}{check:02x}".upper().encode() + b"\r\n" * with_line_end + b"\x03"


class TagReader(Twin):
    """An RDM6300 or ID-12 module."""

    def tap(self, number: int, *, times: int = 1, with_line_end: bool = False) -> int:
        """Hold a card to it, for as long as it repeats `times`; return monotonic ns of the last byte."""
        return self.wire.write(tag_frame(number, with_line_end=with_line_end) * times)


def printed_frame(number: int, fmt: RawFrameFormat) -> bytes:
    """Return the line a converter prints for a card, parity included, with CRLF."""
    payload_bits = fmt.bits - 2
    payload = number % (1 << payload_bits)
    if fmt.byte_order == "lsb":
        payload = int.from_bytes(payload.to_bytes(payload_bits // 8, "little"), "big")
    text = f"{wiegand_frame(payload, fmt.bits):0{fmt.bits}b}"
    if fmt.bit_order == "last_bit_first":
        text = text[::-1]
    value = int(text, 2)
    printed = {"bin": text, "hex": f"{value:0{fmt.digits}X}", "dec": f"{value:0{fmt.digits}d}"}
    return printed[fmt.printed].encode("ascii") + b"\r\n"


class RawFrameReader(Twin):
    """A reader with a converter that prints whole frames."""

    def __init__(
        self,
        stable_path: Path,
        fmt: RawFrameFormat,
        *,
        name: str,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the reader in; it prints as `fmt` says."""
        super().__init__(stable_path, name=name, trace=trace)
        self._fmt = fmt

    def tap(self, number: int) -> int:
        """Hold a card to the reader and return monotonic ns of the last byte."""
        return self.wire.write(printed_frame(number, self._fmt))


class FramedKeypad(Twin):
    def __init__(
        self,
        stable_path: Path,
        frame: KeyFrame,
        *,
        name: str,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        super().__init__(stable_path, name=name, trace=trace)
        self._frame = frame

    def type(self, keys: str) -> int:
        """Press keys one after the other and return monotonic ns of the last byte."""
        at_ns = 0
        for key in keys:
            byte = ord(key)
            check = bytes((0xFF - byte,)) if self._frame == "stx_sum" else b""
            at_ns = self.wire.write(b"\x02" + bytes((byte,)) + check + b"\x03")
        return at_ns
