"""Interface of the controller to faces, and the answers of a gate that has none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gate_controller.contract.messages import FaceStatus
from gate_controller.contract.policy import Policy, PolicySnapshot
from gate_controller.contract.records import FaceRecord
from gate_controller.lane.state import LaneDesk


class Faces(Protocol):
    """Faces at all lanes of a gate; every look begins with an action of the person at the gate."""

    @property
    def only_beside(self) -> bool:
        """Return whether a face opens here only beside another way of the same person."""
        ...

    def ready_at(self, lane_id: str) -> bool:
        """Return whether this lane has a camera and the gate an engine to look at a face."""
        ...

    def looks_elsewhere(self, lane_id: str) -> bool:
        """Return whether the engine is at work for another lane: it looks at one face at a time."""
        ...

    def recognisable(
        self, home_id: str, policy: Policy, roster: Mapping[str, FaceRecord], now: datetime
    ) -> tuple[str, ...]:
        """Return the persons of a home whose faces this gate can recognise now, and may search for."""
        ...

    def recognisable_alone(
        self, lane_id: str, policy: Policy, roster: Mapping[str, FaceRecord], now: datetime
    ) -> tuple[str, ...]:
        """Return everyone who may be looked for at a lane without a home's number."""
        ...

    def comparable(self, person_id: str, roster: Mapping[str, FaceRecord], now: datetime) -> bool:
        """Return whether a face can be compared with that of this person now."""
        ...

    def status(self, snapshot: PolicySnapshot | None, now: datetime) -> FaceStatus | None:
        """Return the numbers for the manager's page, None where face is off; safe from any thread."""
        ...

    def keeps(self, person_id: str, *, online: bool) -> bool:
        """Return whether this person's face is kept here and need not be enrolled again."""
        ...

    def recognise(self, desk: LaneDesk, person_ids: Sequence[str], now_seconds: float) -> None:
        """Search for these faces, of one home or all that may be searched; report the end by message."""
        ...

    def compare(self, desk: LaneDesk, person_id: str, now_seconds: float) -> None:
        """Compare the face with that of one person who has shown another way; report the end by message."""
        ...

    def enrol(self, desk: LaneDesk, record: FaceRecord, now_seconds: float) -> None:
        """Take a person's face under their live consent; the result comes as a message."""
        ...

    def cancel(self, lane_id: str) -> None:
        """End the session under way at a lane within a frame."""
        ...

    def cancel_all(self) -> None:
        """End every session under way within a frame."""
        ...


class NoFaces:
    """The faces of a gate that looks at none: nothing is offered, and nothing can be asked for."""

    only_beside = False

    def ready_at(self, lane_id: str) -> bool:
        """Return False: face is offered at no lane."""
        return False

    def looks_elsewhere(self, lane_id: str) -> bool:
        """Return False: nothing looks."""
        return False

    def recognisable(
        self, home_id: str, policy: Policy, roster: Mapping[str, FaceRecord], now: datetime
    ) -> tuple[str, ...]:
        """Return no one."""
        return ()

    def recognisable_alone(
        self, lane_id: str, policy: Policy, roster: Mapping[str, FaceRecord], now: datetime
    ) -> tuple[str, ...]:
        """Return no one."""
        return ()

    def comparable(self, person_id: str, roster: Mapping[str, FaceRecord], now: datetime) -> bool:
        """Return False: no face is kept here."""
        return False

    def status(self, snapshot: PolicySnapshot | None, now: datetime) -> FaceStatus | None:
        """Return None: face is off."""
        return None

    def keeps(self, person_id: str, *, online: bool) -> bool:
        """Return False: no face is kept here."""
        return False

    def recognise(self, desk: LaneDesk, person_ids: Sequence[str], now_seconds: float) -> None:
        """Raise LookupError: no one is recognisable here, so no search is asked for."""
        raise LookupError("a search for faces was asked of a gate that has none")

    def compare(self, desk: LaneDesk, person_id: str, now_seconds: float) -> None:
        """Raise LookupError: no one is comparable here, so no comparison is asked for."""
        raise LookupError("a comparison of faces was asked of a gate that has none")

    def enrol(self, desk: LaneDesk, record: FaceRecord, now_seconds: float) -> None:
        """Raise LookupError: face is offered at no lane, so no enrolment is asked for."""
        raise LookupError("an enrolment was asked of a gate that takes no face")

    def cancel(self, lane_id: str) -> None:
        """Do nothing: no session runs here."""

    def cancel_all(self) -> None:
        """Do nothing: no session runs here."""
