"""Make frames from still portraits, as a camera in front of a living person would give them.

What this lies about: the person never turns, blinks or breathes; only the hand-held shake, the
flicker of the light and the sensor's noise are imitated, so that no two frames are alike.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from hardware.interfaces import Frame

MAX_SHIFT_PIXELS = 3.0
MAX_TURN_DEGREES = 1.0
MAX_BRIGHTNESS_CHANGE = 0.04
SENSOR_NOISE = 2.0
"""Standard deviation of the added noise, in grey levels of 255."""


def camera_frame(portrait: Frame, *, width: int = 640, height: int = 480) -> Frame:
    """Return the portrait fitted into one camera frame, height × width × 3, on grey."""
    scale = min(width / portrait.shape[1], height / portrait.shape[0])
    fitted_size = (max(1, int(portrait.shape[1] * scale)), max(1, int(portrait.shape[0] * scale)))
    smoothing = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted = cv2.resize(portrait, fitted_size, interpolation=smoothing)
    frame = np.full((height, width, 3), 96, dtype=np.uint8)
    left, top = (width - fitted_size[0]) // 2, (height - fitted_size[1]) // 2
    frame[top : top + fitted_size[1], left : left + fitted_size[0]] = fitted
    return frame


def jittered(frame: Frame, seed: int) -> Frame:
    """Return the frame shifted, turned, brightened and noised a little; the same for the same seed."""
    chance = np.random.default_rng(seed)
    height, width = frame.shape[:2]
    turn_degrees = float(chance.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES))
    move = cv2.getRotationMatrix2D((width / 2, height / 2), turn_degrees, 1.0).astype(np.float64)
    move[:, 2] += chance.uniform(-MAX_SHIFT_PIXELS, MAX_SHIFT_PIXELS, 2)
    moved = cv2.warpAffine(frame, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    gain = 1.0 + float(chance.uniform(-MAX_BRIGHTNESS_CHANGE, MAX_BRIGHTNESS_CHANGE))
    noise = chance.normal(0.0, SENSOR_NOISE, frame.shape)
    return np.clip(moved * gain + noise, 0, 255).astype(np.uint8)


def live_like_frames(portrait: Frame, count: int, *, seed: int = 0) -> Iterator[Frame]:
    """Yield `count` camera frames of the portrait, 480 × 640 × 3, no two alike."""
    still = camera_frame(portrait)
    for number in range(count):
        yield jittered(still, seed + number)
