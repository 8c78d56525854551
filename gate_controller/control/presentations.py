"""Take what is shown at a lane: identify, recall, decide, record, release, notify.

    card_read, code_shown, typed_hashed, face_ended    identify: a claim of whose it is
        present ── a face dialog at this lane may keep it; everything else goes on:
            _recall            what this gate remembers of the lane and the person
            _decide            the answer of the rules
            _record            the entry, on the disk
            _release_granted   the lock
            _notify            screen, delays, who passed, the server

Only `release` reaches a relay, and every call of it follows a journal entry with the reason.
"""

import dataclasses
import logging
from datetime import datetime

import msgspec

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import EmergencyCodeCredential, LaneRecord, Method, PinCredential
from gate_controller.control.face_dialog import FaceDialog
from gate_controller.control.face_recognition import FaceRecognition
from gate_controller.control.holds import Holds
from gate_controller.control.messages import TypedHashed
from gate_controller.control.parts import GateParts, GateState
from gate_controller.control.passages import Passages
from gate_controller.control.pin_stops import PinStops
from gate_controller.control.recorder import SilentAlarm
from gate_controller.control.refusals import refuse_without_policy, show_refusal
from gate_controller.face_control.messages import FaceEnded
from gate_controller.lane.attempts import Attempts
from gate_controller.lane.door import granted
from gate_controller.lane.face_dialog import Admission
from gate_controller.lane.repeat_reads import ReadClass, RepeatReads
from gate_controller.lane.state import RESULT_SECONDS, Intent, LaneDesk
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, Decision, GateMemory, Reason
from gate_controller.rules.identify import identify_card, identify_code, identify_typed
from gate_controller.terminal.view import Screen
from hardware.errors import HardwareError
from hardware.interfaces import CardRead

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Presentation:
    """One thing shown at a lane, and when; `is_repeat` where its passage was granted a moment ago."""

    desk: LaneDesk
    lane: LaneRecord | None
    policy: Policy
    claim: Claim
    home_number: str
    now: datetime
    is_repeat: bool


class Presentations:
    """Identify, decide, record and release each presentation; used from the controller's thread only."""

    def __init__(
        self,
        parts: GateParts,
        state: GateState,
        attempts: Attempts,
        pin_stops: PinStops,
        holds: Holds,
        passages: Passages,
        dialog: FaceDialog,
        recognition: FaceRecognition,
    ) -> None:
        """Remember the parts; nothing was shown yet."""
        self._parts = parts
        self._state = state
        self._attempts = attempts
        self._pin_stops = pin_stops
        self._holds = holds
        self._passages = passages
        self._dialog = dialog
        self._recognition = recognition
        self._reads = RepeatReads()

    # -- identify ----------------------------------------------------------------------------------

    def card_read(self, read: CardRead) -> None:
        lane_id = self._parts.lane_of_device[read.device]
        if self._state.snapshot is None or self._state.keys is None:
            refuse_without_policy(self._parts, lane_id, Method.CARD)
            return
        claim = identify_card(read.number, self._state.snapshot.policy, self._state.keys)
        if claim.credential_id is None or not self._is_left_there(lane_id, claim, claim.credential_id):
            self.present(lane_id, claim)

    def _is_left_there(self, lane_id: str, claim: Claim, credential_id: str) -> bool:
        """Return whether a card was left at its reader and no longer opens; record that once."""
        what = self._reads.read(lane_id, credential_id, self._parts.clock.monotonic_seconds())
        if what is ReadClass.FOUND_LEFT:
            whose: Facts = {"person_id": claim.person_id, "credential_id": credential_id}
            self._parts.recorder.record(EventKind.ALARM_CARD_LEFT, {"lane_id": lane_id}, whose)
            self._reads.record_left(lane_id, credential_id)
        return what is not ReadClass.SHOWN

    def code_shown(self, lane_id: str, text: str) -> None:
        """Take a code from a scanner or a camera."""
        camera, now_seconds = self._parts.desks[lane_id].camera, self._parts.clock.monotonic_seconds()
        if camera.is_same_code(text, now_seconds):
            return
        if self._state.snapshot is None or self._state.keys is None:
            refuse_without_policy(self._parts, lane_id, Method.QR)
            return
        claim = identify_code(text, self._state.snapshot.policy, self._state.keys, self._parts.clock.now())
        decision = self.present(lane_id, claim)
        if decision.opens or decision.reason is Reason.SECOND_METHOD:
            camera.code_opened(text, now_seconds)

    def typed_hashed(self, typed: TypedHashed) -> None:
        """Take a typed number back from the hashing worker."""
        if self._state.snapshot is None:
            refuse_without_policy(self._parts, typed.lane_id, Method.PIN)
            return
        claim = identify_typed(typed.home_number, typed.tag, self._state.snapshot.policy)
        now_seconds = self._parts.clock.monotonic_seconds()
        if self._attempts.seconds_to_wait(Method.PIN, typed.lane_id, typed.home_number, now_seconds):
            # Others failed while this one was hashed: typing fast buys no free guesses.
            claim = Claim(Method.PIN, refusal=Reason.METHOD_DELAYED)
        else:
            claim = self._pin_stops.typed(typed.lane_id, typed.home_number, claim)
        self.present(typed.lane_id, claim, typed.home_number)

    def face_ended(self, ended: FaceEnded) -> None:
        """Take the end of a face session: a claim, or the end of an enrolment and of its dialog."""
        match self._recognition.ended(ended):
            case Claim() as claim:
                self.present(ended.lane_id, claim)
            case Admission() as admission:
                self.admit(ended.lane_id, admission)

    # -- what is done with a claim -----------------------------------------------------------------

    def present(self, lane_id: str, claim: Claim, home_number: str = "") -> Decision:
        """Decide one claim and act on it, unless a face dialog at this lane keeps it."""
        return self._present(lane_id, claim, home_number)[0]

    def answer_call(self, lane_id: str, claim: Claim) -> str | None:
        """Decide by the right of who answers a call, and act on it; return why the lane did not open."""
        decision, released = self._present(lane_id, claim)
        if not decision.opens:
            return decision.reason.value
        return None if released else EventKind.ALARM_GRANTED_NOT_OPENED.value

    def _present(self, lane_id: str, claim: Claim, home_number: str = "") -> tuple[Decision, bool]:
        """Return the decision, and whether the lock was released."""
        if self._state.snapshot is None:
            return refuse_without_policy(self._parts, lane_id, claim.method), False
        policy, desk = self._state.snapshot.policy, self._parts.desks[lane_id]
        now = self._parts.clock.now()
        is_repeat = not claim.by_call and self._passages.is_repeat(lane_id, claim)
        lane = policy.lanes.get(lane_id)
        shown = Presentation(desk, lane, policy, claim, home_number, now, is_repeat)
        memory = self._recall(shown)
        decision = self._decide(shown, memory)
        # Also where the lane stays shut, and before the pulse: a power cut must not swallow the alarm.
        with self._parts.recorder.with_silent(_duress_alarm(lane_id, decision)):
            in_dialog = desk.dialog.asking is not None or desk.dialog.intent is not Intent.NOTHING
            if in_dialog and not claim.by_call:
                kept = self._dialog.presented(desk, claim, decision, home_number)
                if kept is not None:
                    self.admit(lane_id, kept.admission)
                    return msgspec.structs.replace(decision, opens=False), False
            self._record(shown, decision)
            released = self._release_granted(shown, decision)
            self._notify(shown, decision, released)
        return decision, released

    def admit(self, lane_id: str, admission: Admission | None) -> None:
        """Decide again what began a face dialog that is over; a grant's screen shows its message."""
        if admission is None:
            return
        decision = self.present(lane_id, admission.claim, admission.home_number)
        screen, message, mend = self._parts.desks[lane_id].screen, admission.message, admission.mend
        if decision.opens and screen.shows is Screen.GRANTED and message:
            screen.show_longer(RESULT_SECONDS * (2 if mend else 1), message, mend)

    def _recall(self, shown: Presentation) -> GateMemory:
        """Return what this gate remembers that the rules may know."""
        again = shown.claim.person_id if shown.is_repeat else None
        memory = self._passages.memory(shown.lane, shown.now, again=again)
        if shown.claim.method is Method.FACE:
            memory = dataclasses.replace(memory, homes_waiting=self._homes_waiting(shown))
        if shown.desk.dialog.shown_first is None:
            return memory
        shown_before = shown.desk.dialog.shown_before(self._parts.clock.monotonic_seconds())
        return dataclasses.replace(memory, shown_before=shown_before)

    def _homes_waiting(self, shown: Presentation) -> frozenset[str]:
        """Return the homes after whose numbers a PIN of this person opens nothing here now."""
        now_seconds, lane_id = self._parts.clock.monotonic_seconds(), shown.desk.lane_id
        held = shown.policy.credentials_for_ways.get(shown.claim.person_id or "", ())
        homes = {shown.policy.homes.get(one.home_id) for one in held if isinstance(one, PinCredential)}
        return frozenset(
            home.home_id
            for home in homes
            if home is not None
            and (
                self._pin_stops.is_stopped(home.number)
                or self._attempts.seconds_to_wait(Method.PIN, lane_id, home.number, now_seconds)
            )
        )

    def _decide(self, shown: Presentation, memory: GateMemory) -> Decision:
        """Return the rules' answer, with the time that the lane's output will really give."""
        lane_id = shown.desk.lane_id
        decision = decide(shown.claim, lane_id, shown.policy, memory, shown.now)
        longest = self._parts.relays[lane_id].longest_pulse_seconds
        if decision.pulse_seconds <= longest:
            return decision
        return msgspec.structs.replace(decision, pulse_seconds=longest)

    def _record(self, shown: Presentation, decision: Decision) -> None:
        """Put the decision on the disk, and what else must be known about the passage."""
        lane_id, claim = shown.desk.lane_id, shown.claim
        if claim.method is Method.PIN:
            self._pin_stops.decided(lane_id, claim, decision, shown.home_number, shown.policy)
        facts: Facts = {
            "lane_id": lane_id,
            "method": claim.way,
            "opens": decision.opens,
            "reason": decision.reason.value,
        }
        personal: Facts = {"person_id": decision.person_id, "credential_id": decision.credential_id}
        used = decision.credential_id if decision.opens else None
        recorder = self._parts.recorder
        recorder.write(
            EventKind.ACCESS, facts, personal, shown.now, used_credential_id=used, second=claim.second
        )
        if shown.is_repeat:
            return
        if decision.antipassback_violated:
            who: Facts = {"person_id": decision.person_id}
            recorder.record(EventKind.ANTIPASSBACK_VIOLATED, {"lane_id": lane_id}, who)
        if decision.opens and decision.reason is Reason.OVERRIDE:
            by = "emergency_code" if isinstance(claim.credential, EmergencyCodeCredential) else "staff_card"
            recorder.record(EventKind.ALARM_OVERRIDE, {"lane_id": lane_id, "by": by}, personal)

    def _release_granted(self, shown: Presentation, decision: Decision) -> bool:
        """Release the lock for a grant, or leave it released where this very thing has it open already."""
        if not decision.opens:
            return False
        desk, lane_id = shown.desk, shown.desk.lane_id
        if shown.claim.by_call:
            # What others show at this lane goes on: a home lets its visitor in beside them.
            return self.release(lane_id, decision.pulse_seconds, beside=True)
        desk.dialog.shown_first = None
        if desk.camera.mode == "looking":
            # No person waits for that search any more.
            self._parts.faces.cancel(lane_id)
        now_seconds = self._parts.clock.monotonic_seconds()
        what = shown.claim.credential_id or shown.claim.person_id or ""
        if self._reads.pulse_runs(lane_id, what, now_seconds) and self._parts.relays[lane_id].is_on:
            desk.show_result(Screen.GRANTED, now_seconds, seconds=RESULT_SECONDS)
            return True
        if not self.release(lane_id, decision.pulse_seconds):
            return False
        self._reads.opened(lane_id, what, now_seconds, decision.pulse_seconds)
        return True

    def release(self, lane_id: str, seconds: float, *, beside: bool = False) -> bool:
        """Pulse the lane's output, after its entry was written; return whether it took the pulse.

        One that failed is never tried again; one above the output's longest pulse is cut to that. `beside`
        leaves the screen to a person who uses the lane.
        """
        desk = self._parts.desks[lane_id]
        show = desk.show_beside if beside else desk.show_result
        now_seconds = self._parts.clock.monotonic_seconds()
        seconds = min(seconds, self._parts.relays[lane_id].longest_pulse_seconds)
        try:
            self._parts.relays[lane_id].pulse(seconds)
        except HardwareError as err:
            log.error("lane %s: granted and not opened: %s", lane_id, err)
            self._parts.recorder.record(EventKind.ALARM_GRANTED_NOT_OPENED, {"lane_id": lane_id}, {})
            message = "granted_not_opened"
            show(Screen.FAULT, now_seconds, seconds=RESULT_SECONDS, message=message)
            return False
        desk.door = granted(desk.door, now_seconds, seconds)
        show(Screen.GRANTED, now_seconds, seconds=RESULT_SECONDS)
        return True

    def _notify(self, shown: Presentation, decision: Decision, released: bool) -> None:
        """Pass the result on to screen, delays, holds and server, and count who passes.

        A call is no try of a PIN, and lets in a visitor: the person who answered has not come in.
        """
        claim, lane = shown.claim, shown.lane
        if claim.by_call:
            if not decision.opens:
                shown.desk.show_beside(
                    Screen.REFUSED, self._parts.clock.monotonic_seconds(), seconds=RESULT_SECONDS
                )
            self._parts.nudge_sync()
            return
        if released and lane is not None:
            self._passages.granted(lane, claim, decision, shown.now, is_repeat=shown.is_repeat)
            self._holds.granted(lane, claim, decision)
        self._pin_stops.note_proof(claim, decision)
        if decision.opens:
            self._attempts.succeeded(claim.method, shown.home_number)
        elif decision.reason is Reason.SECOND_METHOD and decision.person_id is not None:
            now_seconds = self._parts.clock.monotonic_seconds()
            asked_for_face = shown.desk.dialog.intent is Intent.FACE
            shown.desk.wants_second(decision.person_id, claim.method, now_seconds)
            if asked_for_face:
                self._look_beside(shown.desk)
        else:
            show_refusal(
                self._parts, self._attempts, shown.desk, claim.method, decision.reason, shown.home_number
            )
        if released:
            self._recognition.came_in(shown.desk, decision.person_id)
        self._parts.nudge_sync()

    def _look_beside(self, desk: LaneDesk) -> None:
        """Compare the face of a person who pressed face and then showed the first of two ways."""
        person_id = self._recognition.shown_first(desk)
        if person_id is not None and self._parts.faces.ready_at(desk.lane_id):
            refused = self._recognition.compare(desk, person_id)
            if refused is not None:
                self.present(desk.lane_id, refused)


def _duress_alarm(lane_id: str, decision: Decision) -> SilentAlarm | None:
    """Return the alarm that goes with a duress PIN, on the disk beside the entry and nowhere else."""
    if not decision.duress:
        return None
    personal: Facts = {"person_id": decision.person_id, "credential_id": decision.credential_id}
    return EventKind.ALARM_DURESS, {"lane_id": lane_id}, personal
