"""Readers that frame a card themselves: 125 kHz modules, and converters that print whole Wiegand frames.

RDM6300, ID-12LA and their like send, at 9600 baud: STX, ten hexadecimal digits (one byte version or
customer, four bytes serial number), two digits with the exclusive or of these five bytes, on ID-12
also CR LF, and ETX. The site's number is the four bytes' (ID Innovations ID-2LA/12LA/20LA datasheet;
Itead RDM6300 sheet).
"""

from collections.abc import Iterable
from functools import reduce
from operator import xor

from hardware.card_readers import LONGEST_LINE_BYTES, ParsedCard, SiteCardForm
from hardware.errors import BadDeviceSetting
from hardware.interfaces import CardRead, DeviceReport
from hardware.line_framer import LineFramer, Noise
from hardware.serial_reader import SerialReader
from hardware.wiegand import RawFrameFormat

_HEX = frozenset(b"0123456789ABCDEFabcdef")
TAG_DIGITS = 12
TAG_BITS = 32
SAME_TAG_NS = 1_000_000_000
"""These modules repeat a card as long as it lies there; within a second it is the same tap."""


def parse_tag(frame: bytes) -> ParsedCard | None:
    """Return the card of a frame (what is between STX and ETX or CR), or None when its checksum is wrong."""
    if len(frame) != TAG_DIGITS or not _HEX.issuperset(frame):
        return None
    *data, check = bytes.fromhex(frame.decode("ascii"))
    if reduce(xor, data) != check:
        return None
    return ParsedCard(int.from_bytes(bytes(data[1:]), "big"), TAG_BITS)


class TagParser:
    """Bytes of a module in, numbers out; pure, bounded, counts what it drops."""

    def __init__(self, site_form: SiteCardForm) -> None:
        """Start with nothing held."""
        self._site_form = site_form
        self._framer = LineFramer(TAG_DIGITS, noise=Noise.RESTARTS)
        self._unreadable = 0
        self._last = -1
        self._last_ns = 0

    @property
    def dropped(self) -> int:
        """Return how many frames were torn, noisy, too long or failed their checksum."""
        return self._framer.dropped + self._unreadable

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame is kept."""
        return self._framer.held_bytes

    def feed(self, data: bytes, now_ns: int) -> list[int]:
        """Return the cards whose frames ended in `data`, each once a tap; `now_ns` monotonic."""
        numbers: list[int] = []
        for frame in self._framer.feed(data, now_ns):
            card = parse_tag(frame)
            if card is None:
                self._unreadable += 1
                continue
            number = self._site_form.canonical(card)
            is_repeat = number == self._last and now_ns - self._last_ns < SAME_TAG_NS
            self._last, self._last_ns = number, now_ns
            if not is_repeat:
                numbers.append(number)
        return numbers

    def forget(self) -> None:
        """Drop an unfinished frame."""
        self._framer.forget()


class FrameLineParser:
    """Lines with whole Wiegand frames in, numbers out; pure, bounded, counts what it drops."""

    def __init__(self, fmt: RawFrameFormat, site_form: SiteCardForm) -> None:
        """Start with nothing held."""
        self._fmt = fmt
        self._site_form = site_form
        self._framer = LineFramer(max(LONGEST_LINE_BYTES, fmt.digits + 2), noise=Noise.RESTARTS)
        self._unreadable = 0

    @property
    def dropped(self) -> int:
        """Return how many lines were torn, noisy, too long or of wrong parity."""
        return self._framer.dropped + self._unreadable

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished line is kept."""
        return self._framer.held_bytes

    def feed(self, data: bytes, now_ns: int) -> list[int]:
        """Return the numbers of the cards whose lines ended in `data`; `now_ns` monotonic."""
        numbers: list[int] = []
        for line in self._framer.feed(data, now_ns):
            card = self._fmt.card_of_line(line)
            if card is None:
                self._unreadable += 1
            else:
                numbers.append(self._site_form.canonical(card))
        return numbers

    def forget(self) -> None:
        """Drop an unfinished line."""
        self._framer.forget()


class _CardReader(SerialReader):
    """What both kinds share: cards of a parser, in the site's form."""

    def __init__(
        self,
        path: str,
        parser: TagParser | FrameLineParser,
        number_bits: int,
        site_form: SiteCardForm,
        *,
        name: str,
        baud: int,
    ) -> None:
        super().__init__(path, baud, name=name)
        if number_bits < site_form.bits:
            raise BadDeviceSetting(
                f"{name}: sends {number_bits} bits and the site's cards have {site_form.bits}; "
                "set the site's form to 24 bits or use a reader that sends more"
            )
        self._parser = parser
        self._site_bits = site_form.bits

    @property
    def dropped_frames(self) -> int:
        """Return how many frames were dropped since the start."""
        return self._parser.dropped

    def forget(self) -> None:
        """Forget what was half read."""
        self._parser.forget()

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        """Hand up the cards whose frames ended."""
        return [CardRead(self.name, n, self._site_bits, at_ns) for n in self._parser.feed(data, at_ns)]


class TagReader(_CardReader):
    """An RDM6300 or ID-12 module behind a serial adapter; hands up CardRead."""

    def __init__(self, path: str, site_form: SiteCardForm, *, name: str, baud: int = 9600) -> None:
        """Prepare the module; raise BadDeviceSetting when the path cannot be right."""
        super().__init__(path, TagParser(site_form), TAG_BITS, site_form, name=name, baud=baud)


class RawFrameReader(_CardReader):
    """A converter that prints whole Wiegand frames, parity included; hands up CardRead."""

    def __init__(
        self, path: str, fmt: RawFrameFormat, site_form: SiteCardForm, *, name: str, baud: int = 9600
    ) -> None:
        """Prepare the converter; raise BadDeviceSetting when it cannot fill the site's form."""
        parser = FrameLineParser(fmt, site_form)
        super().__init__(path, parser, fmt.payload_bits, site_form, name=name, baud=baud)
