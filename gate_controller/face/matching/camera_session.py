"""Run one camera session: open, offer every frame, overwrite it, and always shut the camera."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.engines.engine import Embedding, wipe
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceStep
from hardware.errors import HardwareError
from hardware.interfaces import Camera, Frame

LOG = logging.getLogger(__name__)

FRAME_TIMEOUT_SECONDS = 0.5
MAX_EMPTY_WAITS = 6
"""Waits without a frame before the camera counts as lost: three seconds."""


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """Why a session ended, and what it found."""

    reason: FaceReason
    person_id: str | None = None
    similarity: float | None = None
    template: Embedding | None = None


Offer = Callable[[Frame], tuple[FaceStep, SessionEnd | None]]
OnStep = Callable[[FaceStep], None]


class Deadline:
    """A moment some seconds from now, on a clock that never goes back."""

    def __init__(self, boot_seconds: Callable[[], float], seconds: float) -> None:
        self._boot_seconds = boot_seconds
        self._ends_at_boot_seconds = boot_seconds() + seconds

    def passed(self) -> bool:
        """Return whether the moment is over."""
        return self._boot_seconds() >= self._ends_at_boot_seconds


def watch(
    camera: Camera,
    capability: CameraCapability,
    offer: Offer,
    on_step: OnStep,
    deadline: Deadline | None = None,
) -> tuple[SessionEnd, int, FaceReason | None]:
    """Open the camera, offer frames until one of them ends the session, and shut the camera.

    Return the end, the number of frames looked at and the last hint. Every frame is overwritten
    after use, so the camera must hand out arrays of its own.
    """
    frames, empty_waits = 0, 0
    hint: FaceReason | None = None
    try:
        camera.open()
        while True:
            over = capability.over_because()
            if over is not None:
                return SessionEnd(over), frames, hint
            if deadline is not None and deadline.passed():
                return SessionEnd(FaceReason.TIME_IS_UP), frames, hint
            frame = camera.newest_frame(FRAME_TIMEOUT_SECONDS)
            if frame is None:
                empty_waits += 1
                if empty_waits >= MAX_EMPTY_WAITS:
                    return SessionEnd(FaceReason.CAMERA_LOST), frames, hint
                continue
            frames, empty_waits = frames + 1, 0
            try:
                step, end = offer(frame)
            finally:
                wipe(frame)
            hint = step.hint or hint
            try:
                on_step(step)
            except BaseException:
                if end is not None and end.template is not None:
                    wipe(end.template)
                raise
            if end is not None:
                return end, frames, hint
    except HardwareError as fault:
        LOG.warning("The face session ended because the camera failed: %s", fault)
        return SessionEnd(FaceReason.CAMERA_LOST), frames, hint
    finally:
        camera.close()
