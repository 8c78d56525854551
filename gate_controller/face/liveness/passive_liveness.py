"""Two small networks that detect prints and screens, where an operator added them: MiniFASNet V2 and V1SE.

Silent-Face-Anti-Spoofing (minivision-ai, Apache-2.0). Each sees the face with its surroundings, 80 × 80,
BGR as floats 0..255; of the softmax the second number is "live". Input and crop as in that project's
`src/generate_patches.py`: the box widened by a factor and shifted back into the frame.
"""

import logging

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_controller.face.engines.engine import FoundFace, wipe
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.model_adding import OPTIONAL_MODELS
from gate_controller.face.engines.model_files import added_models_folder, checked_model_file
from hardware.interfaces import Frame

LOG = logging.getLogger(__name__)

SIDE_PIXELS = 80
LIVE = 1
WIDENED = {"MiniFASNetV2.onnx": 2.7, "MiniFASNetV1SE.onnx": 4.0}
MIN_MEAN = 0.5
"""Mean of both over a session's first straight frames. One by one, 3 of 175 frames of screens and 151 of
169 of living people reach it (eight attacks, four people: a tiny set)."""
REMEDY = "Run: menjin face models add FILE|URL"


class PassivePair:
    """Both networks; for one session at a time."""

    min_mean = MIN_MEAN

    def __init__(self, networks: tuple[tuple[cv2.dnn.Net, float], ...]) -> None:
        self._networks = networks

    def live_share(self, frame: Frame, face: FoundFace) -> float:
        """Return the mean of what both say, 0 (a picture) to 1 (a person)."""
        return float(np.mean([self._ask(net, frame, face, widened) for net, widened in self._networks]))

    def clear(self) -> None:
        """Show both a black picture, because OpenCV keeps its last input."""
        black = np.zeros((SIDE_PIXELS, SIDE_PIXELS, 3), dtype=np.uint8)
        for net, _ in self._networks:
            self._forward(net, black)

    def _ask(self, net: cv2.dnn.Net, frame: Frame, face: FoundFace, widened: float) -> float:
        left, top, right, bottom = surroundings(face.box, frame.shape[1], frame.shape[0], widened)
        patch = np.asarray(
            cv2.resize(frame[top : bottom + 1, left : right + 1], (SIDE_PIXELS, SIDE_PIXELS)), dtype=np.uint8
        )
        says = self._forward(net, patch)
        wipe(patch)
        says = np.exp(says - says.max())
        return float(says[LIVE] / says.sum())

    @staticmethod
    def _forward(net: cv2.dnn.Net, patch: Frame) -> NDArray[np.float64]:
        blob = np.ascontiguousarray(patch.transpose(2, 0, 1)[None], dtype=np.float32)
        net.setInput(blob)
        says = np.asarray(net.forward(), dtype=np.float64).reshape(-1)
        wipe(blob)
        return says


def surroundings(
    box: tuple[float, float, float, float], width: int, height: int, widened: float
) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the widened box, inside a frame of width × height pixels."""
    left, top, box_width, box_height = box
    factor = min((height - 1) / box_height, (width - 1) / box_width, widened)
    wide, high = box_width * factor, box_height * factor
    x = min(max(0.0, left + box_width / 2 - wide / 2), width - 1 - wide)
    y = min(max(0.0, top + box_height / 2 - high / 2), height - 1 - high)
    return max(0, int(x)), max(0, int(y)), int(x + wide), int(y + high)


def added_pair() -> PassivePair | None:
    """Return the pair an operator added, None where neither was; log why one is not used.

    A file with another digest than the measured one is never loaded.
    """
    folder = added_models_folder()
    if not any((folder / model.name).exists() for model in OPTIONAL_MODELS):
        return None
    try:
        paths = [checked_model_file(folder, model, REMEDY) for model in OPTIONAL_MODELS]
        return PassivePair(tuple((cv2.dnn.readNetFromONNX(str(path)), WIDENED[path.name]) for path in paths))
    except (ModelFileError, cv2.error) as fault:
        LOG.warning("Passive liveness is off, the turn of the head is asked for all the same: %s", fault)
        return None
