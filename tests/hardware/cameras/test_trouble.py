"""Frozen, dark, covered and lost, from pictures alone; times are values."""

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hardware.cameras.trouble import (
    COVERED_SECONDS,
    FROZEN_SECONDS,
    LOST_SECONDS,
    Sight,
    Trouble,
    changed_share,
    glance,
    looked,
    lost,
    no_frame,
    opened,
    trouble_in,
)
from hardware.interfaces import Frame
from hardware.simulated.camera_scene import CameraScene, hand_on_the_lens, street
from tests.support.examples import examples

CHANCE = np.random.default_rng(4)


def noisy(picture: Frame, noise: float) -> Frame:
    return np.clip(picture + CHANCE.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def night(lamp: float) -> Frame:
    """An empty lane at night, with one lamp of this brightness in view."""
    down, across = np.mgrid[:480, :640]
    distance = (across - 400) ** 2 + (down - 120) ** 2
    light = 6 + lamp * np.exp(-distance / 400) + lamp / 6 * np.exp(-distance / 30_000)
    return np.repeat(np.clip(light, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def see(sight: Sight, frames: Iterable[Frame], *, at: float, every: float = 0.1) -> tuple[Sight, float]:
    for frame in frames:
        sight = looked(sight, glance(frame), at)
        at += every
    return sight, at


def scene_frames(seconds: float, control: Callable[[CameraScene], None] = CameraScene.clear) -> list[Frame]:
    scene = CameraScene(width=160, height=120)
    control(scene)
    return [scene.next_frame() for _ in range(round(seconds * 10) + 1)]


@pytest.mark.parametrize(
    "picture",
    [
        lambda: noisy(street(), 2),
        lambda: noisy(street() // 4, 8),
        lambda: noisy(night(240), 6),
        lambda: noisy(cv2.GaussianBlur(street(), (0, 0), 10), 2),
        lambda: noisy(street() // 4 + 140, 2),
        lambda: noisy(cv2.resize(street(), (1920, 1080)), 3),
    ],
    ids=["day", "dusk", "night with a lamp", "a little out of focus", "fog", "large"],
)
def test_a_camera_that_sees_something_is_in_no_trouble(picture: Callable[[], Frame]) -> None:
    assert trouble_in(glance(picture())) is None


def test_a_phone_held_up_in_the_dark_is_something_to_see() -> None:
    picture = noisy(night(0), 4)
    picture[200:300, 280:360] = 200
    assert trouble_in(glance(picture)) is None


@pytest.mark.parametrize(
    "picture",
    [
        lambda: noisy(hand_on_the_lens(), 2),
        lambda: noisy(np.full((480, 640, 3), 60, np.uint8), 4),
        lambda: np.full((480, 640, 3), 255, np.uint8),
        lambda: noisy(cv2.GaussianBlur(street(), (0, 0), 60), 2),
    ],
    ids=["hand", "sticker", "dazzled", "no focus at all"],
)
def test_a_picture_without_an_edge_is_covered(picture: Callable[[], Frame]) -> None:
    assert trouble_in(glance(picture())) is Trouble.COVERED


@pytest.mark.parametrize("noise", [0, 2, 8])
def test_an_empty_lane_at_night_is_dark_and_never_covered(noise: float) -> None:
    for lamp in range(0, 40, 5):
        assert trouble_in(glance(noisy(night(lamp), noise))) is Trouble.DARK


def test_a_picture_that_does_not_change_is_frozen_after_five_seconds_and_not_before() -> None:
    still = scene_frames(FROZEN_SECONDS + 0.2, CameraScene.freeze)
    early, at = see(opened(Sight(), 0), still[:-4], at=0)
    late, _ = see(early, still[-4:], at=at)
    assert (early.trouble, late.trouble) == (None, Trouble.FROZEN)


def test_a_running_clock_in_a_frozen_picture_does_not_hide_it() -> None:
    frames = scene_frames(FROZEN_SECONDS + 0.5, CameraScene.freeze)
    for number, frame in enumerate(frames):
        frame[:8, :20] = number
    assert see(opened(Sight(), 0), frames, at=0)[0].trouble is Trouble.FROZEN


def test_a_living_camera_before_an_empty_lane_is_never_frozen() -> None:
    assert see(opened(Sight(), 0), scene_frames(30), at=0)[0].trouble is None


def test_a_video_that_begins_again_is_not_frozen() -> None:
    loop = scene_frames(0.4) * 30
    assert see(opened(Sight(), 0), loop, at=0)[0].trouble is None


def test_a_file_may_show_one_picture_for_ever() -> None:
    sight = opened(Sight(), 0)
    for number, frame in enumerate(scene_frames(10, CameraScene.freeze)):
        sight = looked(sight, glance(frame), number / 10, may_repeat=True)
    assert sight.trouble is None


def test_a_telephone_laid_on_the_lens_for_some_seconds_is_no_trouble() -> None:
    covered = scene_frames(COVERED_SECONDS - 1, CameraScene.cover)
    sight, at = see(opened(Sight(), 0), [*scene_frames(1), *covered], at=0)
    assert see(sight, scene_frames(1), at=at)[0].trouble is None


@pytest.mark.parametrize(
    ("control", "trouble"),
    [
        (CameraScene.freeze, Trouble.FROZEN),
        (CameraScene.darken, Trouble.DARK),
        (CameraScene.cover, Trouble.COVERED),
    ],
)
def test_a_trouble_begins_once_outlives_a_closed_camera_and_ends_with_good_pictures(control, trouble) -> None:
    sight, at = see(opened(Sight(), 0), scene_frames(7, control), at=0)
    assert sight.trouble is trouble
    sight, at = see(opened(sight, at + 600), scene_frames(2, control), at=at + 600)
    assert sight.trouble is trouble
    assert see(sight, scene_frames(1.2), at=at)[0].trouble is None


def test_what_was_seen_before_the_camera_was_closed_does_not_count_towards_frozen() -> None:
    still = scene_frames(3, CameraScene.freeze)
    sight, at = see(opened(Sight(), 0), still, at=0)
    assert see(opened(sight, at + 60), still, at=at + 60)[0].trouble is None


def test_a_camera_without_a_picture_is_lost_and_found_again() -> None:
    sight = opened(Sight(), 100)
    assert no_frame(sight, 100 + LOST_SECONDS - 0.1).trouble is None
    sight = no_frame(sight, 100 + LOST_SECONDS)
    assert sight.trouble is Trouble.LOST
    assert see(opened(sight, 200), scene_frames(1.2), at=200)[0].trouble is None


def test_pictures_of_different_sizes_are_different() -> None:
    small, large = (glance(np.zeros((n, n, 3), np.uint8)).tiles for n in (4, 480))
    assert changed_share(small, large) == 1.0
    assert changed_share(b"", b"") == 1.0


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), elements=st.integers(0, 255)
    ),
    st.sampled_from(Trouble) | st.none(),
)
def test_any_picture_of_any_size_is_looked_at(frame: Frame, before: Trouble | None) -> None:
    sight = looked(opened(Sight(trouble=before), 0), glance(frame), 1.0)
    assert sight.trouble in (before, trouble_in(glance(frame)))
    assert changed_share(glance(frame).tiles, glance(frame.copy()).tiles) == 0


@settings(max_examples=examples(100))
@given(st.lists(st.tuples(st.sampled_from("fdcgl"), st.floats(0.01, 3)), max_size=60))
def test_no_history_goes_from_one_trouble_to_another_without_pictures_for_it(steps) -> None:
    frames = {
        "f": scene_frames(0, CameraScene.freeze)[0],
        "d": scene_frames(0, CameraScene.darken)[0],
        "c": scene_frames(0, CameraScene.cover)[0],
        "g": scene_frames(0)[0],
    }
    at, sight, shown = 0.0, opened(Sight(), 0), set[str]()
    allowed = {"dark": "d", "covered": "c", "frozen": "fg", "lost": "l"}
    for step, seconds in steps:
        at += seconds
        shown.add(step)
        sight = lost(sight, at) if step == "l" else looked(sight, glance(frames[step]), at)
        assert sight.trouble is None or shown & set(allowed[sight.trouble])
