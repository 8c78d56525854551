"""Measure each item of an operator's set: the whole check, and each of its two measures alone.

The whole check is an enrolment's, with the side drawn at random, so a recording passes it only by chance.
The measures ask what the picture shows and not whether it obeyed: the largest gap of the nose from the plane
of eyes and mouth, and, where the MiniFASNet pair is added, its mean over the first straight frames.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from face_laboratory.attack_items import frames_of
from face_laboratory.liveness_rates import Measure, Separation, separate
from face_laboratory.liveness_set import LIVE, SetItem
from gate_controller.face.engines.engine import FaceEngine, FoundFace, wipe
from gate_controller.face.engines.errors import UnusablePicture
from gate_controller.face.liveness.capture_checks import MATCHING_LIMITS, CaptureLimits, capture_problem
from gate_controller.face.liveness.challenge import (
    MAX_STRAIGHT_TURN,
    MAX_TURN_WHILE_TURNING,
    STRAIGHT_FRAMES,
    TURNED,
)
from gate_controller.face.liveness.challenge_geometry import Shape, parallax, shape_of
from gate_controller.face.liveness.liveness import PASSIVE_FRAMES, PersonCheck, PictureJudge
from gate_controller.face.liveness.passive_liveness import MIN_MEAN
from gate_controller.face.matching.enrolment import EnrolmentOutcome, EnrolmentSession
from hardware.interfaces import Frame

LOOK_SECONDS = 8.0
"""As long as a gate looks."""
LIMITS = CaptureLimits(
    MATCHING_LIMITS.min_face_height_pixels, max_turn_in_eye_distances=MAX_TURN_WHILE_TURNING
)
WHOLE = Measure("whole_check", "the turn that was asked for, and the pair where it is added", 1.0, (1.0,))
GAP = Measure(
    "nose_gap",
    "the nose leaves the plane of eyes and mouth, in eye distances",
    TURNED,
    tuple(round(0.02 * step, 2) for step in range(21)),
)
PAIR = Measure(
    "minifasnet",
    f"mean of the MiniFASNet pair over the first {PASSIVE_FRAMES} straight frames",
    MIN_MEAN,
    tuple(round(0.05 * step, 2) for step in range(21)),
)


@dataclass(slots=True)
class LivenessTrials:
    """Measurements so far."""

    has_pair: bool
    rows: list[tuple[str, str, dict[str, float | None]]] = field(default_factory=list)
    """Species, source, and each measure's number; None where no usable straight frame was seen."""
    unreadable: list[str] = field(default_factory=list)

    @property
    def not_acquired(self) -> dict[str, int]:
        """Return by species how many items had no usable straight frame."""
        failed = [species for species, _, numbers in self.rows if numbers[GAP.name] is None]
        return {species: failed.count(species) for species in sorted(set(failed))}

    def separations(self) -> tuple[Separation, ...]:
        """Return every measure's figures, or none while living people or attacks are missing."""
        species = {species for species, _, _ in self.rows}
        if LIVE not in species or len(species) < 2:
            return ()
        measures = (WHOLE, GAP, PAIR) if self.has_pair else (WHOLE, GAP)
        return tuple(separate(measure, self._values(measure), LIVE) for measure in measures)

    def _values(self, measure: Measure) -> list[tuple[str, str, float | None]]:
        return [(species, source, numbers[measure.name]) for species, source, numbers in self.rows]


def try_set(
    engine: FaceEngine, items: Sequence[SetItem], judge: PictureJudge | None, done: Callable[[SetItem], None]
) -> LivenessTrials:
    """Measure each item once; call `done` after each. List what cannot be read."""
    trials = LivenessTrials(has_pair=judge is not None)
    for number, one in enumerate(items):
        try:
            numbers = _measured(engine, one, number, judge)
        except UnusablePicture as fault:
            trials.unreadable.append(str(fault))
        else:
            trials.rows.append((one.item.species, one.source, numbers))
        done(one)
    return trials


def _measured(
    engine: FaceEngine, one: SetItem, seed: int, judge: PictureJudge | None
) -> dict[str, float | None]:
    session: EnrolmentSession | None = EnrolmentSession(engine, liveness=PersonCheck(judge=judge))
    look = _Look(judge)
    taken = 0.0
    try:
        for frame, at_seconds in frames_of(one.item, seed):
            if at_seconds > LOOK_SECONDS:
                wipe(frame)
                break
            look.offer(frame, engine.find(frame))
            if session is not None:
                step = session.offer(frame, at_seconds)
                if step.template is not None:
                    wipe(step.template)
                if step.outcome is not EnrolmentOutcome.NEED_MORE:
                    taken = float(step.outcome is EnrolmentOutcome.DONE)
                    session.close()
                    session = None
            wipe(frame)
    finally:
        if session is not None:
            session.close()
    return {WHOLE.name: taken, GAP.name: look.gap, PAIR.name: look.live_share}


class _Look:
    """Both measures over the frames of one item; holds shapes and numbers, no pixels."""

    def __init__(self, judge: PictureJudge | None) -> None:
        self._judge = judge
        self._straight: list[Shape] = []
        self._live_shares: list[float] = []
        self.gap: float | None = None

    @property
    def live_share(self) -> float | None:
        """Return the mean over the first straight frames, None before there was one."""
        return float(np.mean(self._live_shares)) if self._live_shares else None

    def offer(self, frame: Frame, faces: tuple[FoundFace, ...]) -> None:
        """Look at one frame; one without a usable face changes nothing."""
        if capture_problem(faces, LIMITS) is not None:
            return
        face, shape = faces[0], shape_of(faces[0].landmarks)
        is_straight = abs(face.quality.turn) <= MAX_STRAIGHT_TURN
        if is_straight and self._judge is not None and len(self._live_shares) < PASSIVE_FRAMES:
            self._live_shares.append(self._judge.live_share(frame, face))
        if is_straight and len(self._straight) < STRAIGHT_FRAMES:
            self._straight.append(shape)
            self.gap = self.gap or 0.0
            return
        if len(self._straight) == STRAIGHT_FRAMES:
            seen = parallax(np.mean(self._straight, axis=0), shape)
            if seen is not None:
                self.gap = max(self.gap or 0.0, abs(seen.across))
