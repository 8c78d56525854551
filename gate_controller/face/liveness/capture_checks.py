"""Check whether one frame is good enough to be compared; report the first problem to the person.

Measured on the six fixture portraits in 640 × 480 frames (docs/face.md has the table): the cosine
between a degraded frame and the same portrait undegraded, worst of the six.
"""

from dataclasses import dataclass

from gate_controller.face.engines.engine import FoundFace
from gate_controller.face_control.reasons import FaceReason
from hardware.interfaces import Frame

MIN_ENROLMENT_FACE_HEIGHT_PIXELS = 80.0
"""A template is made once and used for years: 0.90 at 81 pixels against 0.62 at 30."""
MIN_MATCHING_FACE_HEIGHT_PIXELS = 50.0
"""0.86 at 50 pixels; below 40 YuNet also begins to miss faces."""
MIN_BRIGHTNESS = 24.0
"""0.87 at a mean grey of 13 to 24; at a tenth of the light 0.79, at a twentieth four of six are lost."""
MIN_SHARPNESS = 28.0
"""0.75 at a Gaussian blur of 4 pixels on a 200-pixel face, where the sharpness is 26 to 59."""
MAX_TURN_IN_EYE_DISTANCES = 0.30
"""About 28 degrees, if a nose protrudes by 0.56 eye distances: geometry, not a measurement."""
MIN_MOUTH_CONTRAST = 8.0
"""A mask drawn in one colour over the portraits has 1, their mouths 23 to 60; in a tenth of the light 3, so
the least is scaled with the brightness of the face."""
USUAL_BRIGHTNESS = 110.0
MIN_SECOND_FACE_SHARE = 0.5
"""Another face counts from half the height of the nearest: smaller ones are passers-by behind."""

DARK_FRAME = 26.0
"""Mean grey of a whole frame below which darkness hides any face: a tenth of the light."""

MAX_USELESS_FRAMES = 150
"""About ten seconds of a 15 Hz camera; then the session ends with the last problem as its reason."""


@dataclass(frozen=True, slots=True)
class CaptureLimits:
    """Limits that a frame must keep to be used."""

    min_face_height_pixels: float
    min_brightness: float = MIN_BRIGHTNESS
    min_sharpness: float = MIN_SHARPNESS
    max_turn_in_eye_distances: float = MAX_TURN_IN_EYE_DISTANCES


ENROLMENT_LIMITS = CaptureLimits(min_face_height_pixels=MIN_ENROLMENT_FACE_HEIGHT_PIXELS)
MATCHING_LIMITS = CaptureLimits(min_face_height_pixels=MIN_MATCHING_FACE_HEIGHT_PIXELS)


def capture_problem(faces: tuple[FoundFace, ...], limits: CaptureLimits) -> FaceReason | None:
    """Return the first problem of a frame, or None; `faces` largest first."""
    if not faces:
        return FaceReason.NO_FACE
    nearest = faces[0].quality
    smallest_that_counts = nearest.face_height_pixels * MIN_SECOND_FACE_SHARE
    if any(other.quality.face_height_pixels >= smallest_that_counts for other in faces[1:]):
        return FaceReason.TWO_FACES
    if nearest.face_height_pixels < limits.min_face_height_pixels:
        return FaceReason.TOO_SMALL
    if nearest.brightness < limits.min_brightness:
        return FaceReason.TOO_DARK
    if nearest.sharpness < limits.min_sharpness:
        return FaceReason.BLURRED
    if nearest.mouth_contrast < MIN_MOUTH_CONTRAST * min(1.0, nearest.brightness / USUAL_BRIGHTNESS):
        return FaceReason.COVERED
    if abs(nearest.turn) > limits.max_turn_in_eye_distances:
        return FaceReason.TURNED_AWAY
    return None


def frame_problem(frame: Frame, faces: tuple[FoundFace, ...], limits: CaptureLimits) -> FaceReason | None:
    """Return the first problem of a frame, darkness before the absence of a face."""
    problem = capture_problem(faces, limits)
    if problem is FaceReason.NO_FACE and float(frame[::8, ::8].mean()) < DARK_FRAME:
        return FaceReason.TOO_DARK
    return problem
