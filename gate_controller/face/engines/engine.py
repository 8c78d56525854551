"""The interface of every face engine, and the card that identifies it and states its measurements."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Frame

Embedding = NDArray[np.float32]
"""A unit vector; the cosine of two is their dot product."""

Landmarks = NDArray[np.float32]
"""5 × 2 pixel positions: right eye, left eye, nose tip, right and left mouth corner (the person's)."""


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Measurements of a detected face before it is compared."""

    confidence: float
    """The detector's own score, 0..1."""
    face_height_pixels: float
    brightness: float
    """Mean grey inside the box, 0..255."""
    sharpness: float
    """Variance of the Laplacian of the face scaled to 112 × 112; small is blurred."""
    turn: float
    """How far the nose lies from between the eyes, in eye distances; 0 is straight at the camera."""
    mouth_contrast: float = 255.0
    """Standard deviation of the grey levels round the mouth; cloth has little, where it was measured."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face in one frame."""

    box: tuple[float, float, float, float]
    """Left, top, width, height in pixels; may reach outside the frame."""
    landmarks: Landmarks
    quality: FaceQuality


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A weights file that was measured, known by its digest."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One measured threshold: faces at least this similar count as the same person."""

    false_match_rate: float
    """Share of pairs of different people that are accepted."""
    min_face_similarity: float
    false_non_match_rate: float
    """Share of pairs of one person that are not accepted."""


@dataclass(frozen=True, slots=True)
class EngineCard:
    """What an engine is, under which licence, and what it was measured to do."""

    name: str
    model_files: tuple[ModelFile, ...]
    licence: str
    embedding_size: int
    curve: tuple[CurvePoint, ...]
    """Loosest first."""
    measured_on: str
    worst_group: str
    worst_group_factor: float
    """False match rate of the worst measured group, as a multiple of the average."""
    min_same_session_similarity: float
    """What frames of one person, seconds apart, reach and different people do not."""

    @property
    def template_kind(self) -> str:
        """Return what a template made by this engine is marked with: name and digest of all weights.

        Templates of another engine, or of other weights, are never compared.
        """
        digest = sha256("".join(model.sha256 for model in self.model_files).encode()).hexdigest()
        return f"{self.name}:{digest[:16]}"

    def min_face_similarity_at(self, false_match_rate: float) -> float:
        """Return the measured cosine threshold for a false match rate.

        Raise KeyError when that rate was not measured: a threshold is never extrapolated.
        """
        for point in self.curve:
            if point.false_match_rate == false_match_rate:
                return point.min_face_similarity
        raise KeyError(
            f"{self.name} was not measured at a false match rate of {false_match_rate:g}; "
            f"measured: {', '.join(f'{point.false_match_rate:g}' for point in self.curve)}"
        )


class FaceEngine(Protocol):
    """Finds faces and turns one into a vector; safe to call from several threads."""

    @property
    def card(self) -> EngineCard:
        """Return what this engine is and where it was measured."""
        ...

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        """Return the faces of a frame, largest first."""
        ...

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Return the unit vector of one found face, float32; the caller wipes it."""
        ...

    def clear(self) -> None:
        """Overwrite what the networks still hold of the last frame."""
        ...


def similarity(one: Embedding, other: Embedding) -> float:
    """Return the cosine of two unit vectors, -1..1; higher is more alike."""
    return float(np.dot(one, other))


def wipe(*buffers: NDArray[np.float32] | NDArray[np.uint8] | bytearray) -> None:
    """Overwrite buffers with zeros, in place; a read-only array raises ValueError."""
    for buffer in buffers:
        if isinstance(buffer, bytearray):
            buffer[:] = bytes(len(buffer))
        else:
            buffer.fill(0)
