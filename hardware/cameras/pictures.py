"""Decode picture files in memory.

The size is read from the header before anything is unpacked: a file of a hundred bytes can claim a gigabyte.
Formats: PNG (W3C PNG, IHDR is the first chunk, IEND the last) and JPEG (ITU-T T.81, frame header SOFn).
"""

import numpy as np

from hardware.interfaces import Frame

MAX_PICTURE_PIXELS = 40_000_000

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
JPEG_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def decode_picture(data: bytes) -> Frame | None:
    """Return a picture's pixels as BGR, or None for all but a whole PNG or JPEG of at most 40 megapixels."""
    import cv2  # noqa: PLC0415 - a gate without a camera has no OpenCV

    size = picture_size(data)
    if size is None or not 0 < size[0] * size[1] <= MAX_PICTURE_PIXELS:
        return None
    # A decoder reads on behind the end, where a chunk may claim anything.
    whole = data[: _end_of_png(data)] if data.startswith(PNG_SIGNATURE) else data
    try:
        picture = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if picture is None else np.asarray(picture, np.uint8)


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height from the header of a PNG or JPEG, or None when it is neither or torn."""
    if content.startswith(PNG_SIGNATURE) and content[12:16] == b"IHDR" and _end_of_png(content):
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if content.startswith(JPEG_START):
        return _jpeg_size(content)
    return None


def _end_of_png(png: bytes) -> int:
    """Return where the last PNG chunk ends, 0 when it reaches beyond the file: decoders trust its length."""
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(png):
        name = png[position + 4 : position + 8]
        position += 12 + int.from_bytes(png[position : position + 4], "big")
        if name == b"IEND":
            return position if position <= len(png) else 0
    return 0


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
