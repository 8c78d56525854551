"""Reasons of a face session without a match: the journal's word, and what the screen may show of it.

The journal's word is about the look alone. It names no person and no home: who was not recognised may never
have agreed to anything.
"""

from gate_controller.face.engines.reasons import CAPTURE_PROBLEMS, LIVENESS_REFUSALS, FaceReason
from gate_controller.face.matching.face_service import FaceResult
from gate_controller.rules.decision import FACE_MENDABLE, Reason

MENDABLE = CAPTURE_PROBLEMS | LIVENESS_REFUSALS
OUT_OF_TIME = frozenset({FaceReason.TIME_IS_UP, FaceReason.CAPABILITY_ENDED})


def refusal_of(result: FaceResult) -> Reason:
    """Return the reason of a look that did not succeed.

    When the time ran out, the last thing that kept the frames from being used is the reason.
    """
    word = result.reason
    if word in OUT_OF_TIME and result.hint in MENDABLE:
        word = result.hint
    if word in MENDABLE:
        return Reason(f"face_{word.value}")
    match word:
        case FaceReason.NOT_RECOGNISED | FaceReason.INCONSISTENT | FaceReason.UNLIKE_OTHER_LOOKS:
            return Reason.FACE_NO_MATCH
        case FaceReason.AMBIGUOUS:
            return Reason.FACE_AMBIGUOUS
        case FaceReason.TIME_IS_UP | FaceReason.CAPABILITY_ENDED:
            return Reason.FACE_TIME_IS_UP
        case _:
            return Reason.FACE_UNAVAILABLE


def mend_word(reason: Reason) -> str:
    """Return the word of what the person can do better, for the screen; none for a mismatch."""
    return reason.value if reason in FACE_MENDABLE else ""
