"""Decode Wiegand frames with their parity bits: 26, 34 and 37 bits. Pure.

First and last bit are parity: even over the first half of what is between them, odd over the
second. 26 and 34 bits are split in the middle; the 37-bit frame carries 35 bits, and its middle
bit belongs to both halves (HID formats H10301, H10302 and H10304).
"""

from dataclasses import dataclass
from typing import Literal

from hardware.errors import BadDeviceSetting
from hardware.readers.cards import ParsedCard

FRAME_BITS = (26, 34, 37)

Printed = Literal["bin", "hex", "dec"]
BitOrder = Literal["first_bit_first", "last_bit_first"]
ByteOrder = Literal["msb", "lsb"]
_ALPHABET = {
    "bin": frozenset(b"01"),
    "hex": frozenset(b"0123456789abcdefABCDEF"),
    "dec": frozenset(b"0123456789"),
}
_BASE = {"bin": 2, "hex": 16, "dec": 10}


def is_parity_right(frame: int, bits: int) -> bool:
    """Return whether both parity bits of a frame (first bit highest) fit."""
    half = bits // 2  # the bits the leading parity bit covers, and itself; 37 bits overlap by one
    first = frame >> (bits - half - bits % 2)
    last = frame & ((1 << (half + bits % 2)) - 1)
    return first.bit_count() % 2 == 0 and last.bit_count() % 2 == 1


def card_of_frame(frame: int, bits: int, byte_order: ByteOrder = "msb") -> ParsedCard | None:
    """Return the number between the parity bits, or None when a parity bit or the length is wrong.

    `frame` has its first bit highest. `byte_order` lsb turns the bytes of the number round.
    """
    if bits not in FRAME_BITS or frame >> bits or not is_parity_right(frame, bits):
        return None
    payload_bits = bits - 2
    number = (frame >> 1) & ((1 << payload_bits) - 1)
    if byte_order == "lsb":
        number = int.from_bytes(number.to_bytes(payload_bits // 8, "big"), "little")
    return ParsedCard(number, payload_bits)


@dataclass(frozen=True, slots=True)
class RawFrameFormat:
    """How a converter prints a whole frame, parity included.

    `bits`: 26, 34 or 37. `printed`: `bin` ("0" and "1"), `hex`, `dec`; always with leading zeros.
    `bit_order`: `last_bit_first` where the wire's first bit is printed as the lowest.
    `byte_order`: `lsb` where the bytes of the number are reversed (not for 37 bits, whose number is
    no whole number of bytes).
    """

    bits: int
    printed: Printed = "hex"
    bit_order: BitOrder = "first_bit_first"
    byte_order: ByteOrder = "msb"

    def __post_init__(self) -> None:
        """Raise BadDeviceSetting for a combination that does not exist."""
        legal = {
            "bits": (self.bits, FRAME_BITS),
            "printed": (self.printed, ("bin", "hex", "dec")),
            "bit_order": (self.bit_order, ("first_bit_first", "last_bit_first")),
            "byte_order": (self.byte_order, ("msb", "lsb")),
        }
        for key, (value, values) in legal.items():
            if value not in values:
                raise BadDeviceSetting(
                    f"frame format: {key} is {value!r}; legal: {', '.join(map(str, values))}"
                )
        if self.bits == 37 and self.byte_order == "lsb":
            raise BadDeviceSetting("frame format: byte_order lsb does not exist for bits 37")

    @property
    def payload_bits(self) -> int:
        """Return how many bits of number a frame carries."""
        return self.bits - 2

    @property
    def digits(self) -> int:
        """Return how many characters a frame takes."""
        if self.printed == "bin":
            return self.bits
        return -(-self.bits // 4) if self.printed == "hex" else len(str((1 << self.bits) - 1))

    def card_of_line(self, line: bytes) -> ParsedCard | None:
        """Return the card a line (without its end) names, or None when it is no right frame."""
        text = line.strip(b" ")
        if len(text) != self.digits or not _ALPHABET[self.printed].issuperset(text):
            return None
        frame = int(text, _BASE[self.printed])
        if frame >> self.bits:
            return None
        if self.bit_order == "last_bit_first":
            frame = int(f"{frame:0{self.bits}b}"[::-1], 2)
        return card_of_frame(frame, self.bits, self.byte_order)
