"""Masks and sunglasses drawn over the six portraits: what the check distinguishes, and what not.

What it does not is written down here too, so that docs/face.md does not promise it.
"""

from itertools import permutations

import cv2
import numpy as np
import pytest

from gate_controller.face.engines.engine import Embedding, similarity
from gate_controller.face.engines.error_budget import fitness
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD, YunetSfaceEngine
from gate_controller.face.liveness.capture_checks import ENROLMENT_LIMITS, MATCHING_LIMITS, frame_problem
from gate_controller.face_control.reasons import FaceReason
from hardware.interfaces import Frame
from hardware.simulated.turning_head import Points
from tests.support.faces.actors import picture_and_points
from tests.support.faces.fetch import PICTURES
from tests.support.faces.fixtures import SAME_PERSON_PAIRS

NAMES = [name.partition(".")[0] for name in PICTURES]
WHITE, BLUE, BLACK = (235, 235, 235), (180, 130, 70), (20, 20, 20)


def sunglasses(frame: Frame, points: Points) -> Frame:
    """Draw dark glasses over both eyes and the bridge between them."""
    worn = frame.copy()
    right, left = points[0], points[1]
    width = float(np.linalg.norm(left - right))
    slope_degrees = float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))
    size = (int(0.42 * width), int(0.32 * width))
    for eye in (right, left):
        cv2.ellipse(worn, (int(eye[0]), int(eye[1])), size, slope_degrees, 0, 360, BLACK, -1)
    ends = [(int(eye[0]), int(eye[1])) for eye in (right, left)]
    cv2.line(worn, ends[0], ends[1], BLACK, max(2, int(0.08 * width)))
    return worn


def mask(frame: Frame, points: Points, colour: tuple[int, int, int], *, striped: bool = False) -> Frame:
    """Draw a mask from the tip of the nose down, in one colour or with dark stripes."""
    width = float(np.linalg.norm(points[1] - points[0]))
    (x, y), (mouth_x, mouth_y) = points[2], (points[3] + points[4]) / 2
    side, chin, low = 0.75 * width, 0.6 * width, 0.7 * width
    corners = [(x - side, y), (x + side, y), (mouth_x + chin, mouth_y + low), (mouth_x - chin, mouth_y + low)]
    outline = np.array(corners).astype(np.int32)
    covered = np.zeros(frame.shape[:2], dtype=np.uint8)
    cv2.fillPoly(covered, [outline], 1)
    worn = frame.copy()
    worn[covered == 1] = colour
    if striped:
        rows = np.arange(frame.shape[0])[:, None] % 12 < 5
        worn[(covered == 1) & rows] = BLACK
    return worn


def embedded(engine: YunetSfaceEngine, frame: Frame) -> Embedding:
    return engine.embed(frame, engine.find(frame)[0])


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("colour", [WHITE, BLUE, BLACK])
@pytest.mark.parametrize("name", NAMES)
def test_a_plain_mask_is_refused_although_the_face_would_still_match(
    engine: YunetSfaceEngine, name: str, colour: tuple[int, int, int]
) -> None:
    picture, points = picture_and_points(name)
    worn = mask(picture, points, colour)
    faces = engine.find(worn)
    for limits in (ENROLMENT_LIMITS, MATCHING_LIMITS):
        assert frame_problem(worn, faces, limits) is FaceReason.COVERED
    assert similarity(engine, embedded(engine, picture), embedded(engine, worn)) > 0.68


@pytest.mark.parametrize("name", NAMES)
def test_a_striped_mask_is_not_recognised(engine: YunetSfaceEngine, name: str) -> None:
    picture, points = picture_and_points(name)
    worn = mask(picture, points, WHITE, striped=True)
    assert frame_problem(worn, engine.find(worn), MATCHING_LIMITS) is not FaceReason.COVERED


@pytest.mark.first_set
@pytest.mark.parametrize("name", NAMES)
def test_sunglasses_are_not_recognised_and_the_face_still_matches(
    engine: YunetSfaceEngine, name: str
) -> None:
    picture, points = picture_and_points(name)
    worn = sunglasses(picture, points)
    for limits in (ENROLMENT_LIMITS, MATCHING_LIMITS):
        assert frame_problem(worn, engine.find(worn), limits) is None
    assert 0.6 < similarity(engine, embedded(engine, picture), embedded(engine, worn)) < 0.9


@pytest.mark.wide
def test_the_same_sunglasses_make_no_two_people_match(engine: YunetSfaceEngine) -> None:
    """Enrolled with them on, worn by all others: no pair comes near the threshold that opens."""
    worn = {name: embedded(engine, sunglasses(*picture_and_points(name))) for name in NAMES}
    own = {frozenset(pair) for pair in SAME_PERSON_PAIRS}
    others = [pair for pair in permutations(NAMES, 2) if frozenset(pair) not in own]
    point = fitness(YUNET_SFACE_CARD).point
    assert point is not None
    assert max(similarity(engine, worn[one], worn[two]) for one, two in others) < point.min_face_similarity
