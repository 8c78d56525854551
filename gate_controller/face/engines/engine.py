"""The interface of every face engine, and the card that identifies it and states its measurements.

Another package brings an engine by an entry point of the group `menjin.face_engines`, whose object is
an `EngineKind`: docs/face_engines.md says how one is written and how it is checked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Frame

Embedding = NDArray[np.float32]
"""One face as numbers; only the engine that made two of them can compare them."""

Similarities = NDArray[np.float32]
"""How alike faces are, 1 at most; higher is more alike."""

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
    """Share of pairs of one person that are not accepted; `missed_by_person` where pairs were not counted."""
    missed_by_person: float | None = None
    """Share of one person's tries that are not accepted, every person weighing the same."""


@dataclass(frozen=True, slots=True)
class EngineCard:
    """Files, licence and measured performance of an engine."""

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
    """Similarity that frames of one person, seconds apart, reach and different people do not."""
    curves_of_looks: Mapping[int, tuple[CurvePoint, ...]] = field(default_factory=dict)
    """Measured thresholds for templates of two looks and more, loosest first."""

    @property
    def template_kind(self) -> str:
        """Return what a template made by this engine is marked with: name and digest of all weights.

        Templates of another engine, or of other weights, are never compared.
        """
        digest = sha256("".join(model.sha256 for model in self.model_files).encode()).hexdigest()
        return f"{self.name}:{digest[:16]}"

    def curve_for(self, looks: int) -> tuple[CurvePoint, ...]:
        """Return the curve for templates of so many looks, empty where none was measured.

        A mean of looks is more alike to everyone, to strangers too, so one look's thresholds do not fit.
        """
        return self.curve if looks == 1 else self.curves_of_looks.get(looks, ())


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
        """Return one found face as numbers, float32; the caller wipes them."""
        ...

    def similarities(self, faces: Embedding, face: Embedding) -> Similarities:
        """Return how alike each row of `faces` is to `face`, 1 at most; higher is more alike."""
        ...

    def template(self, faces: Sequence[Embedding]) -> Embedding:
        """Return one face out of several of one person; the caller wipes it."""
        ...

    def clear(self) -> None:
        """Overwrite what the networks still hold of the last frame."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKind:
    """How an engine is had: its card is known before any of its libraries is imported."""

    card: EngineCard
    folder: Callable[[], Path]
    """Return the folder of the installed weights; raise ModelFileError when they are not installed."""
    remedy: str
    """The command to run when a file is missing or is not the measured one, as a sentence."""
    load: Callable[[Path], FaceEngine]
    """Build the engine from a folder in which every file of the card was found to be the measured one."""
    takes_added_weights: bool = True
    """True if the files may lie elsewhere than in the package, as `menjin face models add` puts them."""


class CosineEngine:
    """Arithmetic of engines whose faces are unit vectors: the similarity of two is their cosine."""

    def similarities(self, faces: Embedding, face: Embedding) -> Similarities:
        """Return the cosine of each row with `face`, -1..1."""
        return np.asarray(faces @ face, dtype=np.float32)

    def template(self, faces: Sequence[Embedding]) -> Embedding:
        """Return the direction of the mean; the caller wipes it."""
        # Summed in place: a stack of all faces would be one more copy to overwrite.
        template: Embedding = np.zeros_like(faces[0])
        for face in faces:
            template += face
        template /= np.linalg.norm(template)
        return template


def similarity(engine: FaceEngine, one: Embedding, other: Embedding) -> float:
    """Return how alike two faces are by the engine that made them, 1 at most; higher is more alike."""
    return float(engine.similarities(one[np.newaxis], other)[0])


def likeness(engine: FaceEngine, looks: Embedding, face: Embedding) -> float:
    """Return how alike a face is to a person's looks, one a row: the mean of its similarities with each.

    No stranger passes a threshold by one look alone, and one look's threshold does for several.
    """
    return float(engine.similarities(np.atleast_2d(looks), face).mean())


def likenesses(engine: FaceEngine, faces: Embedding, looks: Embedding) -> Similarities:
    """Return for each row of `faces` how alike it is to a person's looks, one a row, as `likeness` does."""
    return np.asarray(np.mean([engine.similarities(faces, look) for look in looks], axis=0), dtype=np.float32)


def wipe(*buffers: NDArray[np.float32] | NDArray[np.uint8] | bytearray) -> None:
    """Overwrite buffers with zeros, in place; a read-only array raises ValueError."""
    for buffer in buffers:
        if isinstance(buffer, bytearray):
            buffer[:] = bytes(len(buffer))
        else:
            buffer.fill(0)
