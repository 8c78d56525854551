"""The claim a face session ended with; of one without a match its reason: the journal's word, and what the
screen may show of it.

The journal's word is about the look alone. It names no person and no home: who was not recognised may never
have agreed to anything.
"""

from gate_controller.contract.records import Method
from gate_controller.face_control.reasons import CAPTURE_PROBLEMS, LIVENESS_REFUSALS, FaceReason
from gate_controller.face_control.results import FaceResult
from gate_controller.rules.decision import FACE_MENDABLE, Claim, Reason
from gate_controller.rules.identify import identify_face

MENDABLE = CAPTURE_PROBLEMS | LIVENESS_REFUSALS
OUT_OF_TIME = frozenset({FaceReason.TIME_IS_UP, FaceReason.CAPABILITY_ENDED})
GONE_AWAY = frozenset({FaceReason.CANCELLED, FaceReason.CAPABILITY_ENDED})


def claim_of(result: FaceResult) -> Claim | None:
    """Return the claim a look ended with, refused for its exact reason; None when the person left."""
    if result.ok:
        return identify_face(result.person_id, only_beside=result.only_beside)
    if result.reason in GONE_AWAY:
        return None
    return Claim(Method.FACE, refusal=refusal_of(result))


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
