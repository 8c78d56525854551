"""Handle each presentation at a lane: identify, decide, record, release, show the result.

Only `release` reaches a relay, and every call of it follows a journal entry with the reason.
"""

import dataclasses
import logging
import queue

import msgspec

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import EmergencyCodeCredential, Method
from gate_controller.control.face_dialog import FaceAsking
from gate_controller.control.face_recognition import FaceLooks
from gate_controller.control.holds import Holds
from gate_controller.control.messages import Message, TypedHashed
from gate_controller.control.parts import GateParts, GateState
from gate_controller.control.passages import Passages
from gate_controller.control.pin_stops import PinStops
from gate_controller.face_control.refusals import mend_word
from gate_controller.lane.attempts import ALARM_AFTER_FAILURES, Attempts
from gate_controller.lane.camera_codes import CameraCode
from gate_controller.lane.door import granted
from gate_controller.lane.keypad_entry import FORGOTTEN_AFTER_SECONDS
from gate_controller.lane.repeat_reads import Read, RepeatReads
from gate_controller.lane.state import RESULT_SECONDS, Intent, LaneDesk
from gate_controller.rules.access import decide
from gate_controller.rules.decision import FACE_FAILURES, Claim, Decision, Reason
from gate_controller.rules.identify import hash_typed, identify_card, identify_code, identify_typed
from gate_controller.terminal.view import Screen
from hardware.errors import HardwareError
from hardware.interfaces import CardRead, CodeRead

log = logging.getLogger(__name__)

COUNTED_REFUSALS = FACE_FAILURES | {Reason.PIN_WRONG, Reason.METHOD_STOPPED}
FACE_FAILURES_ENOUGH = 2
"""After so many the screen offers the other ways alone; one more and face waits."""


class Presentations:
    """The road every presentation takes; used from the controller's thread only."""

    def __init__(self, parts: GateParts, state: GateState, inbox: "queue.SimpleQueue[Message]") -> None:
        """Begin without delays."""
        self._parts = parts
        self._state = state
        self._inbox = inbox
        self._attempts = Attempts()
        self._repeat_reads = RepeatReads()
        self.pin_stops = PinStops(parts, self.record)
        self.holds = Holds(parts, state, self.record)
        self.passages = Passages(parts, state, self.holds.is_held)
        self.asking = FaceAsking(parts, state, self.record, self._present, self._number_typed)
        self.looks = FaceLooks(parts, state, self.asking, self.record, self._present, self._seconds_to_wait)

    def card_read(self, read: CardRead) -> None:
        """Take a card from a reader."""
        lane_id = self._parts.lane_of_device[read.device]
        if self._state.snapshot is None or self._state.keys is None:
            self._refuse_without_policy(lane_id, Method.CARD)
            return
        claim = identify_card(read.number, self._state.snapshot.policy, self._state.keys)
        if claim.credential_id is None or not self._is_left_there(lane_id, claim, claim.credential_id):
            self._present(lane_id, claim)

    def _is_left_there(self, lane_id: str, claim: Claim, credential_id: str) -> bool:
        """Return whether a card was left at its reader and no longer opens; record that once."""
        what = self._repeat_reads.read(lane_id, credential_id, self._parts.clock.monotonic_seconds())
        if what is Read.FOUND_LEFT:
            whose: Facts = {"person_id": claim.person_id, "credential_id": credential_id}
            self.record(EventKind.ALARM_CARD_LEFT, {"lane_id": lane_id}, whose)
            self._repeat_reads.record_left(lane_id, credential_id)
        return what is not Read.SHOWN

    def code_read(self, read: CodeRead) -> None:
        """Take a code from a scanner."""
        self._code_shown(self._parts.lane_of_device[read.device], read.text)

    def _code_shown(self, lane_id: str, text: str) -> None:
        desk = self._parts.desks[lane_id]
        now_seconds = self._parts.clock.monotonic_seconds()
        if desk.camera.is_same_code(text, now_seconds):
            return
        if self._state.snapshot is None or self._state.keys is None:
            self._refuse_without_policy(lane_id, Method.QR)
            return
        claim = identify_code(text, self._state.snapshot.policy, self._state.keys, self._parts.clock.now())
        decision = self._present(lane_id, claim)
        if decision.opens or decision.reason is Reason.SECOND_METHOD:
            desk.camera.code_opened(text, now_seconds)

    def camera_looked(self, look: CameraCode) -> None:
        """Take the result of a session at the camera."""
        desk = self._parts.desks[look.lane_id]
        desk.camera.look_ended()
        if look.text is not None:
            self._code_shown(look.lane_id, look.text)
        elif look.trouble:
            self.record(EventKind.ALARM_CAMERA, {"lane_id": look.lane_id, "detail": look.trouble[:200]}, {})

    def key_pressed(self, lane_id: str, key: str, read_at_ns: int) -> None:
        """Take one key of a keypad or of the screen's."""
        desk = self._parts.desks[lane_id]
        now_seconds = self._parts.clock.monotonic_seconds()
        if desk.dialog.asking is not None:
            self.asking.key_pressed(desk, key, read_at_ns)
            return
        if self._parts.screen_actions.key_chooses(desk, key, self):
            return
        if desk.screen.shows is Screen.FACE_LOOKING:
            # Typing instead of being looked at: the look without a number ends, or that for another home.
            self._parts.faces.cancel(desk.lane_id)
        ended = desk.keypad.press(
            key, now_seconds, forgotten_after_seconds=desk.screen.patient(FORGOTTEN_AFTER_SECONDS)
        )
        if desk.keypad.entry.is_empty and not desk.keypad.entry.home:
            desk.rest()
            return
        entry = desk.keypad.entry
        desk.screen.show(
            Screen.TYPING_PIN if entry.in_secret else Screen.TYPING_HOME, now_seconds, seconds=20.0
        )
        if entry.in_secret and not entry.secret and desk.dialog.intent is Intent.FACE:
            self.looks.for_home(desk)
        elif ended:
            self._number_typed(desk, read_at_ns)

    def _number_typed(self, desk: LaneDesk, read_at_ns: int) -> None:
        entry = desk.keypad.taken()
        if self._state.snapshot is None or self._state.keys is None:
            self._refuse_without_policy(desk.lane_id, Method.PIN)
        elif self._seconds_to_wait(Method.PIN, desk.lane_id, entry.home):
            # Checked before the hash, so that guessing costs the gate nothing.
            self._present(desk.lane_id, Claim(Method.PIN, refusal=Reason.METHOD_DELAYED), entry.home)
        elif not entry.is_complete:
            self._present(desk.lane_id, Claim(Method.PIN, refusal=Reason.PIN_WRONG), entry.home)
        else:
            policy, keys = self._state.snapshot.policy, self._state.keys
            desk.screen.show(Screen.WAITING, self._parts.clock.monotonic_seconds(), seconds=5.0)

            def hash_in_worker() -> None:
                try:
                    tag = hash_typed(entry.home, entry.secret, policy, keys)
                except Exception:
                    # An empty tag matches no credential, so that the refusal is still decided and recorded.
                    log.exception("lane %s: a typed number could not be hashed", desk.lane_id)
                    tag = b""
                self._inbox.put(TypedHashed(desk.lane_id, entry.home, tag, read_at_ns))

            self._parts.hasher.submit(hash_in_worker)

    def typed_hashed(self, typed: TypedHashed) -> None:
        """Take a typed number back from the hashing worker."""
        if self._state.snapshot is None:
            self._refuse_without_policy(typed.lane_id, Method.PIN)
            return
        claim = identify_typed(typed.home_number, typed.tag, self._state.snapshot.policy)
        if self._seconds_to_wait(Method.PIN, typed.lane_id, typed.home_number):
            # Others failed while this one was hashed: typing fast buys no free guesses.
            claim = Claim(Method.PIN, refusal=Reason.METHOD_DELAYED)
        else:
            claim = self.pin_stops.typed(typed.lane_id, typed.home_number, claim)
        self._present(typed.lane_id, claim, typed.home_number)

    def _seconds_to_wait(self, method: Method, lane_id: str, home_number: str = "") -> float:
        now_seconds = self._parts.clock.monotonic_seconds()
        return self._attempts.seconds_to_wait(method, lane_id, home_number, now_seconds)

    # -- the decision ------------------------------------------------------------------------------

    def _present(self, lane_id: str, claim: Claim, home_number: str = "") -> Decision:
        """Decide one claim, record it, act on it, show it."""
        if self._state.snapshot is None:
            return self._refuse_without_policy(lane_id, claim.method)
        journal, now = self._parts.journal, self._parts.clock.now()
        policy = self._state.snapshot.policy
        lane = policy.lanes.get(lane_id)
        is_repeat = self.passages.is_repeat(lane_id, claim)
        desk = self._parts.desks[lane_id]
        memory = self.passages.memory(lane, now, again=claim.person_id if is_repeat else None)
        if desk.dialog.shown_first is not None:
            shown = desk.dialog.shown_before(self._parts.clock.monotonic_seconds())
            memory = dataclasses.replace(memory, shown_before=shown)
        decision = self._cut(lane_id, decide(claim, lane_id, policy, memory, now))
        if self.asking.takes(desk, claim, decision, home_number):
            return msgspec.structs.replace(decision, opens=False)
        self.pin_stops.decided(lane_id, claim, decision, home_number, policy)
        facts: Facts = {
            "lane_id": lane_id,
            "method": claim.method.value,
            "opens": decision.opens,
            "reason": decision.reason.value,
        }
        personal: Facts = {"person_id": decision.person_id, "credential_id": decision.credential_id}
        journal.append(
            EventKind.ACCESS,
            facts,
            personal,
            now,
            used_credential_id=decision.credential_id if decision.opens else None,
            second=claim.second,
            # Also where the lane stays shut, and before the pulse: a power cut must not swallow it.
            silent=(EventKind.ALARM_DURESS, {"lane_id": lane_id}, personal) if decision.duress else None,
        )
        if not is_repeat:
            self._tell_of(lane_id, claim, decision, personal)
        if decision.opens:
            desk.dialog.shown_first = None
            self.looks.another_way_opened(desk)
            if self._opened(lane_id, claim, decision.pulse_seconds) and lane is not None:
                self.passages.granted(lane, claim, decision, now, is_repeat=is_repeat)
                self.holds.granted(lane, claim, decision)
            self._attempts.succeeded(claim.method, home_number)
        else:
            self._refused(desk, claim, decision, home_number)
        self._parts.nudge_sync()
        return decision

    def _tell_of(self, lane_id: str, claim: Claim, decision: Decision, personal: Facts) -> None:
        """Record what else must be known about a passage, beside the decision itself."""
        if decision.antipassback_violated:
            who: Facts = {"person_id": decision.person_id}
            self.record(EventKind.ANTIPASSBACK_VIOLATED, {"lane_id": lane_id}, who)
        if decision.opens and decision.reason is Reason.OVERRIDE:
            by = "emergency_code" if isinstance(claim.credential, EmergencyCodeCredential) else "staff_card"
            self.record(EventKind.ALARM_OVERRIDE, {"lane_id": lane_id, "by": by}, personal)

    def _cut(self, lane_id: str, decision: Decision) -> Decision:
        """Return the decision with the time that the lane's output will really give."""
        longest = self._parts.relays[lane_id].longest_pulse_seconds
        if decision.pulse_seconds <= longest:
            return decision
        return msgspec.structs.replace(decision, pulse_seconds=longest)

    def _opened(self, lane_id: str, claim: Claim, seconds: float) -> bool:
        """Release the lane for a grant, or leave it released where this very thing has it open already."""
        desk, now_seconds = self._parts.desks[lane_id], self._parts.clock.monotonic_seconds()
        shown = claim.credential_id or claim.person_id or ""
        if self._repeat_reads.pulse_runs(lane_id, shown, now_seconds) and self._parts.relays[lane_id].is_on:
            desk.show_result(Screen.GRANTED, now_seconds, seconds=RESULT_SECONDS)
            return True
        if not self.release(lane_id, seconds):
            return False
        self._repeat_reads.opened(lane_id, shown, now_seconds, seconds)
        return True

    def release(self, lane_id: str, seconds: float) -> bool:
        """Pulse the lane's output, after its entry was written; return whether it took the pulse.

        One that failed is never tried again; one above the output's longest pulse is cut to that.
        """
        desk = self._parts.desks[lane_id]
        now_seconds = self._parts.clock.monotonic_seconds()
        seconds = min(seconds, self._parts.relays[lane_id].longest_pulse_seconds)
        try:
            self._parts.relays[lane_id].pulse(seconds)
        except HardwareError as err:
            log.error("lane %s: granted and not opened: %s", lane_id, err)
            self.record(EventKind.ALARM_GRANTED_NOT_OPENED, {"lane_id": lane_id}, {})
            desk.show_result(Screen.FAULT, now_seconds, seconds=RESULT_SECONDS, message="granted_not_opened")
            return False
        desk.door = granted(desk.door, now_seconds, seconds)
        desk.show_result(Screen.GRANTED, now_seconds, seconds=RESULT_SECONDS)
        return True

    def _refused(self, desk: LaneDesk, claim: Claim, decision: Decision, home_number: str) -> None:
        now_seconds = self._parts.clock.monotonic_seconds()
        if decision.reason is Reason.SECOND_METHOD and decision.person_id is not None:
            desk.wants_second(decision.person_id, claim.method, now_seconds)
            return
        failures = 0
        if decision.reason in COUNTED_REFUSALS:
            failures = self._attempts.failed(claim.method, desk.lane_id, home_number, now_seconds)
            if failures == ALARM_AFTER_FAILURES:
                facts: Facts = {"lane_id": desk.lane_id, "method": claim.method.value}
                self.record(EventKind.ALARM_MANY_WRONG, facts, {})
        wait = self._seconds_to_wait(claim.method, desk.lane_id, home_number)
        desk.rest()
        mend, stopped = mend_word(decision.reason), ""
        if decision.reason is Reason.METHOD_STOPPED:
            stopped = "pin_stopped"
        if wait:
            seconds, message = min(8.0, wait), stopped or claim.method.value
            desk.screen.show(Screen.DELAYED, now_seconds, seconds=seconds, message=message, mend=mend)
        else:
            again = claim.method is Method.FACE and failures >= FACE_FAILURES_ENOUGH
            seconds = RESULT_SECONDS * (2 if mend or stopped else 1)
            message = "another_way" if again else stopped
            desk.screen.show(Screen.REFUSED, now_seconds, seconds=seconds, message=message, mend=mend)

    def _refuse_without_policy(self, lane_id: str, method: Method) -> Decision:
        facts: Facts = {
            "lane_id": lane_id,
            "method": method.value,
            "opens": False,
            "reason": Reason.UNKNOWN_LANE.value,
        }
        self.record(EventKind.ACCESS, facts, {})
        now_seconds = self._parts.clock.monotonic_seconds()
        screen = self._parts.desks[lane_id].screen
        screen.show(Screen.FAULT, now_seconds, seconds=RESULT_SECONDS, message="starting")
        return Decision(False, Reason.UNKNOWN_LANE)

    def look_without_number(self, lane_id: str) -> bool:
        """Look among all faces of this lane while they are few enough; return whether it began."""
        return self.looks.without_number(lane_id)

    def face_answered(self, lane_id: str, *, yes: bool) -> None:
        """Take a yes or no in the dialog about a face."""
        self.asking.answered(self._parts.desks[lane_id], yes=yes)

    def language_chosen(self, lane_id: str) -> None:
        """Show a notice in the language just chosen."""
        self.asking.language_chosen(self._parts.desks[lane_id])

    def record(self, kind: EventKind, facts: Facts, personal: Facts) -> None:
        """Write one entry and let the server know soon."""
        self._parts.journal.append(kind, facts, personal, self._parts.clock.now())
        self._parts.nudge_sync()
