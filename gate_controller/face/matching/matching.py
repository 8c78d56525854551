"""Compare a face with the templates of one home, and with no others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from gate_controller.face.engines.engine import Embedding, EngineCard, FaceEngine, likeness, wipe
from gate_controller.face.engines.error_budget import LARGEST_HOME, threshold
from gate_controller.face.engines.errors import BadFaceSetting
from gate_controller.face.liveness.capture_checks import (
    MATCHING_LIMITS,
    MAX_USELESS_FRAMES,
    CaptureLimits,
    frame_problem,
)
from gate_controller.face.liveness.liveness import Liveness, LivenessCheck, LivenessVerdict, PersonCheck
from gate_controller.face.liveness.same_person import SamePerson
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt
from hardware.interfaces import Frame

AGREEING_FRAMES_NEEDED = 2
MAX_UNMATCHED_FRAMES = 6
"""Good frames without a match before the answer is no: a fifth of a second of work; more tries would
only raise a stranger's chance."""
LOOK_ALIKE_MARGIN = 0.08
"""When two people of a home are both alike enough, the better must lead by this much: frames of one
person, seconds apart, differ by as much in their similarity to one template."""


class MatchOutcome(StrEnum):
    """State of a search after a frame."""

    KEEP_LOOKING = "keep_looking"
    MATCHED = "matched"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MatchStep:
    """Result of one frame of a comparison."""

    outcome: MatchOutcome
    frames_taken: int
    hint: FaceReason | None = None
    """Fault of this frame; when refused, the reason."""
    person_id: str | None = None
    similarity: float | None = None
    """Similarity of the less alike of the agreeing frames, when matched."""
    prompt: Prompt = Prompt.NOTHING
    """Instruction to the person for the next frame."""


def thresholds(
    card: EngineCard, templates: Mapping[str, Embedding], searched: int = LARGEST_HOME
) -> dict[str, float]:
    """Return how alike a face must be to each person's looks, one a row; omit whose looks keep no budget."""
    of_people = {
        person_id: threshold(card, searched, len(np.atleast_2d(looks)))
        for person_id, looks in templates.items()
    }
    return {person_id: least for person_id, least in of_people.items() if least is not None}


class MatchSession:
    """Looks for one home's people; end with `close()`, which overwrites the templates it was given.

    A template is a person's looks, one a row. A person without a threshold in
    `min_face_similarities` is not compared.
    """

    def __init__(
        self,
        engine: FaceEngine,
        templates: Mapping[str, Embedding],
        *,
        min_face_similarities: Mapping[str, float] | None = None,
        liveness: LivenessCheck | None = None,
        limits: CaptureLimits = MATCHING_LIMITS,
    ) -> None:
        if min_face_similarities is None:
            min_face_similarities = thresholds(engine.card, templates)
        for least in min_face_similarities.values():
            if not 0 < least < 1:
                raise BadFaceSetting(f"min_face_similarities must be between 0 and 1, not {least!r}.")
        self._engine = engine
        self._templates = dict(templates)
        self._min_face_similarities = dict(min_face_similarities)
        self._liveness: LivenessCheck = PersonCheck() if liveness is None else liveness
        self._limits = limits
        self._same_person = SamePerson(engine)
        self._agreed_person: str | None = None
        self._agreed_similarities: list[float] = []
        self._unmatched_frames = 0
        self._looked_alike = False
        self._useless_frames = 0
        self._frames_taken = 0
        self._ended = False

    def offer(self, frame: Frame, at_seconds: float) -> MatchStep:
        """Look at one frame and say what it brought; raise ValueError after the session ended.

        `at_seconds` is when it was seen, on a clock that never goes back.
        """
        if self._ended:
            raise ValueError("This search has ended; start a new session.")
        faces = self._engine.find(frame)
        limits = replace(self._limits, max_turn_in_eye_distances=self._liveness.now.max_turn)
        problem = frame_problem(frame, faces, limits)
        if problem is not None:
            return self._useless(problem, at_seconds)
        self._frames_taken += 1
        seen = self._liveness.offer(frame, faces[0], at_seconds)
        if seen.verdict is LivenessVerdict.NOT_LIVE:
            return self._refuse(seen.reason or FaceReason.NOT_LIVE)
        if not (seen.straight or seen.turned):
            return self._go_on(seen.hint)  # no one compares it; the next frame comes the sooner
        embedding = self._engine.embed(frame, faces[0])
        try:
            if seen.straight:
                return self._weigh(embedding, seen)
            self._same_person.turned(embedding)
            return self._go_on(seen.hint)
        finally:
            wipe(embedding)

    def close(self) -> None:
        """Overwrite the templates and take no more frames."""
        wipe(*self._templates.values())
        self._templates.clear()
        self._same_person.close()
        self._liveness.close()
        self._ended = True

    def _useless(self, problem: FaceReason, at_seconds: float) -> MatchStep:
        seen = self._liveness.missed(at_seconds)
        if seen.verdict is LivenessVerdict.NOT_LIVE:
            return self._refuse(seen.reason or problem)
        self._useless_frames += 1
        patient = self._useless_frames < MAX_USELESS_FRAMES
        return self._go_on(problem) if patient else self._refuse(problem)

    def _most_alike(self, embedding: Embedding) -> tuple[str | None, float]:
        """Return the person the face is most like, and None for them while another is as alike."""
        compared = (
            (likeness(self._engine, looks, embedding), person_id)
            for person_id, looks in self._templates.items()
            if person_id in self._min_face_similarities
        )
        ranked = sorted(
            (
                (alike, person_id)
                for alike, person_id in compared
                if alike >= self._min_face_similarities[person_id]
            ),
            reverse=True,
        )
        if not ranked:
            self._looked_alike = False
            return None, -1.0
        others = [alike for alike, _ in ranked[1:]]
        self._looked_alike = bool(others) and ranked[0][0] - others[0] < LOOK_ALIKE_MARGIN
        return (None if self._looked_alike else ranked[0][1]), ranked[0][0]

    def _weigh(self, embedding: Embedding, seen: Liveness) -> MatchStep:
        if not self._same_person.straight(embedding):
            return self._refuse(FaceReason.SWAPPED)
        person_id, face_similarity = self._most_alike(embedding)
        if person_id is None:
            self._agreed_person, self._agreed_similarities = None, []
            return self._count_unmatched(seen.hint)
        if person_id != self._agreed_person:
            # Two people of one home in turn: neither is opened for until two frames in a row agree.
            self._agreed_person, self._agreed_similarities = person_id, []
        self._agreed_similarities.append(face_similarity)
        if len(self._agreed_similarities) < AGREEING_FRAMES_NEEDED:
            return self._go_on(seen.hint)
        if seen.verdict is not LivenessVerdict.PASSED:
            return self._go_on(seen.hint)
        if self._liveness.needs_turned_frames and not self._same_person.turned_alike:
            return self._refuse(FaceReason.SWAPPED)
        step = MatchStep(
            MatchOutcome.MATCHED,
            self._frames_taken,
            person_id=person_id,
            similarity=min(self._agreed_similarities),
        )
        self.close()
        return step

    def _count_unmatched(self, hint: FaceReason | None) -> MatchStep:
        self._unmatched_frames += 1
        if self._unmatched_frames >= MAX_UNMATCHED_FRAMES:
            return self._refuse(FaceReason.AMBIGUOUS if self._looked_alike else FaceReason.NOT_RECOGNISED)
        return self._go_on(hint)

    def _go_on(self, hint: FaceReason | None) -> MatchStep:
        prompt = self._liveness.now.prompt
        return MatchStep(MatchOutcome.KEEP_LOOKING, self._frames_taken, hint=hint, prompt=prompt)

    def _refuse(self, reason: FaceReason) -> MatchStep:
        step = MatchStep(MatchOutcome.REFUSED, self._frames_taken, hint=reason)
        self.close()
        return step
