"""Run face recognition on request: choose the candidates, and return the claim a look ended with."""

from collections.abc import Sequence

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import Method
from gate_controller.control.face_dialog import FaceDialog
from gate_controller.control.parts import GateParts, GateState
from gate_controller.face_control.messages import FaceEnded
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.refusals import claim_of
from gate_controller.face_control.results import FaceStep
from gate_controller.lane.attempts import Attempts
from gate_controller.lane.face_dialog import Admission
from gate_controller.lane.screen_state import FACE_SCREENS
from gate_controller.lane.state import LaneDesk
from gate_controller.rules.decision import Claim, Reason

MISSED = frozenset({Reason.FACE_NO_MATCH, Reason.FACE_AMBIGUOUS})
"""Of looks whose pictures were good: what another look of the person can mend."""


def show_step(desk: LaneDesk, step: FaceStep) -> None:
    """Show how far a session is and what the person can do better."""
    desk.screen.message = step.hint.value if step.hint is not None else ""
    desk.camera.steps_done, desk.camera.steps_needed = step.frames_taken, step.frames_needed
    desk.camera.prompt = step.prompt.value
    # Once it was too dark the lamp stays on to the end: it is why it is no longer too dark.
    desk.camera.lamp = desk.camera.lamp or step.hint is FaceReason.TOO_DARK


class FaceRecognition:
    """The looks for a face at all lanes of a gate; used from the controller's thread only."""

    def __init__(self, parts: GateParts, state: GateState, dialog: FaceDialog, attempts: Attempts) -> None:
        """Remember the parts; `attempts` says how long face waits at a lane after failures."""
        self._parts = parts
        self._state = state
        self._dialog = dialog
        self._attempts = attempts

    def for_home(self, desk: LaneDesk) -> Claim | None:
        """Look for the faces of the home just typed, or return the claim that is refused while face waits.

        Without a face in the home the screen goes on to its PIN.
        """
        snapshot = self._state.snapshot
        if snapshot is None:
            return None
        home_id = snapshot.policy.home_ids_by_number.get(desk.keypad.entry.home, "")
        person_ids = self._parts.faces.recognisable(
            home_id, snapshot.policy, snapshot.face_roster, self._parts.clock.now()
        )
        refused = self.look(desk, person_ids)
        if refused is None and not person_ids:
            desk.screen.message = "type_pin_to_add_face"
        return refused

    def all_of_lane(self, lane_id: str) -> Sequence[str]:
        """Return all faces of this lane while they are few enough to be looked for without a number."""
        snapshot = self._state.snapshot
        if snapshot is None:
            return ()
        return self._parts.faces.recognisable_alone(
            lane_id, snapshot.policy, snapshot.face_roster, self._parts.clock.now()
        )

    def shown_first(self, desk: LaneDesk) -> str | None:
        """Return who has shown another way here a moment ago and whose face can be compared now."""
        snapshot, now = self._state.snapshot, self._parts.clock.monotonic_seconds()
        shown = desk.dialog.shown_before(now)
        if snapshot is None:
            return None
        for person_id, methods in shown.items():
            comparable = self._parts.faces.comparable(
                person_id, snapshot.face_roster, self._parts.clock.now()
            )
            if methods - {Method.FACE} and comparable:
                return person_id
        return None

    def _waits(self, desk: LaneDesk, now_seconds: float) -> Claim | None:
        """Return the claim that is refused while face waits here, or a call has the camera."""
        if desk.sound.is_lent:
            return Claim(Method.FACE, refusal=Reason.FACE_UNAVAILABLE)
        if self._attempts.seconds_to_wait(Method.FACE, desk.lane_id, "", now_seconds):
            return Claim(Method.FACE, refusal=Reason.METHOD_DELAYED)
        return None

    def compare(self, desk: LaneDesk, person_id: str) -> Claim | None:
        """Begin to compare with one person's face, or return the claim that is refused while face waits."""
        now_seconds = self._parts.clock.monotonic_seconds()
        if (refused := self._waits(desk, now_seconds)) is not None:
            return refused
        desk.camera.looked_for = frozenset({person_id})
        self._parts.faces.compare(desk, person_id, now_seconds)
        return None

    def look(self, desk: LaneDesk, person_ids: Sequence[str]) -> Claim | None:
        """Begin to look for these faces, or return the claim that is refused while face waits."""
        now_seconds = self._parts.clock.monotonic_seconds()
        if (refused := self._waits(desk, now_seconds)) is not None:
            return refused
        if person_ids:
            desk.camera.looked_for = frozenset(person_ids)
            self._parts.faces.recognise(desk, person_ids, now_seconds)
        return None

    def came_in(self, desk: LaneDesk, person_id: str | None) -> None:
        """Record that a person came in whom a look had missed a moment ago: another look would help them."""
        if desk.camera.was_missed(person_id, self._parts.clock.monotonic_seconds()):
            facts: Facts = {"lane_id": desk.lane_id}
            self._parts.recorder.record(EventKind.FACE_MISSED, facts, {"person_id": person_id})

    def ended(self, ended: FaceEnded) -> Claim | Admission | None:
        """Take the end of a session; return what is to be decided, None when the person left."""
        desk, result = self._parts.desks[ended.lane_id], ended.result
        desk.camera.look_ended()
        if ended.enrolled_person_id is not None:
            return self._dialog.enrolled(desk, ended.enrolled_person_id, result)
        claim = claim_of(result)
        if claim is not None and claim.refusal in MISSED:
            desk.camera.found_no_one(self._parts.clock.monotonic_seconds())
        roster = self._state.snapshot.face_roster if self._state.snapshot is not None else {}
        if claim is not None and claim.person_id is not None and claim.person_id not in roster:
            # Consent ended while the camera looked.
            return Claim(Method.FACE, refusal=Reason.FACE_NO_MATCH)
        if claim is None and desk.camera.mode == "closed" and desk.screen.shows in FACE_SCREENS:
            # Otherwise the screen already shows another method or its result.
            desk.rest()
        return claim
