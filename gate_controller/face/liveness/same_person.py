"""Check that one person is before the camera from the first frame of a session to the last.

A straight face must stay as alike as frames of one session are. A turned face is less alike to the
same face straight (0.54 at 30 degrees, 0.37 at 40, worst of the fixture portraits), so it is held to
the loosest threshold that was measured, and half of the turned frames must reach it. Different
people stay below 0.25 there.
"""

from gate_controller.face.engines.engine import Embedding, FaceEngine, similarity, wipe

MIN_TURNED_FRAMES = 2
MIN_TURNED_SHARE = 0.5
MAX_STRIKES = 2


class SamePerson:
    """Holds one session's first straight face; end with `close()`, which overwrites it."""

    def __init__(self, engine: FaceEngine) -> None:
        """Take the engine's own thresholds."""
        self._engine, card = engine, engine.card
        self._straight_lowest = card.min_same_session_similarity
        self._turned_lowest = max(card.curve, key=lambda point: point.false_match_rate).min_face_similarity
        self._anchor: Embedding | None = None
        self._strikes = 0
        self._turned_frames = 0
        self._turned_alike = 0

    def straight(self, embedding: Embedding) -> bool:
        """Take a straight face; return whether it may still be one person (one odd frame is forgiven)."""
        if self._anchor is None:
            self._anchor = embedding.copy()
            return True
        alike = similarity(self._engine, self._anchor, embedding) >= self._straight_lowest
        self._strikes = 0 if alike else self._strikes + 1
        return self._strikes < MAX_STRIKES

    def turned(self, embedding: Embedding) -> None:
        """Take a face that was turned as asked."""
        if self._anchor is not None:
            self._turned_frames += 1
            self._turned_alike += similarity(self._engine, self._anchor, embedding) >= self._turned_lowest

    @property
    def turned_alike(self) -> bool:
        """Return whether enough turned frames showed the person who looked straight before."""
        return (
            self._turned_alike >= MIN_TURNED_FRAMES
            and self._turned_alike >= MIN_TURNED_SHARE * self._turned_frames
        )

    def close(self) -> None:
        """Overwrite the face that is held."""
        if self._anchor is not None:
            wipe(self._anchor)
            self._anchor = None
