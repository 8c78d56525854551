"""Require a person's live request before the camera and the detector run."""

import threading
from collections.abc import Callable, Sequence

from gate_controller.face.engines.engine import Embedding, EngineCard, FaceEngine, FoundFace, Similarities
from gate_controller.face.engines.errors import BadFaceSetting, NoCapability
from gate_controller.face_control.reasons import FaceReason
from hardware.interfaces import Frame

MAX_LIFETIME_SECONDS = 60.0


class CameraCapability:
    """One person's request to be looked at: one session, for seconds, taken back at any moment.

    Make it only in answer to an action of the person at this gate. `boot_seconds` is a clock that
    never goes back. Raise BadFaceSetting for a lifetime that is not within a minute.
    """

    def __init__(self, *, lifetime_seconds: float, boot_seconds: Callable[[], float]) -> None:
        if not 0 < lifetime_seconds <= MAX_LIFETIME_SECONDS:
            raise BadFaceSetting(
                f"A camera request may live more than 0 and at most {MAX_LIFETIME_SECONDS:g} seconds, "
                f"not {lifetime_seconds:g}."
            )
        self._boot_seconds = boot_seconds
        self._ends_at_boot_seconds = boot_seconds() + lifetime_seconds
        self._cancelled = threading.Event()
        self._begin_lock = threading.Lock()
        self._begun = False
        self._ended = False

    def begin(self) -> None:
        """Start the one session; raise NoCapability when it was used before or is over."""
        with self._begin_lock:
            if self._begun:
                raise NoCapability("This camera request was used before; the person has to ask again.")
            self._begun = True
        self.require_live()

    def end(self) -> None:
        """End the session; the camera cannot be used with this request again."""
        self._ended = True

    def cancel(self) -> None:
        """Take the request back; the session ends before the next frame."""
        self._cancelled.set()

    def over_because(self) -> FaceReason | None:
        """Return why this request no longer counts, or None while it is live."""
        if self._cancelled.is_set():
            return FaceReason.CANCELLED
        if self._ended or self._boot_seconds() >= self._ends_at_boot_seconds:
            return FaceReason.CAPABILITY_ENDED
        return None

    def require_live(self) -> None:
        """Raise NoCapability unless a session was begun and is still live."""
        over = self.over_because()
        if over is not None or not self._begun:
            raise NoCapability(
                f"No live camera request ({over or 'not begun'}); a frame may be looked at only after "
                "the person pressed face at this gate."
            )


class GatedEngine:
    """An engine that looks at nothing without a live capability."""

    def __init__(self, engine: FaceEngine, capability: CameraCapability) -> None:
        self._engine = engine
        self._capability = capability

    @property
    def card(self) -> EngineCard:
        return self._engine.card

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        """Find faces; raise NoCapability without a live request."""
        self._capability.require_live()
        return self._engine.find(frame)

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Embed a face; raise NoCapability without a live request."""
        self._capability.require_live()
        return self._engine.embed(frame, face)

    def similarities(self, faces: Embedding, face: Embedding) -> Similarities:
        """Compare faces that were embedded before; needs no request."""
        return self._engine.similarities(faces, face)

    def template(self, faces: Sequence[Embedding]) -> Embedding:
        """Make one face of several; needs no request."""
        return self._engine.template(faces)

    def clear(self) -> None:
        """Overwrite the networks' buffers; needs no request."""
        self._engine.clear()
