"""Make one template out of a few good frames of one person; nothing is kept when it does not work."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gate_controller.face.capture_checks import (
    ENROLMENT_LIMITS,
    MAX_USELESS_FRAMES,
    CaptureLimits,
    capture_problem,
)
from gate_controller.face.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.liveness import FrozenPictureCheck, LivenessCheck, LivenessVerdict
from gate_controller.face.reasons import FaceReason
from hardware.interfaces import Frame


class EnrolmentOutcome(StrEnum):
    """Where an enrolment stands after a frame."""

    NEED_MORE = "need_more"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, eq=False)
class EnrolmentStep:
    """What one frame brought."""

    outcome: EnrolmentOutcome
    frames_taken: int
    frames_needed: int
    hint: FaceReason | None = None
    """What was wrong with this frame; when refused, why."""
    template: Embedding | None = None
    """The unit vector when done; the caller seals and wipes it."""


class EnrolmentSession:
    """Takes frames of one person until there are enough good ones; end with `close()`."""

    def __init__(
        self,
        engine: FaceEngine,
        *,
        frames_needed: int = 5,
        liveness: LivenessCheck | None = None,
        limits: CaptureLimits = ENROLMENT_LIMITS,
    ) -> None:
        self._engine = engine
        self._frames_needed = frames_needed
        self._liveness: LivenessCheck = FrozenPictureCheck() if liveness is None else liveness
        self._limits = limits
        self._taken: list[Embedding] = []
        self._useless_frames = 0
        self._ended = False

    def offer(self, frame: Frame) -> EnrolmentStep:
        """Look at one frame and say what it brought; raise ValueError after the session ended."""
        if self._ended:
            raise ValueError("This enrolment has ended; start a new session.")
        faces = self._engine.find(frame)
        problem = capture_problem(faces, self._limits)
        if problem is not None:
            self._useless_frames += 1
            patient = self._useless_frames < MAX_USELESS_FRAMES
            return self._go_on(problem) if patient else self._refuse(problem)
        self._liveness.offer(frame, faces[0])
        if self._liveness.verdict() is LivenessVerdict.NOT_LIVE:
            return self._refuse(FaceReason.NOT_LIVE)
        embedding = self._engine.embed(frame, faces[0])
        lowest = self._engine.card.min_same_session_similarity
        if any(similarity(embedding, taken) < lowest for taken in self._taken):
            wipe(embedding)
            return self._refuse(FaceReason.INCONSISTENT)
        self._taken.append(embedding)
        if len(self._taken) < self._frames_needed:
            return self._go_on(None)
        if self._liveness.verdict() is not LivenessVerdict.PASSED:
            return self._refuse(FaceReason.NOT_LIVE)
        return self._finish()

    def close(self) -> None:
        """Overwrite every embedding still held; the session takes no more frames."""
        wipe(*self._taken)
        self._taken.clear()
        self._ended = True

    def _go_on(self, hint: FaceReason | None) -> EnrolmentStep:
        return self._step(EnrolmentOutcome.NEED_MORE, hint=hint)

    def _refuse(self, reason: FaceReason) -> EnrolmentStep:
        step = self._step(EnrolmentOutcome.REFUSED, hint=reason)
        self.close()
        return step

    def _finish(self) -> EnrolmentStep:
        template: Embedding = np.sum(np.stack(self._taken), axis=0, dtype=np.float32)
        template /= np.linalg.norm(template)
        step = self._step(EnrolmentOutcome.DONE, template=template)
        self.close()
        return step

    def _step(
        self,
        outcome: EnrolmentOutcome,
        *,
        hint: FaceReason | None = None,
        template: Embedding | None = None,
    ) -> EnrolmentStep:
        return EnrolmentStep(outcome, len(self._taken), self._frames_needed, hint, template)
