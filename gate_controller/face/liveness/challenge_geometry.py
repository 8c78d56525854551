"""Measure how far a nose has left the plane of eyes and mouth corners, as on a head and not on paper.

Four of the five landmarks fix where every point of a *plane* would be seen (a homography, four
points, eight numbers). The nose of a flat picture stays where that map puts it, however the picture
is moved, tilted or brought nearer. The nose of a head that turns does not. The gap is measured in
eye distances, so it does not depend on the camera. Pure.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_controller.face.engines.engine import Landmarks

Shape = NDArray[np.float64]
"""5 × 2, free of place, size and roll: between the eyes is (0, 0), the eyes lie level, and from there
to the middle of the mouth is 1. A turn of the head does not shorten that length, as it does the eyes'."""

PLANE = [0, 1, 3, 4]
NOSE = 2


@dataclass(frozen=True, slots=True)
class Parallax:
    """Position of a face relative to an earlier frame."""

    across: float
    """Nose against the plane, in eye distances of the earlier look; positive to the person's left."""
    down: float
    foreshortening: float
    """Eye distance against face length, 1 as before; a turned or tilted face has less."""


@dataclass(frozen=True, slots=True)
class FacePosition:
    """Position and size of a face in the frame, in pixels."""

    centre: tuple[float, float]
    length: float
    """From between the eyes to the middle of the mouth."""


def placed(landmarks: Landmarks) -> FacePosition:
    """Return place and size; the length is never zero."""
    eyes = (landmarks[0] + landmarks[1]).astype(np.float64) / 2
    mouth = (landmarks[3] + landmarks[4]).astype(np.float64) / 2
    centre = (eyes + mouth) / 2
    return FacePosition((float(centre[0]), float(centre[1])), max(1.0, float(np.hypot(*(mouth - eyes)))))


def shape_of(landmarks: Landmarks) -> Shape:
    """Return the landmarks without place, size and roll."""
    points = landmarks.astype(np.float64)
    eyes = (points[0] + points[1]) / 2
    along = points[1] - points[0]
    roll = np.arctan2(along[1], along[0])
    upright = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    turned: Shape = (points - eyes) @ upright.T / placed(landmarks).length
    return turned


def parallax(before: Shape, now: Shape) -> Parallax | None:
    """Return how `now` differs from `before`; None when the four points span no plane."""
    was = before[PLANE].astype(np.float32)
    is_now = now[PLANE].astype(np.float32)
    eye_distance = float(before[1, 0] - before[0, 0])
    if eye_distance <= 0 or not (_spans(was) and _spans(is_now)):
        return None
    as_a_plane = np.asarray(cv2.getPerspectiveTransform(was, is_now), dtype=np.float64)
    x, y, w = as_a_plane @ np.array([*before[NOSE], 1.0])
    if abs(w) < 1e-6:
        return None
    gap = (now[NOSE] - np.array([x / w, y / w])) / eye_distance
    return Parallax(float(gap[0]), float(gap[1]), float(now[1, 0] - now[0, 0]) / eye_distance)


def _spans(four: NDArray[np.float32]) -> bool:
    """Return whether right eye, left eye, left and right mouth corner are the corners of a convex shape."""
    return bool(cv2.isContourConvex(four[[0, 1, 3, 2]].reshape(-1, 1, 2)))
