"""Ask a person about their face at a lane's screen, and carry their answer out.

What a press means is in `lane/face_dialog.py`. The person is admitted by the same card or PIN that they had
shown, decided again by the rules, with any answer: the dialog never costs a person their access. A method
that may end the dialog returns that admission, for its caller to decide.
"""

import dataclasses

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import FaceNoticeRecord, FaceRecord, Method, typed_number
from gate_controller.control.parts import GateParts, GateState
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.refusals import mend_word, refusal_of
from gate_controller.face_control.results import FaceResult
from gate_controller.lane.face_dialog import (
    NO_KEY,
    OFFICE_SECONDS,
    READ_ALOUD_KEY,
    YES_KEY,
    Admission,
    Answer,
    Dialog,
    DialogShowing,
    Step,
    answer_entry,
    is_own,
    notice_pages,
    pressed,
    shown,
    with_notice,
)
from gate_controller.lane.keypad_entry import Entry
from gate_controller.lane.state import ASK_SECONDS, RESULT_SECONDS, Intent, LaneDesk
from gate_controller.rules.decision import Claim, Decision, Reason
from gate_controller.terminal.view import CLEAR_KEY, Screen

NOTICE_SECONDS = 45.0
GUARDIAN_SCREEN_SECONDS = 60.0
SCREENS = {
    Step.NOTICE: (Screen.FACE_NOTICE, NOTICE_SECONDS),
    Step.QUESTION: (Screen.FACE_ASK, ASK_SECONDS),
    Step.CONFIRM: (Screen.FACE_CONFIRM, ASK_SECONDS),
    Step.GUARDIAN: (Screen.FACE_GUARDIAN, GUARDIAN_SCREEN_SECONDS),
    Step.OFFICE: (Screen.FACE_OFFICE, OFFICE_SECONDS + RESULT_SECONDS),
    Step.KEPT: (Screen.FACE_KEPT, ASK_SECONDS),
}
NO_FACE_SEEN = frozenset({None, FaceReason.NO_FACE})


class FaceDialog:
    """The dialogs at all lanes of a gate; used from the controller's thread only."""

    def __init__(self, parts: GateParts, state: GateState) -> None:
        """Begin without a dialog."""
        self._parts = parts
        self._state = state

    # -- what comes in ---------------------------------------------------------------------------

    def presented(
        self, desk: LaneDesk, claim: Claim, decision: Decision, home_number: str
    ) -> DialogShowing | None:
        """Go on with what was shown where it belongs to the dialog.

        Otherwise return None: the dialog at this lane is over and the decision counts. A duress PIN leads
        through the same screens: one that ended the dialog would show which was typed.
        """
        granted = decision.opens and decision.reason is Reason.GRANTED
        if desk.dialog.asking is None:
            return self._begin(desk, claim, home_number) if granted and is_own(claim) else None
        asking, answer = shown(desk.dialog.asking, claim, self._now(), opens=granted)
        if answer is Answer.OTHER:
            self._stop(desk)
            return None
        return DialogShowing(self._go_on(desk, asking, answer))

    def key_pressed(self, desk: LaneDesk, key: str) -> Admission | None:
        """Take a key of the person in the dialog that is not of a PIN."""
        asking = desk.dialog.asking
        if asking is None:
            return None
        if key == READ_ALOUD_KEY and not asking.takes_number:
            desk.screen.read_aloud = True
            return None
        return self._go_on(desk, *pressed(asking, key))

    @staticmethod
    def is_of_pin(desk: LaneDesk, key: str) -> bool:
        """Return whether a key is of the PIN that the dialog waits for; a clear without digits is a no."""
        asking = desk.dialog.asking
        takes_number = asking is not None and asking.takes_number
        return takes_number and not (key == CLEAR_KEY and not desk.keypad.entry.secret)

    def pin_key_pressed(self, desk: LaneDesk, key: str) -> bool:
        """Take a key of a PIN; return whether the number is typed to its end."""
        asking = desk.dialog.asking
        if asking is None:
            return False
        if not desk.keypad.entry.secret:
            desk.keypad.entry = self._entry_for_pin(asking)
        if not desk.keypad.entry.home:
            return False  # staff without a home have no PIN
        if desk.keypad.press(key, self._now()) and desk.keypad.entry.secret:
            return True
        screen, seconds = SCREENS[asking.step]
        desk.screen.show(screen, self._now(), seconds=seconds)
        return False

    def answered(self, desk: LaneDesk, *, yes: bool) -> Admission | None:
        """Take the button of a yes or a no."""
        asking = desk.dialog.asking
        if asking is not None and not asking.takes_number:
            return self._go_on(desk, *pressed(asking, YES_KEY if yes else NO_KEY))
        if asking is not None and not yes:
            return self._go_on(desk, *pressed(asking, CLEAR_KEY))
        return None

    def language_chosen(self, desk: LaneDesk) -> None:
        """Restart the notice in the language just chosen: only what was readable may be agreed to."""
        asking, snapshot = desk.dialog.asking, self._state.snapshot
        if asking is None or asking.notice is None or asking.step in (Step.OFFICE, Step.ENROL):
            return
        notice = snapshot.face_notices.get(desk.screen.language) if snapshot is not None else None
        if notice is not None:
            self._show(desk, with_notice(asking, notice))

    def _stop(self, desk: LaneDesk) -> None:
        """End the dialog at this lane without an answer."""
        if desk.dialog.asking is not None and desk.dialog.asking.step is Step.ENROL:
            self._parts.faces.cancel(desk.lane_id)
        desk.keypad.clear()
        desk.dialog.end()

    def time_passed(self, desk: LaneDesk) -> Admission | None:
        """Go on once the office has answered, or has not."""
        asking, snapshot = desk.dialog.asking, self._state.snapshot
        if asking is None or asking.step is not Step.OFFICE or snapshot is None:
            return None
        record = snapshot.face_roster.get(asking.person_id)
        if record is not None:
            self._enrol(desk, asking, record)
        elif asking.person_id not in snapshot.face_offers:
            return self._let_in(desk, asking, "face_refused")
        elif self._now() - asking.confirmed_seconds >= OFFICE_SECONDS or not self._state.online:
            return self._let_in(desk, asking, "face_no_answer")
        return None

    def enrolled(self, desk: LaneDesk, person_id: str, result: FaceResult) -> Admission | None:
        """Take how an enrolment ended."""
        kind = EventKind.FACE_ENROLLED if result.ok else EventKind.FACE_NOT_ENROLLED
        facts: Facts = {"lane_id": desk.lane_id, "reason": result.reason.value}
        asking = desk.dialog.asking
        whose: Facts = {"person_id": person_id}
        if result.ok:
            looks = " ".join(result.look_ids)
            whose = {**whose, "consent_id": result.consent_id, "look_ids": looks}
        if asking is not None and asking.person_id == person_id and asking.confirmed_credential_id:
            whose = {**whose, "credential_id": asking.confirmed_credential_id}
        self._parts.recorder.record(kind, facts, whose)
        if asking is None or asking.step is not Step.ENROL or asking.person_id != person_id:
            return None
        went_away = result.reason is FaceReason.CANCELLED or (
            result.reason in (FaceReason.CAPABILITY_ENDED, FaceReason.TIME_IS_UP)
            and result.hint in NO_FACE_SEEN
        )
        if went_away:
            self._stop(desk)
            desk.rest()
            return None
        desk.camera.clear()
        if result.reason is FaceReason.UNLIKE_OTHER_LOOKS:
            return self._let_in(desk, asking, "unlike_other_looks")
        if result.ok:
            return self._let_in(desk, asking, "enrolled" if len(result.look_ids) == 1 else "look_added")
        return self._let_in(desk, asking, "not_enrolled", mend_word(refusal_of(result)))

    def _now(self) -> float:
        return self._parts.clock.monotonic_seconds()

    # -- how it begins and goes on ---------------------------------------------------------------

    def _begin(self, desk: LaneDesk, claim: Claim, home_number: str) -> DialogShowing | None:
        """Begin the dialog after face was pressed and an own card or PIN shown, if a question is open."""
        snapshot = self._state.snapshot
        asked_for = desk.dialog.intent is not Intent.NOTHING and desk.camera.mode != "looking"
        if not asked_for or snapshot is None or Method.FACE not in desk.screen.offered:
            return None
        person_id = claim.person_id or ""
        asking = Dialog(Step.QUESTION, claim, self._now(), home_number)
        record, offer = snapshot.face_roster.get(person_id), snapshot.face_offers.get(person_id)
        notice = snapshot.face_notices.get(desk.screen.language)
        if notice is not None and not notice_pages(notice):
            notice = None
        message = "" if desk.dialog.intent is Intent.FACE else "face_not_for_you"
        if record is not None and record.is_valid(self._parts.clock.now()):
            asking = dataclasses.replace(
                asking, consent_id=record.consent_id, guardian_ids=record.guardian_ids
            )
            if self._parts.faces.keeps(person_id, online=self._state.online):
                asking = dataclasses.replace(asking, step=Step.KEPT)
        elif record is None and offer is not None and offer.on_phone:
            return DialogShowing(self._let_in(desk, asking, "face_on_phone"))
        elif record is None and offer is not None and notice is not None and self._state.online:
            asking = with_notice(dataclasses.replace(asking, guardian_ids=offer.guardian_ids), notice)
        else:
            if record is None and offer is not None and not self._state.online:
                message = "face_needs_office"
            return DialogShowing(self._let_in(desk, asking, message)) if message else None
        who: Facts = {"person_id": person_id, "credential_id": claim.credential_id}
        facts: Facts = {"lane_id": desk.lane_id, "method": claim.method.value}
        self._parts.recorder.record(EventKind.SHOWN_FOR_FACE, facts, who)
        self._show(desk, asking)
        return DialogShowing()

    def _go_on(self, desk: LaneDesk, asking: Dialog, answer: Answer) -> Admission | None:
        match answer:
            case Answer.NONE:
                self._show(desk, asking)
                return None
            case Answer.YES:
                return self._yes(desk, asking)
            case Answer.WITHDRAW:
                return self._withdraw(desk, asking)
            case Answer.NO:
                self._record_answer(desk, asking, "no")
        return self._let_in(desk, asking, "")

    def _show(self, desk: LaneDesk, asking: Dialog) -> None:
        if asking.step is Step.ENROL:
            return
        is_new = desk.dialog.asking is None or desk.dialog.asking.step is not asking.step
        screen, seconds = SCREENS[asking.step]
        message = ""
        if asking.step is Step.QUESTION:
            message = "face_after_notice" if asking.consent_id is None else "face_agreed"
        desk.dialog.asking = asking
        if asking.step is not Step.OFFICE or is_new:
            desk.screen.show(screen, self._now(), seconds=seconds, message=message)
        if asking.takes_number and is_new:
            desk.keypad.entry = self._entry_for_pin(asking)

    def _entry_for_pin(self, asking: Dialog) -> Entry:
        """Return an entry in which the home's number is typed already; empty for who has no home."""
        policy = self._state.snapshot.policy if self._state.snapshot is not None else None
        person = policy.persons.get(asking.person_id) if policy is not None else None
        home = policy.homes.get(person.home_id or "") if policy is not None and person is not None else None
        if home is None:
            return Entry()
        return Entry(typed_number(home.number), in_secret=True, last_key_seconds=self._now())

    # -- answers ---------------------------------------------------------------------------------

    def _yes(self, desk: LaneDesk, asking: Dialog) -> Admission | None:
        snapshot = self._state.snapshot
        if snapshot is None:
            desk.rest()
            return None
        if asking.consent_id is not None:
            record = snapshot.face_roster.get(asking.person_id)
            if record is None or record.consent_id != asking.consent_id:
                return self._let_in(desk, asking, "face_refused")
            if desk.sound.is_lent:
                return self._let_in(desk, asking, "not_enrolled")
            self._enrol(desk, asking, record)
            return None
        newest = self._newest(snapshot, asking)
        offer = snapshot.face_offers.get(asking.person_id)
        if offer is None or offer.on_phone:
            return self._let_in(desk, asking, "face_refused" if offer is None else "face_on_phone")
        if newest is not None:
            self._show(desk, with_notice(asking, newest))
            return None
        if not self._state.online:
            return self._let_in(desk, asking, "face_needs_office")
        self._record_answer(desk, asking, "yes")
        self._show(desk, dataclasses.replace(asking, step=Step.OFFICE, confirmed_seconds=self._now()))
        return None

    @staticmethod
    def _newest(snapshot: PolicySnapshot, asking: Dialog) -> FaceNoticeRecord | None:
        """Return the notice that has taken the place of the one that was read, if one has."""
        if asking.notice is None:
            return None
        newest = snapshot.face_notices.get(asking.notice.language)
        return newest if newest is not None and newest.sha256 != asking.notice.sha256 else None

    def _enrol(self, desk: LaneDesk, asking: Dialog, record: FaceRecord) -> None:
        desk.dialog.asking = dataclasses.replace(asking, step=Step.ENROL)
        self._parts.faces.enrol(desk, record, self._now())

    def _withdraw(self, desk: LaneDesk, asking: Dialog) -> Admission | None:
        """Delete the face here before any other dialog begins; the office ends the consent on the event."""
        snapshot, consent_id = self._state.snapshot, asking.consent_id
        if snapshot is None or consent_id is None:
            return None
        self._record_answer(desk, asking, "withdraw")
        roster = {key: one for key, one in snapshot.face_roster.items() if key != asking.person_id}
        self._state.snapshot = dataclasses.replace(snapshot, face_roster=roster)
        self._parts.keeper.withdraw(asking.person_id, consent_id)
        self._parts.nudge_sync()
        return self._let_in(desk, asking, "forgotten")

    def _record_answer(self, desk: LaneDesk, asking: Dialog, answer: str) -> None:
        notice = asking.notice
        if notice is None and self._state.snapshot is not None:
            notice = self._state.snapshot.face_notices.get(desk.screen.language)
        facts, personal = answer_entry(asking, answer, notice, desk.lane_id, desk.screen.language)
        self._parts.recorder.record(EventKind.FACE_ANSWER, facts, personal)

    def _let_in(self, desk: LaneDesk, asking: Dialog, message: str, mend: str = "") -> Admission | None:
        """End the dialog; return the credential that began it, or ask for one where that was long ago."""
        desk.dialog.end()
        if not asking.may_let_in(self._now()):
            desk.show_result(Screen.SHOW_CARD, self._now(), seconds=ASK_SECONDS, message=message, mend=mend)
            return None
        return Admission(asking.claim, asking.home_number, message, mend)
