"""Stable words for how a face session ended, and for what the person can do better."""

from enum import StrEnum


class FaceReason(StrEnum):
    """Why a session ended, or why a frame could not be used; stored words, so added and never renamed."""

    MATCHED = "matched"
    ENROLLED = "enrolled"
    NO_FACE = "no_face"
    TWO_FACES = "two_faces"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    BLURRED = "blurred"
    TURNED_AWAY = "turned_away"
    COVERED = "covered"
    """A mask or a scarf over the mouth."""
    INCONSISTENT = "inconsistent"
    """Frames of one session show different people."""
    NOT_LIVE = "not_live"
    """The same picture came again."""
    LOOKS_FLAT = "looks_flat"
    """The nose stayed in the plane of eyes and mouth, or the passive models saw a picture."""
    HOLD_STILL = "hold_still"
    TURN_MORE = "turn_more"
    TURN_OTHER_WAY = "turn_other_way"
    TOO_FAST = "too_fast"
    UNLIKE_OTHER_LOOKS = "unlike_other_looks"
    """The face of another look is not like those that the person gave before."""
    SWAPPED = "swapped"
    """Another face came in while the person was looked at."""
    AMBIGUOUS = "ambiguous"
    """Two people of the home are as alike to the one before the camera."""
    NOT_RECOGNISED = "not_recognised"
    NO_LEASE = "no_lease"
    """No live share for this person and consent, so nothing can be sealed or opened."""
    NO_TEMPLATE = "no_template"
    """None of the candidates can be recognised at this gate now."""
    CAMERA_LOST = "camera_lost"
    ENGINE_NOT_READY = "engine_not_ready"
    CAPABILITY_ENDED = "capability_ended"
    CANCELLED = "cancelled"
    TIME_IS_UP = "time_is_up"
    BUSY = "busy"


CAPTURE_PROBLEMS = frozenset(
    {
        FaceReason.NO_FACE,
        FaceReason.TWO_FACES,
        FaceReason.TOO_SMALL,
        FaceReason.TOO_DARK,
        FaceReason.BLURRED,
        FaceReason.TURNED_AWAY,
        FaceReason.COVERED,
    }
)
"""Problems of one frame, which the person can mend while the session goes on."""

LIVENESS_REFUSALS = frozenset(
    {
        FaceReason.NOT_LIVE,
        FaceReason.LOOKS_FLAT,
        FaceReason.HOLD_STILL,
        FaceReason.TURN_MORE,
        FaceReason.TURN_OTHER_WAY,
        FaceReason.TOO_FAST,
        FaceReason.SWAPPED,
    }
)
"""No living person was seen to do what was asked."""
