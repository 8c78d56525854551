"""Compare a face with the templates of one home, and with nobody else's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gate_controller.face.capture_checks import (
    MATCHING_LIMITS,
    MAX_USELESS_FRAMES,
    CaptureLimits,
    capture_problem,
)
from gate_controller.face.engine import Embedding, FaceEngine, similarity, wipe
from gate_controller.face.error_budget import fitness
from gate_controller.face.errors import BadFaceSetting
from gate_controller.face.liveness import FrozenPictureCheck, LivenessCheck, LivenessVerdict
from gate_controller.face.reasons import FaceReason
from hardware.interfaces import Frame

AGREEING_FRAMES_NEEDED = 2
MAX_UNMATCHED_FRAMES = 6
"""Good frames that match nobody before the answer is no: a fifth of a second of work; more tries would
only raise a stranger's chance."""


class MatchOutcome(StrEnum):
    """Where a search stands after a frame."""

    KEEP_LOOKING = "keep_looking"
    MATCHED = "matched"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MatchStep:
    """What one frame brought."""

    outcome: MatchOutcome
    frames_taken: int
    hint: FaceReason | None = None
    """What was wrong with this frame; when refused, why."""
    person_id: str | None = None
    similarity: float | None = None
    """Cosine of the less alike of the agreeing frames, when matched."""


class MatchSession:
    """Looks for one home's people; end with `close()`, which overwrites the templates it was given."""

    def __init__(
        self,
        engine: FaceEngine,
        templates: Mapping[str, Embedding],
        *,
        min_face_similarity: float | None = None,
        liveness: LivenessCheck | None = None,
        limits: CaptureLimits = MATCHING_LIMITS,
    ) -> None:
        if min_face_similarity is None:
            fit = fitness(engine.card)
            min_face_similarity = fit.point.min_face_similarity if fit.point is not None else 0.0
        if not 0 < min_face_similarity < 1:
            raise BadFaceSetting(f"min_face_similarity must be between 0 and 1, not {min_face_similarity!r}.")
        self._engine = engine
        self._templates = dict(templates)
        self._min_face_similarity = min_face_similarity
        self._liveness: LivenessCheck = FrozenPictureCheck() if liveness is None else liveness
        self._limits = limits
        self._agreed_person: str | None = None
        self._agreed_similarities: list[float] = []
        self._unmatched_frames = 0
        self._useless_frames = 0
        self._frames_taken = 0
        self._ended = False

    def offer(self, frame: Frame) -> MatchStep:
        """Look at one frame and say what it brought; raise ValueError after the session ended."""
        if self._ended:
            raise ValueError("This search has ended; start a new session.")
        faces = self._engine.find(frame)
        problem = capture_problem(faces, self._limits)
        if problem is not None:
            self._useless_frames += 1
            patient = self._useless_frames < MAX_USELESS_FRAMES
            return self._go_on(problem) if patient else self._refuse(problem)
        self._frames_taken += 1
        self._liveness.offer(frame, faces[0])
        if self._liveness.verdict() is LivenessVerdict.NOT_LIVE:
            return self._refuse(FaceReason.NOT_LIVE)
        embedding = self._engine.embed(frame, faces[0])
        person_id, face_similarity = self._most_alike(embedding)
        wipe(embedding)
        return self._weigh(person_id, face_similarity)

    def close(self) -> None:
        """Overwrite the templates and take no more frames."""
        wipe(*self._templates.values())
        self._templates.clear()
        self._ended = True

    def _most_alike(self, embedding: Embedding) -> tuple[str | None, float]:
        best_person, best_similarity = None, -1.0
        for person_id, template in self._templates.items():
            face_similarity = similarity(embedding, template)
            if face_similarity > best_similarity:
                best_person, best_similarity = person_id, face_similarity
        return best_person, best_similarity

    def _weigh(self, person_id: str | None, face_similarity: float) -> MatchStep:
        if person_id is None or face_similarity < self._min_face_similarity:
            self._agreed_person, self._agreed_similarities = None, []
            return self._count_unmatched()
        if person_id != self._agreed_person:
            # Two people of one home in turn: neither is opened for until two frames in a row agree.
            self._agreed_person, self._agreed_similarities = person_id, []
        self._agreed_similarities.append(face_similarity)
        if len(self._agreed_similarities) < AGREEING_FRAMES_NEEDED:
            return self._go_on(None)
        if self._liveness.verdict() is not LivenessVerdict.PASSED:
            return self._count_unmatched()
        step = MatchStep(
            MatchOutcome.MATCHED,
            self._frames_taken,
            person_id=person_id,
            similarity=min(self._agreed_similarities),
        )
        self.close()
        return step

    def _count_unmatched(self) -> MatchStep:
        self._unmatched_frames += 1
        if self._unmatched_frames >= MAX_UNMATCHED_FRAMES:
            return self._refuse(FaceReason.NOT_RECOGNISED)
        return self._go_on(None)

    def _go_on(self, hint: FaceReason | None) -> MatchStep:
        return MatchStep(MatchOutcome.KEEP_LOOKING, self._frames_taken, hint=hint)

    def _refuse(self, reason: FaceReason) -> MatchStep:
        step = MatchStep(MatchOutcome.REFUSED, self._frames_taken, hint=reason)
        self.close()
        return step
