"""The question to turn the head, asked of landmarks alone: a head of five points, and a flat card of them."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.face.engines.engine import FaceQuality, FoundFace, Landmarks
from gate_controller.face.liveness.challenge import (
    ATTEMPTS,
    MAX_GAP_SECONDS,
    STRAIGHT_SECONDS,
    TURN_SECONDS,
    Challenge,
)
from gate_controller.face.liveness.challenge_geometry import parallax, shape_of
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt
from tests.support.faces.actors import draws

FRAME_SECONDS = 1 / 15
EYE_DISTANCE = 70.0
FACE = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.62, 0.5], [-0.4, 1.15, 0.03], [0.4, 1.15, 0.03]])
"""Right eye, left eye, nose, mouth corners: right, down, towards the camera, in eye distances."""
CARD = FACE * (1, 1, 0)

Yaw = Callable[[float], float]
Path = tuple[tuple[float, float], ...]


def seen(solid: np.ndarray, yaw_degrees: float, *, shift: float = 0.0, scale: float = 1.0) -> FoundFace:
    """Look at five points that are turned to the person's left by so many degrees, from ten eye distances."""
    yaw = np.radians(yaw_degrees)
    x = solid[:, 0] * np.cos(yaw) + solid[:, 2] * np.sin(yaw)
    z = solid[:, 2] * np.cos(yaw) - solid[:, 0] * np.sin(yaw)
    nearer = scale * EYE_DISTANCE * 10 / (10 - z)
    points = np.stack([x * nearer + 320 + shift * EYE_DISTANCE, solid[:, 1] * nearer + 200], axis=1)
    landmarks: Landmarks = points.astype(np.float32)
    eyes = landmarks[1] - landmarks[0]
    length = float(np.linalg.norm(eyes))
    turn = float(np.dot(landmarks[2] - (landmarks[0] + landmarks[1]) / 2, eyes)) / length**2
    return FoundFace((200, 100, 200, 260), landmarks, FaceQuality(0.9, 260, 120, 200, turn))


def answer(
    challenge: Challenge, yaw_after_prompt: Yaw, *, solid: np.ndarray = FACE, seconds: float = 9.0
) -> list[Prompt]:
    """Look straight until asked, then turn by a course of seconds since the prompt; return the prompts."""
    prompts, at_seconds, asked_seconds = [challenge.prompt], 0.0, 0.0
    while not challenge.answered and at_seconds < seconds:
        yaw = yaw_after_prompt(at_seconds - asked_seconds) if challenge.turning else 0.0
        was_turning = challenge.turning
        challenge.offer(seen(solid, yaw), at_seconds)
        asked_seconds = at_seconds if challenge.turning and not was_turning else asked_seconds
        prompts += [challenge.prompt] * (challenge.prompt is not prompts[-1])
        at_seconds += FRAME_SECONDS
    return prompts


def course(*points: tuple[float, float]) -> Yaw:
    """Return a head's course through (seconds since the prompt, degrees)."""
    return lambda seconds: float(np.interp(seconds, [p[0] for p in points], [p[1] for p in points]))


THERE_AND_BACK = ((0.4, 0.0), (0.9, 33.0), (1.2, 33.0), (1.7, 0.0))
MIRRORED = tuple((seconds, -degrees) for seconds, degrees in THERE_AND_BACK)


@pytest.mark.parametrize(
    ("side", "path"), [(Prompt.TURN_LEFT, THERE_AND_BACK), (Prompt.TURN_RIGHT, MIRRORED)]
)
def test_a_head_that_turns_as_asked_and_back_passes(side: Prompt, path: Path) -> None:
    challenge = Challenge(draws(side))
    prompts = answer(challenge, course(*path))
    assert (challenge.passed, challenge.refusal) == (True, None)
    assert prompts == [Prompt.LOOK_STRAIGHT, side, Prompt.STRAIGHT_AGAIN]


@pytest.mark.parametrize(
    ("side", "path"), [(Prompt.TURN_RIGHT, THERE_AND_BACK), (Prompt.TURN_LEFT, MIRRORED)]
)
def test_a_head_that_turns_to_the_other_side_is_refused(side: Prompt, path: Path) -> None:
    challenge = Challenge(draws(side))
    answer(challenge, course(*path))
    assert challenge.refusal is FaceReason.TURN_OTHER_WAY


def test_a_card_that_is_tilted_as_asked_is_recognised_as_flat() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    answer(challenge, course((0.4, 0.0), (1.2, 45.0), (3.0, 45.0)), solid=CARD)
    assert challenge.refusal is FaceReason.LOOKS_FLAT


def test_who_does_nothing_is_asked_to_turn_more_and_refused_in_time() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    answer(challenge, lambda _seconds: 0.0)
    assert challenge.refusal is FaceReason.TURN_MORE


def test_a_cut_to_a_turned_picture_is_too_fast_however_often_it_is_tried() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    prompts = answer(challenge, lambda seconds: 33.0 * (seconds > 0.4))
    assert challenge.refusal is FaceReason.TOO_FAST
    assert prompts.count(Prompt.TURN_LEFT) == ATTEMPTS


def test_a_turn_that_comes_at_once_was_no_answer() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    answer(challenge, course((0.0, 5.0), (0.15, 33.0), (9.0, 33.0)), seconds=1.5)
    assert (challenge.passed, challenge.prompt) == (False, Prompt.LOOK_STRAIGHT)


def test_a_head_that_keeps_turning_before_it_was_asked_is_refused() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    for number in range(200):
        challenge.offer(seen(FACE, 33.0 * np.sin(number / 4)), number * FRAME_SECONDS)
    assert challenge.refusal is FaceReason.HOLD_STILL


def test_a_face_that_was_away_for_a_moment_begins_again() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    at_seconds = 0.0
    while not challenge.turning:
        challenge.offer(seen(FACE, 0.0), at_seconds)
        at_seconds += FRAME_SECONDS
    challenge.missed(at_seconds + MAX_GAP_SECONDS)
    assert (challenge.prompt, challenge.hint) == (Prompt.LOOK_STRAIGHT, FaceReason.TOO_FAST)


def test_the_question_comes_at_another_moment_and_to_another_side_each_time() -> None:
    sides, moments = set(), set()
    for _ in range(40):
        challenge, frames = Challenge(), 0
        while not challenge.turning:
            challenge.offer(seen(FACE, 0.0), frames * FRAME_SECONDS)
            frames += 1
        sides.add(challenge.prompt)
        moments.add(frames)
    assert sides == {Prompt.TURN_LEFT, Prompt.TURN_RIGHT}
    assert len(moments) > 3
    assert min(moments) * FRAME_SECONDS >= STRAIGHT_SECONDS[0]


def test_no_person_is_kept_longer_than_the_question_lasts() -> None:
    challenge = Challenge(draws(Prompt.TURN_LEFT))
    challenge_seconds = len(answered_frames(challenge)) * FRAME_SECONDS
    assert challenge_seconds <= STRAIGHT_SECONDS[1] + TURN_SECONDS + 3 * FRAME_SECONDS


def answered_frames(challenge: Challenge) -> list[float]:
    """Look straight and never turn; return the seconds of all frames."""
    frames: list[float] = []
    while not challenge.answered:
        frames.append(len(frames) * FRAME_SECONDS)
        challenge.offer(seen(FACE, 0.0), frames[-1])
    return frames


@settings(deadline=None)
@given(yaw=st.floats(-55, 55), shift=st.floats(-2, 2), scale=st.floats(0.5, 2.0), before=st.floats(-20, 20))
def test_the_nose_of_a_card_never_leaves_its_plane(
    yaw: float, shift: float, scale: float, before: float
) -> None:
    was, is_now = seen(CARD, before), seen(CARD, yaw, shift=shift, scale=scale)
    found = parallax(shape_of(was.landmarks), shape_of(is_now.landmarks))
    assert found is not None
    assert max(abs(found.across), abs(found.down)) < 0.01


def test_the_nose_of_a_head_leaves_it_further_the_further_it_turns() -> None:
    straight = shape_of(seen(FACE, 0.0).landmarks)
    found = [parallax(straight, shape_of(seen(FACE, yaw).landmarks)) for yaw in (-40, -20, 0, 20, 40)]
    across = [one.across for one in found if one is not None]
    assert all(one < other for one, other in pairwise(across))
    assert across[-1] > 0.3


def broken(points: Iterable[int]) -> Landmarks:
    """Return landmarks of which some lie on one spot."""
    landmarks = seen(FACE, 0.0).landmarks.copy()
    landmarks[list(points)] = 100.0
    return landmarks


@pytest.mark.parametrize("points", [(0, 1), (0, 1, 3, 4), (3, 4)])
def test_landmarks_that_span_no_plane_prove_nothing(points: tuple[int, ...]) -> None:
    straight = shape_of(seen(FACE, 0.0).landmarks)
    assert parallax(straight, shape_of(broken(points))) is None
