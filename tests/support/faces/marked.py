"""Faces that can be found again byte by byte: marked frames, and an engine that makes known vectors.

The engine and the camera are the seams at which a real gate has OpenCV and a lens; all between them and
the disk is the product. Frames carry a text, templates are vectors that stay what they are when summed
and divided, so that a search of a disk for either is exact.
"""

import base64
from collections.abc import Iterator

import numpy as np

from gate_controller.face.engines.engine import CosineEngine, Embedding, EngineCard, FaceQuality, FoundFace
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.face.liveness.liveness import Liveness, LivenessVerdict
from hardware.interfaces import Frame

FRAME_MARK = b"MENJIN-TEST-FRAME-OF-A-PERSON-%d|"
SHAPE = (480, 640, 3)
GOOD = FaceQuality(confidence=0.99, face_height_pixels=200.0, brightness=120.0, sharpness=300.0, turn=0.0)


def face_vector(number: int) -> Embedding:
    """Return the unit vector of a person: 64 entries of ±1/8, the rest 0, in an order of its own."""
    dice = np.random.default_rng(1000 + number)
    vector = np.zeros(128, dtype=np.float32)
    places = dice.permutation(128)[:64]
    vector[places] = dice.choice(np.array([0.125, -0.125], dtype=np.float32), 64)
    return vector


def marks_of_face(number: int) -> dict[str, bytes]:
    """Return every form in which a template of this person would be recognised, by its name."""
    vector = face_vector(number)
    forms = {
        "float32": vector.astype("<f4").tobytes()[128:256],
        "float64": vector.astype("<f8").tobytes()[128:256],
        "float16": vector.astype("<f2").tobytes()[64:128],
    }
    whole = vector.astype("<f4").tobytes()
    return forms | {
        "base64": base64.b64encode(whole)[16:96],
        "hex": whole.hex().encode()[64:192],
        "frame": FRAME_MARK % number,
    }


def marked_frames(number: int, count: int) -> list[Frame]:
    """Return frames of one person, no two alike, each with the person's mark all over."""
    frames = []
    for at in range(count):
        mark = FRAME_MARK % number
        pixels = np.frombuffer(mark * (np.prod(SHAPE) // len(mark) + 1), dtype=np.uint8)
        frame = pixels[: np.prod(SHAPE)].reshape(SHAPE).copy()
        frame[-1] = at
        frames.append(frame)
    return frames


class MarkedCamera:
    """Shows marked frames of the person there."""

    name = "marked-camera"
    is_open = False

    def __init__(self) -> None:
        self._frames: Iterator[Frame] = iter(())

    def show(self, number: int, count: int = 8) -> None:
        self._frames = iter(marked_frames(number, count))

    def open(self) -> None:
        self.is_open = True

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        self.is_open = False


class MarkedEngine(CosineEngine):
    """Finds one face in every frame and describes it by the number in the frame's mark."""

    @property
    def card(self) -> EngineCard:
        return YUNET_SFACE_CARD

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        landmarks = np.array([[280, 200], [360, 200], [320, 240], [290, 290], [350, 290]], np.float32)
        return (FoundFace((220.0, 120.0, 200.0, 240.0), landmarks, GOOD),)

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        text = frame[0].tobytes()
        return face_vector(int(text.partition(b"PERSON-")[2].partition(b"|")[0]))

    def clear(self) -> None:
        pass


class AlwaysLive:
    """Accepts every frame: liveness is another promise."""

    needs_turned_frames = False
    now = Liveness(LivenessVerdict.PASSED)

    def offer(self, frame: Frame, face: FoundFace, at_seconds: float) -> Liveness:
        return self.now

    def missed(self, at_seconds: float) -> Liveness:
        return self.now

    def close(self) -> None:
        pass
