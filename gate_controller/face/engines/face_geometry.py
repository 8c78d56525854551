"""Find where a face is, measure the quality of its picture, and align it; the same for every engine."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_controller.face.engines.engine import FaceQuality, Landmarks, wipe
from hardware.interfaces import Frame

ALIGNED_SIDE_PIXELS = 112

REFERENCE_POINTS: NDArray[np.float64] = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where SFace was trained to see the five points in a 112 × 112 picture.

Source: `getSimilarityTransformMatrix` in OpenCV, modules/objdetect/src/face_recognize.cpp.
"""


def straightening_transform(landmarks: Landmarks) -> NDArray[np.float64]:
    """Return the 2 × 3 matrix that moves five points onto the reference with least squared error.

    Turn, scale and shift only: S. Umeyama, "Least-squares estimation of transformation parameters
    between two point patterns", IEEE PAMI 13 (1991). In the plane the solution is one complex
    number. Raise ValueError when all five points are the same.
    """
    found = landmarks[:, 0].astype(np.float64) + 1j * landmarks[:, 1].astype(np.float64)
    wanted = REFERENCE_POINTS[:, 0] + 1j * REFERENCE_POINTS[:, 1]
    found_centred, wanted_centred = found - found.mean(), wanted - wanted.mean()
    spread = float(np.sum(np.abs(found_centred) ** 2))
    if not spread > 0:
        raise ValueError("The five landmarks of a face are one point; the detector's answer is unusable.")
    turn_and_scale = complex(np.sum(np.conj(found_centred) * wanted_centred)) / spread
    shift = complex(wanted.mean()) - turn_and_scale * complex(found.mean())
    return np.array(
        [
            [turn_and_scale.real, -turn_and_scale.imag, shift.real],
            [turn_and_scale.imag, turn_and_scale.real, shift.imag],
        ]
    )


def align(frame: Frame, landmarks: Landmarks) -> Frame:
    """Return the face straightened to 112 × 112 × 3, BGR; the caller wipes it."""
    aligned = cv2.warpAffine(
        frame, straightening_transform(landmarks), (ALIGNED_SIDE_PIXELS, ALIGNED_SIDE_PIXELS)
    )
    return np.asarray(aligned, dtype=np.uint8)


def measure_quality(
    frame: Frame, box: tuple[float, float, float, float], landmarks: Landmarks, confidence: float
) -> FaceQuality:
    """Return the quality of a face that was found in the frame."""
    aligned = align(frame, landmarks)
    grey = np.asarray(cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    inner = grey[28:108, 24:88]
    sharpness = float(cv2.Laplacian(inner, cv2.CV_64F).var())
    brightness = float(inner.mean())
    mouth_contrast = float(grey[84:102, 40:72].std())
    wipe(aligned, grey)
    right_eye, left_eye, nose = landmarks[0], landmarks[1], landmarks[2]
    eyes = left_eye - right_eye
    eye_distance = float(np.linalg.norm(eyes))
    turn = float("inf")
    if eye_distance > 0:
        along_eyes = float(np.dot(nose - (right_eye + left_eye) / 2, eyes)) / eye_distance
        turn = along_eyes / eye_distance
    return FaceQuality(
        confidence=confidence,
        face_height_pixels=box[3],
        brightness=brightness,
        sharpness=sharpness,
        turn=turn,
        mouth_contrast=mouth_contrast,
    )
