"""Readers that frame a card themselves: 125 kHz modules, and converters that print whole Wiegand frames.

RDM6300, ID-12LA and their like send, at 9600 baud: STX, ten hexadecimal digits (one byte version or
customer, four bytes serial number), two digits with the exclusive or of these five bytes, on ID-12
also CR LF, and ETX. The site's number is the four bytes' (ID Innovations ID-2LA/12LA/20LA datasheet;
Itead RDM6300 sheet).
"""

from functools import reduce
from operator import xor

from hardware.lines.framing import LineFramer, Noise
from hardware.readers.cards import LONGEST_LINE_BYTES, CardParser, CardReader, ParsedCard, SiteCardForm
from hardware.readers.wiegand import RawFrameFormat

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


class TagParser(CardParser):
    def __init__(self, site_form: SiteCardForm) -> None:
        """Start with nothing held."""
        framer = LineFramer(TAG_DIGITS, noise=Noise.RESTARTS)
        super().__init__(framer, parse_tag, site_form, same_tap_ns=SAME_TAG_NS)


class FrameLineParser(CardParser):
    """The parser of lines with whole Wiegand frames."""

    def __init__(self, fmt: RawFrameFormat, site_form: SiteCardForm) -> None:
        """Start with nothing held."""
        framer = LineFramer(max(LONGEST_LINE_BYTES, fmt.digits + 2), noise=Noise.RESTARTS)
        super().__init__(framer, fmt.card_of_line, site_form)


class TagReader(CardReader):
    """An RDM6300 or ID-12 module behind a serial adapter; hands up CardRead."""

    def __init__(self, path: str, site_form: SiteCardForm, *, name: str, baud: int = 9600) -> None:
        """Prepare the module; raise BadDeviceSetting when the path cannot be right."""
        super().__init__(path, TagParser(site_form), TAG_BITS, site_form, name=name, baud=baud)


class RawFrameReader(CardReader):
    """A converter that prints whole Wiegand frames, parity included; hands up CardRead."""

    def __init__(
        self, path: str, fmt: RawFrameFormat, site_form: SiteCardForm, *, name: str, baud: int = 9600
    ) -> None:
        """Prepare the converter; raise BadDeviceSetting when it cannot fill the site's form."""
        parser = FrameLineParser(fmt, site_form)
        super().__init__(path, parser, fmt.payload_bits, site_form, name=name, baud=baud)
