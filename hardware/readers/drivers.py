"""The settings of card readers, keypads and code scanners, and what makes each of them.

A site file is read with this file alone: a driver is loaded when a device is made.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from hardware.driver import API, AtLane, Baud, Driver, GoldenFrame, Kind, LaneDeviceSettings, Place, Port

if TYPE_CHECKING:
    from hardware.interfaces import Device
    from hardware.readers.cards import SiteCardForm
    from hardware.readers.matrix_keypads import KeyFrame

TWINS = "hardware.simulated.benches"
KEYBOARD_PORT = Annotated[Path, msgspec.Meta(description="Its stable name, under /dev/input/by-id/ for USB.")]
BYTES_TURNED = msgspec.Meta(description="lsb for readers that turn the bytes round.")
SERIAL_WIRING = {
    "en": "Power the {what} from its own supply. Its TX goes to the adapter's RX; both grounds are joined.",
    "zh": "{what}用自己的电源供电。它的 TX 接串口转换器的 RX，两边的地线相连。",
}
USB_WIRING = {
    "en": "Plug the {what} into a USB port of the gate computer; it needs no other wire.",
    "zh": "把{what}插到门控电脑的 USB 口上，不用再接别的线。",
}
ONE_BYTE = "a key is one ASCII byte"


class ReaderSection(LaneDeviceSettings, frozen=True, kw_only=True):
    """A card reader that prints a line a card: behind a serial converter, or as a USB keyboard."""

    kind: Annotated[Literal["serial_card", "usb_card"], Kind]
    port: KEYBOARD_PORT
    lane: AtLane
    bits: Annotated[Literal[26, 34], msgspec.Meta(description="How many bits the reader sends a card.")]
    radix: Annotated[
        Literal["dec", "hex", "facility"],
        msgspec.Meta(description="How the number is printed; facility is 3 + 5 decimal digits."),
    ] = "hex"
    byte_order: Annotated[Literal["msb", "lsb"], BYTES_TURNED] = "msb"
    checksum: Annotated[
        Literal["none", "xor", "sum"], msgspec.Meta(description="The check at the end of the line.")
    ] = "none"
    baud: Baud = 9600


class KeypadSection(LaneDeviceSettings, frozen=True, kw_only=True):
    """A keypad: one byte a key, a frame a key, or a USB number pad."""

    kind: Annotated[Literal["serial_keypad", "stx_keypad", "stx_sum_keypad", "usb_keypad"], Kind]
    port: KEYBOARD_PORT
    lane: AtLane
    baud: Baud = 9600


class ScannerSection(LaneDeviceSettings, frozen=True, kw_only=True):
    """A serial QR scanner (GM65 class)."""

    kind: Annotated[Literal["serial_code"], Kind]
    port: Port
    lane: AtLane
    baud: Baud = 9600


class TagReaderSection(LaneDeviceSettings, frozen=True, kw_only=True):
    """An RDM6300 or ID-12 card module."""

    port: Port
    lane: AtLane
    baud: Baud = 9600


class FrameReaderSection(LaneDeviceSettings, frozen=True, kw_only=True):
    """A converter that prints whole Wiegand frames, parity included."""

    port: Port
    lane: AtLane
    bits: Annotated[Literal[26, 34, 37], msgspec.Meta(description="How many bits the whole frame has.")]
    printed: Annotated[
        Literal["bin", "hex", "dec"],
        msgspec.Meta(description="How the frame is printed, with leading zeros."),
    ] = "hex"
    bit_order: Annotated[
        Literal["first_bit_first", "last_bit_first"],
        msgspec.Meta(description="last_bit_first where the wire's first bit is printed as the lowest."),
    ] = "first_bit_first"
    byte_order: Annotated[Literal["msb", "lsb"], BYTES_TURNED] = "msb"
    baud: Baud = 9600


def make_line_reader(section: ReaderSection, place: Place) -> "Device":
    """Return a reader that prints or types a line a card."""
    from hardware.readers.cards import CardFormat, LineCardReader  # noqa: PLC0415

    fmt = CardFormat(
        bits=section.bits, radix=section.radix, byte_order=section.byte_order, checksum=section.checksum
    )
    if section.kind == "usb_card":
        from hardware.readers.usb_keyboard import WedgeCardReader  # noqa: PLC0415

        return WedgeCardReader(str(section.port), fmt, _site_form(place), name=place.name)
    return LineCardReader(str(section.port), fmt, _site_form(place), name=place.name, baud=section.baud)


def make_keypad(section: KeypadSection, place: Place) -> "Device":
    """Return a keypad of the kind the site file says."""
    port = str(section.port)
    if section.kind == "usb_keypad":
        from hardware.readers.usb_keyboard import WedgeKeypad  # noqa: PLC0415

        return WedgeKeypad(port, name=place.name)
    if section.kind == "serial_keypad":
        from hardware.readers.keypads import SerialKeypad  # noqa: PLC0415

        return SerialKeypad(port, name=place.name, baud=section.baud)
    from hardware.readers.matrix_keypads import FramedKeypad  # noqa: PLC0415

    frame: KeyFrame = "stx" if section.kind == "stx_keypad" else "stx_sum"
    return FramedKeypad(port, frame, name=place.name, baud=section.baud)


def make_scanner(section: ScannerSection, place: Place) -> "Device":
    """Return a scanner that sends a line a code."""
    from hardware.readers.qr_scanners import SerialCodeScanner  # noqa: PLC0415

    return SerialCodeScanner(str(section.port), name=place.name, baud=section.baud)


def make_tag_reader(section: TagReaderSection, place: Place) -> "Device":
    """Return a card module that frames its cards."""
    from hardware.readers.framed import TagReader  # noqa: PLC0415

    return TagReader(str(section.port), _site_form(place), name=place.name, baud=section.baud)


def make_frame_reader(section: FrameReaderSection, place: Place) -> "Device":
    """Return a converter of whole Wiegand frames."""
    from hardware.readers.framed import RawFrameReader  # noqa: PLC0415
    from hardware.readers.wiegand import RawFrameFormat  # noqa: PLC0415

    fmt = RawFrameFormat(section.bits, section.printed, section.bit_order, section.byte_order)
    return RawFrameReader(str(section.port), fmt, _site_form(place), name=place.name, baud=section.baud)


def _site_form(place: Place) -> "SiteCardForm":
    from hardware.readers.cards import SiteCardForm  # noqa: PLC0415

    return SiteCardForm(place.card_bits)


def _wired(texts: dict[str, str], en: str, zh: str) -> dict[str, str]:
    return {"en": texts["en"].format(what=en), "zh": texts["zh"].format(what=zh)}


serial_card = Driver(
    name="serial_card",
    api=API,
    table="reader",
    settings=ReaderSection,
    make=make_line_reader,
    twin=f"{TWINS}:serial_card",
    wiring=_wired(SERIAL_WIRING, "reader's converter", "读卡器的转换板"),
    exempt={"golden": "converters differ and the format is declared"},
)
usb_card = Driver(
    name="usb_card",
    api=API,
    table="reader",
    settings=ReaderSection,
    make=make_line_reader,
    twin=f"{TWINS}:usb_card",
    wiring=_wired(USB_WIRING, "card reader", "读卡器"),
    exempt={"golden": "the kernel makes the events; the layout of one is in its header linux/input.h"},
)
serial_keypad = Driver(
    name="serial_keypad",
    api=API,
    table="keypad",
    settings=KeypadSection,
    make=make_keypad,
    twin=f"{TWINS}:serial_keypad",
    wiring=_wired(SERIAL_WIRING, "keypad", "键盘"),
    exempt={"golden": ONE_BYTE},
)
stx_keypad = Driver(
    name="stx_keypad",
    api=API,
    table="keypad",
    settings=KeypadSection,
    make=make_keypad,
    twin=f"{TWINS}:stx_keypad",
    wiring=_wired(SERIAL_WIRING, "keypad", "键盘"),
    exempt={"golden": "the families are known from many makers' boards and no sheet of one"},
)
stx_sum_keypad = Driver(
    name="stx_sum_keypad",
    api=API,
    table="keypad",
    settings=KeypadSection,
    make=make_keypad,
    twin=f"{TWINS}:stx_sum_keypad",
    wiring=_wired(SERIAL_WIRING, "keypad", "键盘"),
    exempt={"golden": "the families are known from many makers' boards and no sheet of one"},
)
usb_keypad = Driver(
    name="usb_keypad",
    api=API,
    table="keypad",
    settings=KeypadSection,
    make=make_keypad,
    twin=f"{TWINS}:usb_keypad",
    wiring=_wired(USB_WIRING, "keypad", "键盘"),
    exempt={"golden": "the kernel makes the events; the layout of one is in its header linux/input.h"},
)
serial_code = Driver(
    name="serial_code",
    api=API,
    table="scanner",
    settings=ScannerSection,
    make=make_scanner,
    twin=f"{TWINS}:serial_code",
    wiring=_wired(SERIAL_WIRING, "scanner", "扫码器"),
    exempt={"golden": "a code comes as its own text and a line end"},
)
tag_reader = Driver(
    name="tag_reader",
    api=API,
    table="tag_reader",
    settings=TagReaderSection,
    make=make_tag_reader,
    twin=f"{TWINS}:tag_reader",
    wiring=_wired(SERIAL_WIRING, "card module", "读卡模块"),
    golden=(GoldenFrame(b"\x0262E3086CED08\x03", 0xE3086CED, "Itead, RDM6300 sheet"),),
)
frame_reader = Driver(
    name="frame_reader",
    api=API,
    table="frame_reader",
    settings=FrameReaderSection,
    make=make_frame_reader,
    twin=f"{TWINS}:frame_reader",
    wiring=_wired(SERIAL_WIRING, "reader's converter", "读卡器的转换板"),
    golden=(
        GoldenFrame(
            b"1100010011101010000011011100000011\r\n",
            0x89D41B81,
            "Civintec, CN56X0B-X Reader User Manual, 6.4.5",
            {"printed": "bin"},
        ),
        GoldenFrame(
            b"1010010011001011000000010110100100\r\n",
            1234567890,
            "Hikvision, Wiegand Camera Operation Manual, coding process",
            {"printed": "bin"},
        ),
    ),
)
