"""Messages of face sessions to the gate's queue."""

from dataclasses import dataclass

from gate_controller.face_control.results import FaceResult, FaceStep


@dataclass(frozen=True, slots=True)
class FaceProgress:
    lane_id: str
    step: FaceStep


@dataclass(frozen=True, slots=True)
class FaceEnded:
    """How a face session ended; `enrolled_person_id` is set when it was an enrolment."""

    lane_id: str
    result: FaceResult
    enrolled_person_id: str | None = None


@dataclass(frozen=True, slots=True)
class FaceUnavailable:
    """The face engine could not be loaded or may not open; why, with its figures and the remedy."""

    detail: str


FaceMessage = FaceProgress | FaceEnded | FaceUnavailable
"""Messages that face sessions put into the queue."""
