"""Read a picture file that somebody handed in, without letting it take the machine's memory.

The size is read from the header first, because a small file can unpack to gigabytes.
Formats: PNG (W3C PNG, IHDR is the first chunk) and JPEG (ITU-T T.81, frame header SOFn).
"""

from pathlib import Path

import cv2
import numpy as np

from gate_controller.face.animations import PNG_SIGNATURE, animation_of
from gate_controller.face.errors import UnusablePicture
from hardware.interfaces import Frame

MAX_PICTURE_BYTES = 20_000_000
MAX_PICTURE_PIXELS = 40_000_000

JPEG_START = b"\xff\xd8"
JPEG_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def read_picture(path: Path) -> Frame:
    """Return the picture as height × width × 3, BGR, turned upright; the caller wipes it.

    Raise UnusablePicture, naming the file and the remedy, for anything but a JPEG or PNG that stands still,
    of at most 20 megabytes and 40 megapixels.
    """
    try:
        file_bytes = path.stat().st_size
        if file_bytes > MAX_PICTURE_BYTES:
            raise UnusablePicture(
                f"{path} has {file_bytes:,} bytes; the most is {MAX_PICTURE_BYTES:,}. Make it smaller."
            )
        content = path.read_bytes()
    except OSError as fault:
        raise UnusablePicture(f"{path} cannot be read: {fault.strerror}.") from fault
    kind = animation_of(content)
    if kind is not None:
        raise UnusablePicture(f"{path} is a moving picture ({kind}). Give one of its frames as JPEG or PNG.")
    unreadable = UnusablePicture(f"{path} is not a readable picture. Give a JPEG or PNG file.")
    size = picture_size(content)
    if size is None:
        raise unreadable
    width, height = size
    if width * height > MAX_PICTURE_PIXELS:
        raise UnusablePicture(
            f"{path} has {width} × {height} pixels; the most is {MAX_PICTURE_PIXELS:,}. Make it smaller."
        )
    try:
        picture = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as fault:
        raise unreadable from fault
    if picture is None:
        raise unreadable
    return np.asarray(picture, dtype=np.uint8)


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height from the header of a PNG or JPEG, or None when it is neither or torn."""
    if content.startswith(PNG_SIGNATURE) and content[12:16] == b"IHDR" and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if content.startswith(JPEG_START):
        return _jpeg_size(content)
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    position = len(JPEG_START)
    while position + 9 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF:
            position += 1  # fill byte before a marker
        elif marker in JPEG_WITHOUT_LENGTH:
            position += 2
        elif marker in JPEG_FRAME_HEADERS:
            height = int.from_bytes(content[position + 5 : position + 7], "big")
            return int.from_bytes(content[position + 7 : position + 9], "big"), height
        else:
            position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return None
