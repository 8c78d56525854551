"""Results of a face session: after each frame, and at its end."""

from dataclasses import dataclass
from enum import StrEnum

from gate_controller.face_control.reasons import FaceReason


class Prompt(StrEnum):
    """Instruction to the person; also the word for it on the screen. Sides are the person's own."""

    NOTHING = ""
    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    STRAIGHT_AGAIN = "straight_again"


@dataclass(frozen=True, slots=True)
class FaceStep:
    """State of a session after a frame, for the screen."""

    hint: FaceReason | None
    frames_taken: int
    frames_needed: int
    prompt: Prompt = Prompt.NOTHING
    """Instruction to the person for the next frame."""


@dataclass(frozen=True, slots=True)
class FaceResult:
    """How a session ended."""

    ok: bool
    reason: FaceReason
    person_id: str | None = None
    similarity: float | None = None
    """For evaluation; a journal gets the reason alone."""
    frames: int = 0
    hint: FaceReason | None = None
    """The last thing the person could have done better."""
    only_beside: bool = False
    """True if the face was compared with one person's, by the threshold for one."""
    consent_id: str | None = None
    """Of an enrolment: under which consent."""
    look_ids: tuple[str, ...] = ()
    """Of an enrolment: the person's looks that lie here now, the new one last."""
