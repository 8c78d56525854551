"""Read badges: `B`, eight hexadecimal digits, `*`, the sum of their four bytes, CR, at 9600 baud."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from hardware.driver import (
    API,
    AtLane,
    Baud,
    Driver,
    Finding,
    GoldenFrame,
    Kind,
    LaneDeviceSettings,
    Place,
    Port,
)
from hardware.lines.framing import LineFramer, Noise
from hardware.readers.cards import CardParser, CardReader, ParsedCard, SiteCardForm

FRAME = re.compile(rb"B([0-9A-F]{8})\*([0-9A-F]{2})")
FRAME_BYTES = 12


class BadgeSettings(LaneDeviceSettings, frozen=True, kw_only=True):
    """A badge reader on a serial converter."""

    kind: Annotated[Literal["badge_reader"], Kind]
    port: Port
    lane: AtLane
    baud: Baud = 9600
    side: Annotated[Literal["left", "right"], msgspec.Meta(description="Where it hangs, for the log.")] = (
        "left"
    )


def card_of(frame: bytes) -> ParsedCard | None:
    """Return the badge of a frame, None where its sum is wrong."""
    found = FRAME.fullmatch(frame)
    if found is None:
        return None
    number = bytes.fromhex(found[1].decode())
    if sum(number) % 256 != int(found[2], 16):
        return None
    return ParsedCard(int.from_bytes(number), 32)


class BadgeReader(CardReader):
    """A badge reader; hands up CardRead."""

    def __init__(self, section: BadgeSettings, place: Place) -> None:
        """Prepare the reader; raise BadDeviceSetting when the path cannot be right."""
        form = SiteCardForm(place.card_bits)
        parser = CardParser(LineFramer(FRAME_BYTES, noise=Noise.RESTARTS), card_of, form)
        super().__init__(str(section.port), parser, 32, form, name=place.name, baud=section.baud)


def check(section: BadgeSettings, _place: Place) -> Iterable[Finding]:
    """Find whether the baud rate is the one that the maker ships."""
    yield Finding(
        section.baud == 9600, f"the reader speaks 9600 baud as shipped; the site file says {section.baud}"
    )


DRIVER = Driver(
    name="badge_reader",
    api=API,
    table="reader",
    settings=BadgeSettings,
    make=BadgeReader,
    twin="menjin_badge_reader.twin:plugged",
    wiring={
        "en": "Red to 12 V, black to ground, green to the converter's RX.",
        "zh": "红线接 12 伏，黑线接地，绿线接转换器的 RX。",
    },
    check=check,
    golden=(GoldenFrame(b"B12AB34CD*BE\r", 0x12AB34CD, "Badge Reader BR-1, manual, page 4"),),
)
