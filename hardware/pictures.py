"""Picture files in memory."""

import cv2
import numpy as np

from hardware.interfaces import Frame


def decode_picture(data: bytes) -> Frame | None:
    """Return a picture's pixels as BGR, or None when the bytes are no whole picture."""
    if not data:
        return None
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if picture is None else np.asarray(picture, np.uint8)
