"""Whether a living person stands there. This first check catches a frozen picture and no more.

A camera in front of anything real never gives the same pixels twice: its sensor has noise. The
same pixels again mean that the picture is fed in or the camera hangs. A photograph or a screen
held before the camera passes; docs/face.md says so.
"""

from enum import StrEnum
from hashlib import blake2b
from typing import Protocol

import numpy as np

from gate_controller.face.engine import FoundFace
from hardware.interfaces import Frame

MIN_DIFFERENT_FRAMES = 2
MAX_REPEATED_FRAMES = 1
"""Webcam drivers now and then hand out one buffer twice; more than once in a session is no accident."""


class LivenessVerdict(StrEnum):
    """What a liveness check knows so far."""

    UNSURE = "unsure"
    PASSED = "passed"
    NOT_LIVE = "not_live"


class LivenessCheck(Protocol):
    """Watches the usable frames of one session; made anew for each."""

    def offer(self, frame: Frame, face: FoundFace) -> None:
        """Look at one usable frame; keep none of its pixels."""
        ...

    def verdict(self) -> LivenessVerdict:
        """Return what is known after the frames offered so far."""
        ...


class FrozenPictureCheck:
    """Refuses a session in which the same face pixels come again."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._repeated = 0

    def offer(self, frame: Frame, face: FoundFace) -> None:
        """Remember the digest of the face's pixels."""
        left, top, width, height = (round(side) for side in face.box)
        pixels = frame[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
        digest = blake2b(np.ascontiguousarray(pixels).tobytes(), digest_size=32).digest()
        self._repeated += digest in self._seen
        self._seen.add(digest)

    def verdict(self) -> LivenessVerdict:
        """Return NOT_LIVE once pixels came back too often, PASSED once two frames differed."""
        if self._repeated > MAX_REPEATED_FRAMES:
            return LivenessVerdict.NOT_LIVE
        if len(self._seen) >= MIN_DIFFERENT_FRAMES:
            return LivenessVerdict.PASSED
        return LivenessVerdict.UNSURE
