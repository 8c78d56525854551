"""Run face recognition on request: choose the candidates, and act on the result."""

from collections.abc import Callable

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.messages import MAX_TROUBLE_CHARS
from gate_controller.contract.records import Method
from gate_controller.control.face_dialog import FaceAsking
from gate_controller.control.parts import GateParts, GateState
from gate_controller.face_control.messages import FaceEnded, FaceProgress, FaceUnavailable
from gate_controller.lane.pending_events import Record
from gate_controller.lane.state import FACE_SCREENS, LaneDesk
from gate_controller.rules.decision import Claim, Decision, Reason


class FaceLooks:
    """The looks at all lanes of a gate; used from the controller's thread only."""

    def __init__(
        self,
        parts: GateParts,
        state: GateState,
        asking: FaceAsking,
        record: Record,
        present: Callable[[str, Claim], Decision],
        seconds_to_wait: Callable[[Method, str], float],
    ) -> None:
        """Remember the parts; `seconds_to_wait` is how long face waits at a lane after failures."""
        self._parts = parts
        self._state = state
        self._asking = asking
        self._record = record
        self._present = present
        self._seconds_to_wait = seconds_to_wait

    def for_home(self, desk: LaneDesk) -> None:
        """Look for the faces of the home just typed; without any, go on to its PIN."""
        if self._state.snapshot is None:
            return
        policy, roster = self._state.snapshot.policy, self._state.snapshot.face_roster
        now, now_seconds = self._parts.clock.now(), self._parts.clock.monotonic_seconds()
        if self._seconds_to_wait(Method.FACE, desk.lane_id):
            self._present(desk.lane_id, Claim(Method.FACE, refusal=Reason.METHOD_DELAYED))
            return
        home_id = policy.home_ids_by_number.get(desk.keypad.entry.home, "")
        if person_ids := self._parts.faces.recognisable(home_id, policy, roster, now):
            self._parts.faces.recognise(desk, person_ids, now_seconds)
        else:
            desk.screen.message = "type_pin_to_add_face"

    def without_number(self, lane_id: str) -> bool:
        """Look among all faces of this lane while they are few enough; return whether it began."""
        desk, snapshot = self._parts.desks[lane_id], self._state.snapshot
        if snapshot is None:
            return False
        now, now_seconds = self._parts.clock.now(), self._parts.clock.monotonic_seconds()
        person_ids = self._parts.faces.recognisable_alone(
            lane_id, snapshot.policy, snapshot.face_roster, now
        )
        if person_ids and self._seconds_to_wait(Method.FACE, lane_id):
            self._present(lane_id, Claim(Method.FACE, refusal=Reason.METHOD_DELAYED))
        elif person_ids:
            self._parts.faces.recognise(desk, person_ids, now_seconds)
        return bool(person_ids)

    def another_way_opened(self, desk: LaneDesk) -> None:
        """Cancel a search that no person waits for any more."""
        if desk.camera.mode == "looking":
            self._parts.faces.cancel(desk.lane_id)

    def message(self, message: FaceProgress | FaceEnded | FaceUnavailable) -> None:
        """Take a step or the end of a face session, or that there will be none."""
        if isinstance(message, FaceUnavailable):
            self._record(EventKind.ALARM_FACE_UNAVAILABLE, {"detail": message.detail[:MAX_TROUBLE_CHARS]}, {})
            return
        desk = self._parts.desks[message.lane_id]
        if isinstance(message, FaceProgress):
            self._parts.faces.progress(desk, message.step)
            return
        desk.camera.look_ended()
        result = message.result
        if message.enrolled_person_id is not None:
            self._asking.enrolled(desk, message.enrolled_person_id, result)
            return
        claim = self._parts.faces.claim(result)
        roster = self._state.snapshot.face_roster if self._state.snapshot is not None else {}
        if claim is not None and claim.person_id is not None and claim.person_id not in roster:
            # Consent ended while the camera looked.
            claim = Claim(Method.FACE, refusal=Reason.FACE_NO_MATCH)
        if claim is not None:
            self._present(desk.lane_id, claim)
        elif desk.camera.mode == "closed" and desk.screen.shows in FACE_SCREENS:
            # Otherwise the screen already shows another method or its result.
            desk.rest()
