"""Read QR codes: from serial scanners (GM65 class), from camera frames, from picture files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import zxingcpp

from hardware.cameras.pictures import decode_picture
from hardware.errors import DeviceRefused
from hardware.files import FileTooLarge, NoRegularFile, read_regular
from hardware.interfaces import CodeRead, DeviceReport, Frame
from hardware.lines.framing import LineFramer
from hardware.lines.serial_reader import SerialReader

LONGEST_CODE_BYTES = 1024
LARGEST_PICTURE_BYTES = 64 * 1024 * 1024


class SerialCodeScanner(SerialReader):
    """A scanner that sends a code's text and CR or CRLF; hands up CodeRead.

    A GM65 does so out of the box at 9600 baud once set to serial output. Texts that are not
    printable ASCII cannot be passes of ours; they are dropped and counted.
    """

    def __init__(self, path: str, *, name: str, baud: int = 9600) -> None:
        """Prepare the scanner; raise BadDeviceSetting when the path cannot be right."""
        super().__init__(path, baud, name=name)
        self._framer = LineFramer(LONGEST_CODE_BYTES)

    @property
    def dropped_frames(self) -> int:
        """Return how many codes were torn, noisy or overlong since the start."""
        return self._framer.dropped

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished text is kept."""
        return self._framer.held_bytes

    def forget(self) -> None:
        """Forget what was half read."""
        self._framer.forget()

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        """Report the codes whose text ended."""
        return [CodeRead(self.name, line.decode("ascii"), at_ns) for line in self._framer.feed(data, at_ns)]


def read_codes(frame: Frame) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture (height × width × 3 BGR, or height × width).

    Each text once, from left to right as the decoder found them; other kinds of code are not read.
    """
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(frame),
        # Made each time: as a module constant it would be reported as leaked at exit.
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
    )
    return tuple(dict.fromkeys(code.text for code in found if code.valid))


def read_codes_in_file(path: Path) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture file; raise DeviceRefused when it is no picture.

    JPEG and PNG, at most 64 MiB and 40 megapixels.
    """
    try:
        data = read_regular(path, LARGEST_PICTURE_BYTES)
    except (NoRegularFile, FileTooLarge) as failure:
        raise DeviceRefused(f"{failure}: no picture that could be read") from failure
    except OSError as failure:
        raise DeviceRefused(f"{path}: cannot be read ({failure.strerror})") from failure
    frame = decode_picture(data)
    if frame is None:
        raise DeviceRefused(f"{path}: not a picture (JPEG and PNG of up to 40 megapixels are understood)")
    return read_codes(frame)
