"""Make one template from a few good frames of one person; a failed enrolment keeps nothing.

Only straight frames go into it: some from before the turn of the head, at least one from after.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from gate_controller.face.engines.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.liveness.capture_checks import (
    ENROLMENT_LIMITS,
    MAX_USELESS_FRAMES,
    CaptureLimits,
    frame_problem,
)
from gate_controller.face.liveness.liveness import Liveness, LivenessCheck, LivenessVerdict, PersonCheck
from gate_controller.face.liveness.same_person import SamePerson
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt
from hardware.interfaces import Frame


class EnrolmentOutcome(StrEnum):
    """State of an enrolment after a frame."""

    NEED_MORE = "need_more"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, eq=False)
class EnrolmentStep:
    outcome: EnrolmentOutcome
    frames_taken: int
    frames_needed: int
    hint: FaceReason | None = None
    """Fault of this frame; when refused, the reason."""
    template: Embedding | None = None
    """The face when done; the caller seals and wipes it."""
    prompt: Prompt = Prompt.NOTHING
    """Instruction to the person for the next frame."""


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
        self._liveness: LivenessCheck = PersonCheck() if liveness is None else liveness
        self._limits = limits
        self._same_person = SamePerson(engine)
        self._taken: list[Embedding] = []
        self._useless_frames = 0
        self._ended = False

    def offer(self, frame: Frame, at_seconds: float) -> EnrolmentStep:
        """Look at one frame and say what it brought; raise ValueError after the session ended.

        `at_seconds` is when it was seen, on a clock that never goes back.
        """
        if self._ended:
            raise ValueError("This enrolment has ended; start a new session.")
        faces = self._engine.find(frame)
        limits = replace(self._limits, max_turn_in_eye_distances=self._liveness.now.max_turn)
        problem = frame_problem(frame, faces, limits)
        if problem is not None:
            return self._useless(problem, at_seconds)
        seen = self._liveness.offer(frame, faces[0], at_seconds)
        if seen.verdict is LivenessVerdict.NOT_LIVE:
            return self._refuse(seen.reason or FaceReason.NOT_LIVE)
        if not (seen.straight or seen.turned):
            return self._go_on(seen.hint)  # no one compares it; the next frame comes the sooner
        embedding = self._engine.embed(frame, faces[0])
        try:
            return self._weigh(embedding, seen)
        except BaseException:
            wipe(embedding)
            raise

    def _weigh(self, embedding: Embedding, seen: Liveness) -> EnrolmentStep:
        if not seen.straight:
            self._same_person.turned(embedding)
            wipe(embedding)
            return self._go_on(seen.hint)
        if not self._take(embedding, last=seen.verdict is LivenessVerdict.PASSED):
            return self._refuse(FaceReason.INCONSISTENT)
        if seen.verdict is not LivenessVerdict.PASSED or len(self._taken) < self._frames_needed:
            return self._go_on(seen.hint)
        if self._liveness.needs_turned_frames and not self._same_person.turned_alike:
            return self._refuse(FaceReason.SWAPPED)
        return self._finish()

    def close(self) -> None:
        """Overwrite every embedding still held; the session takes no more frames."""
        wipe(*self._taken)
        self._taken.clear()
        self._same_person.close()
        self._liveness.close()
        self._ended = True

    def _useless(self, problem: FaceReason, at_seconds: float) -> EnrolmentStep:
        seen = self._liveness.missed(at_seconds)
        if seen.verdict is LivenessVerdict.NOT_LIVE:
            return self._refuse(seen.reason or problem)
        self._useless_frames += 1
        patient = self._useless_frames < MAX_USELESS_FRAMES
        return self._go_on(problem) if patient else self._refuse(problem)

    def _take(self, embedding: Embedding, *, last: bool) -> bool:
        """Keep a straight face while there is room; return whether it is the person of the others."""
        self._same_person.straight(embedding)
        lowest = self._engine.card.min_same_session_similarity
        alike = all(similarity(self._engine, embedding, taken) >= lowest for taken in self._taken)
        # One place stays free until the head has turned: the last frame is of who turned it.
        if alike and len(self._taken) < self._frames_needed - (not last):
            self._taken.append(embedding)
        else:
            wipe(embedding)
        return alike

    def _go_on(self, hint: FaceReason | None) -> EnrolmentStep:
        return self._step(EnrolmentOutcome.NEED_MORE, hint=hint)

    def _refuse(self, reason: FaceReason) -> EnrolmentStep:
        step = self._step(EnrolmentOutcome.REFUSED, hint=reason)
        self.close()
        return step

    def _finish(self) -> EnrolmentStep:
        step = self._step(EnrolmentOutcome.DONE, template=self._engine.template(self._taken))
        self.close()
        return step

    def _step(
        self,
        outcome: EnrolmentOutcome,
        *,
        hint: FaceReason | None = None,
        template: Embedding | None = None,
    ) -> EnrolmentStep:
        prompt = self._liveness.now.prompt
        return EnrolmentStep(outcome, len(self._taken), self._frames_needed, hint, template, prompt)
