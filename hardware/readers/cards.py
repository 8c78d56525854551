"""Card readers behind Wiegand-to-serial converters that print one line a card.

A 26-bit Wiegand frame carries 24 bits of number between two parity bits, a 34-bit frame 32; the
converter takes the parity off and prints the rest in decimal or hexadecimal, in one byte order or
the other. Each reader declares how, and the site declares one canonical form, so that the same
card is the same number at every reader.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Literal

from hardware.errors import BadDeviceSetting
from hardware.interfaces import CardRead, DeviceReport
from hardware.lines.framing import LineFramer, Noise
from hardware.lines.serial_reader import SerialReader

PAYLOAD_BITS = {26: 24, 34: 32}
LONGEST_LINE_BYTES = 32
_HEX = frozenset(b"0123456789abcdefABCDEF")
_DIGITS = frozenset(b"0123456789")

Radix = Literal["dec", "hex", "facility"]
ByteOrder = Literal["msb", "lsb"]
Checksum = Literal["none", "xor", "sum"]


@dataclass(frozen=True, slots=True)
class CardFormat:
    """How one converter prints a card.

    `bits`: 26 or 34, as on the Wiegand wires. `radix`: `dec`, `hex`, or `facility` ("123,45678",
    26 bits only). `byte_order`: `lsb` where the printed bytes are reversed. `checksum`: two
    hexadecimal digits behind the number, xor or sum of its bytes. `zero_padded`: false for
    converters that print decimals without leading zeros; a torn line can then pass for a shorter
    number, so prefer a checksum with it.
    """

    bits: int
    radix: Radix = "dec"
    byte_order: ByteOrder = "msb"
    checksum: Checksum = "none"
    zero_padded: bool = True

    def __post_init__(self) -> None:
        """Raise BadDeviceSetting for a combination no converter prints."""
        legal = {
            "bits": (self.bits, tuple(PAYLOAD_BITS)),
            "radix": (self.radix, ("dec", "hex", "facility")),
            "byte_order": (self.byte_order, ("msb", "lsb")),
            "checksum": (self.checksum, ("none", "xor", "sum")),
        }
        for key, (value, values) in legal.items():
            if value not in values:
                raise BadDeviceSetting(
                    f"card format: {key} is {value!r}; legal: {', '.join(map(str, values))}"
                )
        if self.radix == "facility" and self.bits != 26:
            raise BadDeviceSetting("card format: radix facility exists for bits 26 only")
        if not self.zero_padded and self.radix != "dec":
            raise BadDeviceSetting("card format: zero_padded false exists for radix dec only")

    @property
    def payload_bits(self) -> int:
        """Return how many bits of number a frame carries, 24 or 32."""
        return PAYLOAD_BITS[self.bits]

    @property
    def digits(self) -> int:
        """Return how many characters the number takes when zero-padded, checksum not counted."""
        if self.radix == "hex":
            return self.payload_bits // 4
        return 9 if self.radix == "facility" else len(str(2**self.payload_bits - 1))


@dataclass(frozen=True, slots=True)
class ParsedCard:
    """A number in the order of the card's own bytes, and how many bits of it the reader sent."""

    number: int
    bits: int


def parse_line(line: bytes, fmt: CardFormat) -> ParsedCard | None:
    """Return the card a line (without its end) names, or None when it is no line of that format.

    Anything but exactly the declared digits is refused: a torn line must not become another card.
    """
    text = line.strip(b" ")
    check: bytes | None = None
    if fmt.checksum != "none":
        text, check = text[:-2], text[-2:]
    printed = _printed_number(text, fmt)
    if printed is None or printed >= 1 << fmt.payload_bits:
        return None
    payload = printed.to_bytes(fmt.payload_bits // 8, "big")
    if check is not None and not _check_fits(check, payload, fmt.checksum):
        return None
    order: Literal["big", "little"] = "little" if fmt.byte_order == "lsb" else "big"
    return ParsedCard(int.from_bytes(payload, order), fmt.payload_bits)


def checksum_of(payload: bytes, checksum: Checksum) -> int:
    """Return the check byte over the number's bytes: xor, or sum modulo 256."""
    return reduce(xor, payload, 0) if checksum == "xor" else sum(payload) & 0xFF


def _printed_number(text: bytes, fmt: CardFormat) -> int | None:
    if fmt.radix == "facility":
        return _facility_number(text)
    alphabet, base = (_HEX, 16) if fmt.radix == "hex" else (_DIGITS, 10)
    right_length = len(text) == fmt.digits if fmt.zero_padded else 0 < len(text) <= fmt.digits
    if not right_length or not alphabet.issuperset(text):
        return None
    return int(text, base)


def _facility_number(text: bytes) -> int | None:
    facility, comma, card = text.partition(b",")
    if not comma or len(facility) != 3 or len(card) != 5 or not _DIGITS.issuperset(facility + card):
        return None
    if int(facility) > 0xFF or int(card) > 0xFFFF:
        return None
    return int(facility) << 16 | int(card)


def _check_fits(check: bytes, payload: bytes, checksum: Checksum) -> bool:
    if len(check) != 2 or not _HEX.issuperset(check):
        return False
    return int(check, 16) == checksum_of(payload, checksum)


@dataclass(frozen=True, slots=True)
class SiteCardForm:
    """The one form in which a site knows card numbers: their low 24 bits, or all 32.

    24 bits let 26-bit and 34-bit readers agree; two cards that differ only in their top byte are
    then the same card. 32 bits need 34-bit readers everywhere.
    """

    bits: int

    def __post_init__(self) -> None:
        """Raise BadDeviceSetting for anything but 24 or 32."""
        if self.bits not in (24, 32):
            raise BadDeviceSetting(f"site card form: bits is {self.bits!r}; legal: 24, 32")

    def check_reader(self, name: str, number_bits: int) -> None:
        """Raise BadDeviceSetting when a reader sends fewer bits of number than the site's form has."""
        if number_bits < self.bits:
            raise BadDeviceSetting(
                f"{name}: sends {number_bits} bits and the site's cards have {self.bits}; "
                "set the site's form to 24 bits or use a reader that sends more"
            )

    def canonical(self, card: ParsedCard) -> int:
        """Return the site's number for a card; raise BadDeviceSetting when bits are missing."""
        if card.bits < self.bits:
            raise BadDeviceSetting(f"{card.bits} bits of number cannot fill {self.bits}")
        return card.number & ((1 << self.bits) - 1)


class CardParser:
    """Bytes of one reader in, canonical numbers out; pure, bounded, counts what it drops."""

    def __init__(
        self,
        framer: LineFramer,
        card_of: Callable[[bytes], ParsedCard | None],
        site_form: SiteCardForm,
        *,
        same_tap_ns: int = 0,
    ) -> None:
        """Start with nothing held; a card read again within `same_tap_ns` is the same tap."""
        self._framer = framer
        self._card_of = card_of
        self._site_form = site_form
        self._same_tap_ns = same_tap_ns
        self._unreadable = 0
        self._last = -1
        self._last_ns = 0

    @property
    def dropped(self) -> int:
        """Return how many frames were torn, noisy, overlong or failed their checksum or parity."""
        return self._framer.dropped + self._unreadable

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame is kept."""
        return self._framer.held_bytes

    def feed(self, data: bytes, now_ns: int) -> list[int]:
        """Return the numbers of the cards whose frames ended in `data`; `now_ns` monotonic."""
        numbers: list[int] = []
        for frame in self._framer.feed(data, now_ns):
            card = self._card_of(frame)
            if card is None:
                self._unreadable += 1
                continue
            number = self._site_form.canonical(card)
            is_repeat = number == self._last and now_ns - self._last_ns < self._same_tap_ns
            self._last, self._last_ns = number, now_ns
            if not is_repeat:
                numbers.append(number)
        return numbers

    def forget(self) -> None:
        """Drop an unfinished frame."""
        self._framer.forget()


class CardLineParser(CardParser):
    """The parser of readers that print a line a card."""

    def __init__(self, fmt: CardFormat, site_form: SiteCardForm) -> None:
        """Start with nothing held."""
        # Only lines of one fixed length can be distinguished from the rest of a torn one.
        noise = Noise.RESTARTS if fmt.zero_padded else Noise.SPOILS
        framer = LineFramer(LONGEST_LINE_BYTES, noise=noise)
        super().__init__(framer, lambda line: parse_line(line, fmt), site_form)


class CardReader(SerialReader):
    """A reader on a serial port; hands up CardRead in the site's canonical form."""

    def __init__(
        self,
        path: str,
        parser: CardParser,
        number_bits: int,
        site_form: SiteCardForm,
        *,
        name: str,
        baud: int,
    ) -> None:
        """Prepare the reader; raise BadDeviceSetting when it cannot fill the site's form."""
        super().__init__(path, baud, name=name)
        site_form.check_reader(name, number_bits)
        self._parser = parser
        self._site_bits = site_form.bits

    @property
    def dropped_frames(self) -> int:
        """Return how many frames were dropped since the start."""
        return self._parser.dropped

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame is kept."""
        return self._parser.held_bytes

    def forget(self) -> None:
        """Forget what was half read."""
        self._parser.forget()

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        """Report the cards whose frames ended."""
        return [CardRead(self.name, n, self._site_bits, at_ns) for n in self._parser.feed(data, at_ns)]


class LineCardReader(CardReader):
    """A reader that prints a line a card."""

    def __init__(
        self, path: str, fmt: CardFormat, site_form: SiteCardForm, *, name: str, baud: int = 9600
    ) -> None:
        """Prepare the reader; raise BadDeviceSetting when it cannot fill the site's form."""
        parser = CardLineParser(fmt, site_form)
        super().__init__(path, parser, fmt.payload_bits, site_form, name=name, baud=baud)
