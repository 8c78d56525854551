"""Ask the person to turn the head to a random side, and verify that a head turns.

    look straight ── random wait ──> turn left | right ── nose leaves its plane ──> straight again ──> passed
         ^                               │ too fast, lost from view (once)
         └───────────────────────────────┘ else refused

A flat picture's nose does not leave the plane (challenge_geometry). Two pictures one after the other
jump; a recording made for another challenge turns before it was asked, or to the other side. What
passes anyway: a recording that happens to fit, a paper folded along the nose, a mask, a person who
is forced. docs/face.md has the figures behind every number here. Pure: landmarks and seconds in.
"""

import secrets
from collections.abc import Callable

import numpy as np

from gate_controller.face.engines.engine import FoundFace
from gate_controller.face.liveness.challenge_geometry import (
    FacePosition,
    Parallax,
    Shape,
    parallax,
    placed,
    shape_of,
)
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt

TURNED = 0.20
"""Eye distances. A head that turned by 30 degrees gives 0.21 or more, a flat picture tilted by 40 at most
0.09, one bent round a cylinder of 13 centimetres 0.05 to 0.24; faces half as large are less sharp cut."""
FRAMES_TURNED = 2
ON_THE_WAY = (0.05, TURNED)
"""At least one frame must show the head between straight and turned."""
MAX_STEP = 0.22
"""From one frame to the next: 120 degrees a second at ten frames a second; a cut gives the whole turn."""
WRONG_WAY = 0.13
STRAIGHT = 0.09
MAX_STRAIGHT_TURN = 0.22
MAX_TURN_WHILE_TURNING = 0.8
"""Nose from between the eyes, in eye distances (`FaceQuality.turn`), straight and while turning."""
MAX_SHIFT = 0.9
MAX_GROWTH = 1.3
"""Between two frames: shift in face lengths, change of size."""
MAX_GAP_SECONDS = 1.0
STRAIGHT_FRAMES = 3
STRAIGHT_SECONDS = (0.4, 1.0)
"""The prompt comes at a random moment between these, counted from the first straight frame."""
MIN_REACTION_SECONDS = 0.3
TURN_SECONDS = 3.0
BACK_SECONDS = 2.5
SLOW_SECONDS = 1.2
"""After this long the screen asks the person to turn further."""
FLAT_FORESHORTENING = 0.9
ATTEMPTS = 3
EARLY_TURNS = 3

RandomBelow = Callable[[int], int]
"""Like `secrets.randbelow`: a number from 0 to below the argument."""


class Challenge:
    """One question to one person; `passed` or `refusal` is set when it is answered."""

    def __init__(self, random_below: RandomBelow = secrets.randbelow) -> None:
        """Draw nothing yet: each attempt has a side and a moment of its own."""
        self._random_below = random_below
        self.passed = False
        self.refusal: FaceReason | None = None
        self.hint: FaceReason | None = None
        self.turned_now = False
        """True if the last frame showed the nose out of its plane on the side that was asked for."""
        self._attempts = 0
        self._early_turns = 0
        self._was_away = False
        self._first_straight: Shape | None = None
        self._last: tuple[FacePosition, float] | None = None
        self._begin()

    @property
    def prompt(self) -> Prompt:
        """Return what the person should do now."""
        return self._prompt

    @property
    def turning(self) -> bool:
        """Return whether a head that is not straight is to be expected."""
        return self._prompt in (Prompt.TURN_LEFT, Prompt.TURN_RIGHT, Prompt.STRAIGHT_AGAIN)

    @property
    def answered(self) -> bool:
        """Return whether there is nothing left to see."""
        return self.passed or self.refusal is not None

    @property
    def max_turn(self) -> float:
        """Return how far the face may be turned now, in eye distances."""
        return MAX_TURN_WHILE_TURNING if self.turning and not self.passed else MAX_STRAIGHT_TURN

    def missed(self, at_seconds: float) -> None:
        """Take note of a frame without a usable face."""
        self.turned_now = False
        if self.answered or self._last is None:
            return
        if self.turning and at_seconds - self._last[1] > MAX_GAP_SECONDS:
            self._again(FaceReason.TOO_FAST)
        else:
            self._out_of_time(at_seconds)

    def offer(self, face: FoundFace, at_seconds: float) -> None:
        """Look at the landmarks of one frame."""
        if self.answered:
            return
        self.hint, self.turned_now = None, False
        place, shape = placed(face.landmarks), shape_of(face.landmarks)
        jumped = self._jumped(place, at_seconds)
        self._last = (place, at_seconds)
        if self._prompt is Prompt.LOOK_STRAIGHT:
            self._look_straight(face, shape, at_seconds, jumped=jumped)
            return
        seen = parallax(self._reference, shape)
        if jumped or seen is None:
            self._again(FaceReason.TOO_FAST)
        elif self._prompt is Prompt.STRAIGHT_AGAIN:
            self._come_back(face, seen, at_seconds)
        else:
            self._turn(seen, at_seconds)

    def _begin(self) -> None:
        self._prompt = Prompt.LOOK_STRAIGHT
        self._straight: list[Shape] = []
        self._straight_since = 0.0
        low, high = STRAIGHT_SECONDS
        self._wait_seconds = low + (high - low) * self._random_below(1001) / 1000
        self._side = Prompt.TURN_LEFT if self._random_below(2) else Prompt.TURN_RIGHT

    def _again(self, why: FaceReason) -> None:
        self.hint = why
        self._attempts += 1
        if self._attempts >= ATTEMPTS:
            self.refusal = why
        else:
            self._begin()

    def _jumped(self, place: FacePosition, at_seconds: float) -> bool:
        if self._last is None:
            return False
        before, before_seconds = self._last
        shift = np.hypot(place.centre[0] - before.centre[0], place.centre[1] - before.centre[1])
        growth = max(place.length / before.length, before.length / place.length)
        return bool(
            shift > MAX_SHIFT * before.length
            or growth > MAX_GROWTH
            or at_seconds - before_seconds > MAX_GAP_SECONDS
        )

    def _look_straight(self, face: FoundFace, shape: Shape, at_seconds: float, *, jumped: bool) -> None:
        seen = parallax(self._straight[0], shape) if self._straight else Parallax(0.0, 0.0, 1.0)
        if abs(face.quality.turn) > MAX_STRAIGHT_TURN:
            self.hint = FaceReason.TURNED_AWAY
            self._straight = []
        elif jumped or seen is None or max(abs(seen.across), abs(seen.down)) > STRAIGHT:
            self.hint = FaceReason.HOLD_STILL if self._straight else None
            self._straight = []
        self._count_early_turn(shape)
        if self.hint is not None:
            return
        if not self._straight:
            self._straight_since = at_seconds
            self._first_straight = shape if self._first_straight is None else self._first_straight
        self._straight.append(shape)
        still_seconds = at_seconds - self._straight_since
        if len(self._straight) >= STRAIGHT_FRAMES and still_seconds >= self._wait_seconds:
            self._ask(at_seconds)

    def _count_early_turn(self, shape: Shape) -> None:
        """Refuse who turns again and again before being asked: a recording, tried until it fits."""
        seen = parallax(self._first_straight, shape) if self._first_straight is not None else None
        away = seen is not None and abs(seen.across) > TURNED
        self._early_turns += away and not self._was_away
        self._was_away = away
        if self._early_turns >= EARLY_TURNS:
            self.refusal = FaceReason.HOLD_STILL

    def _ask(self, at_seconds: float) -> None:
        self._reference: Shape = np.mean(self._straight, axis=0)
        self._straight = []
        self._prompt = self._side
        self._asked_seconds = at_seconds
        self._before = 0.0
        self._was_on_the_way = False
        self._frames_turned = 0
        self._frames_wrong = 0
        self._furthest = 0.0
        self._least_wide = 1.0

    def _turn(self, seen: Parallax, at_seconds: float) -> None:
        turned = seen.across if self._side is Prompt.TURN_LEFT else -seen.across
        step, self._before = turned - self._before, turned
        self.turned_now = turned >= WRONG_WAY
        self._furthest = max(self._furthest, turned)
        self._least_wide = min(self._least_wide, seen.foreshortening)
        self._was_on_the_way |= ON_THE_WAY[0] <= turned < ON_THE_WAY[1]
        self._frames_turned = self._frames_turned + 1 if turned >= TURNED else 0
        self._frames_wrong = self._frames_wrong + 1 if turned <= -WRONG_WAY else 0
        if abs(step) > MAX_STEP or (self._frames_turned and not self._was_on_the_way):
            self._again(FaceReason.TOO_FAST)
        elif self._frames_turned and at_seconds - self._asked_seconds < MIN_REACTION_SECONDS:
            self._again(FaceReason.HOLD_STILL)
        elif self._frames_wrong >= FRAMES_TURNED:
            self.refusal = FaceReason.TURN_OTHER_WAY
        elif self._frames_turned >= FRAMES_TURNED:
            self._prompt = Prompt.STRAIGHT_AGAIN
            self._asked_seconds = at_seconds
        elif not self._out_of_time(at_seconds) and at_seconds - self._asked_seconds > SLOW_SECONDS:
            self.hint = FaceReason.TURN_MORE

    def _come_back(self, face: FoundFace, seen: Parallax, at_seconds: float) -> None:
        turned = seen.across if self._side is Prompt.TURN_LEFT else -seen.across
        step, self._before = turned - self._before, turned
        self.turned_now = turned >= WRONG_WAY
        if abs(step) > MAX_STEP:
            self._again(FaceReason.TOO_FAST)
        elif abs(turned) <= STRAIGHT and abs(face.quality.turn) <= MAX_STRAIGHT_TURN:
            self.passed = True
        else:
            self._out_of_time(at_seconds)

    def _out_of_time(self, at_seconds: float) -> bool:
        if not self.turning:
            return False
        waited = at_seconds - self._asked_seconds
        if self._prompt is Prompt.STRAIGHT_AGAIN and waited > BACK_SECONDS:
            self.refusal = FaceReason.TURNED_AWAY
        elif self._prompt is not Prompt.STRAIGHT_AGAIN and waited > TURN_SECONDS:
            tilted = self._least_wide < FLAT_FORESHORTENING and self._furthest < TURNED / 2
            self.refusal = FaceReason.LOOKS_FLAT if tilted else FaceReason.TURN_MORE
        return self.refusal is not None
