"""Ask a person about their face at a lane's screen, and carry their answer out.

What a press means is in `lane/face_dialog.py`. The person is admitted by the same card or PIN that they had
shown, decided again by the rules, with any answer: the dialog never costs a person their access.
"""

import dataclasses
from collections.abc import Callable

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import FaceNoticeRecord, FaceRecord, Method, typed_number
from gate_controller.control.parts import GateParts, GateState
from gate_controller.face.engines.reasons import FaceReason
from gate_controller.face.matching.face_service import FaceResult
from gate_controller.face_control.refusals import mend_word, refusal_of
from gate_controller.lane.face_dialog import (
    NO_KEY,
    OFFICE_SECONDS,
    READ_ALOUD_KEY,
    YES_KEY,
    Answer,
    Asking,
    Step,
    is_own,
    notice_pages,
    pressed,
    shown,
    with_notice,
)
from gate_controller.lane.keypad_entry import Entry
from gate_controller.lane.pending_events import Record
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
NOBODY_THERE = frozenset({None, FaceReason.NO_FACE})

Present = Callable[[str, Claim, str], Decision]


class FaceAsking:
    """The asking at all lanes of a gate; used from the controller's thread only."""

    def __init__(
        self,
        parts: GateParts,
        state: GateState,
        record: Record,
        present: Present,
        number_typed: Callable[[LaneDesk, int], None],
    ) -> None:
        """Begin without a dialog; `present` decides a claim and opens, `number_typed` hashes an entry."""
        self._parts = parts
        self._state = state
        self._record = record
        self._present = present
        self._number_typed = number_typed
        self._silent: tuple[EventKind, Facts, Facts] | None = None

    # -- what comes in ---------------------------------------------------------------------------

    def takes(self, desk: LaneDesk, claim: Claim, decision: Decision, home_number: str) -> bool:
        """Return whether what was shown belongs to the asking, and then go on with it.

        Otherwise the asking at this lane is over and the decision counts.
        """
        if not decision.duress:
            return self._takes(desk, claim, decision, home_number)
        # A duress PIN leads through the same screens: one that ended the asking would show which was typed.
        personal: Facts = {"person_id": decision.person_id, "credential_id": decision.credential_id}
        self._silent = (EventKind.ALARM_DURESS, {"lane_id": desk.lane_id}, personal)
        try:
            taken = self._takes(desk, claim, decision, home_number)
        finally:
            silent, self._silent = self._silent, None
        if taken and silent is not None:
            self._record(*silent)
        return taken

    def _takes(self, desk: LaneDesk, claim: Claim, decision: Decision, home_number: str) -> bool:
        granted = decision.opens and decision.reason is Reason.GRANTED
        if desk.dialog.asking is None:
            return granted and is_own(claim) and self._begins(desk, claim, home_number)
        asking, answer = shown(desk.dialog.asking, claim, self._now(), opens=granted)
        if answer is Answer.OTHER:
            self.stop(desk)
            return False
        self._go_on(desk, asking, answer)
        return True

    def key_pressed(self, desk: LaneDesk, key: str, read_at_ns: int) -> None:
        """Take a key of the person in the dialog."""
        asking = desk.dialog.asking
        if asking is None:
            return
        if key == READ_ALOUD_KEY and not asking.takes_number:
            desk.screen.read_aloud = True
        elif asking.takes_number and not (key == CLEAR_KEY and not desk.keypad.entry.secret):
            self._key_of_pin(desk, asking, key, read_at_ns)
        else:
            self._go_on(desk, *pressed(asking, key))

    def answered(self, desk: LaneDesk, *, yes: bool) -> None:
        """Take the button of a yes or a no."""
        asking = desk.dialog.asking
        if asking is not None and not asking.takes_number:
            self._go_on(desk, *pressed(asking, YES_KEY if yes else NO_KEY))
        elif asking is not None and not yes:
            self._go_on(desk, *pressed(asking, CLEAR_KEY))

    def language_chosen(self, desk: LaneDesk) -> None:
        """Restart the notice in the language just chosen: only what was readable may be agreed to."""
        asking, snapshot = desk.dialog.asking, self._state.snapshot
        if asking is None or asking.notice is None or asking.step in (Step.OFFICE, Step.ENROL):
            return
        notice = snapshot.face_notices.get(desk.screen.language) if snapshot is not None else None
        if notice is not None:
            self._go_on(desk, with_notice(asking, notice), Answer.NONE)

    def stop(self, desk: LaneDesk) -> None:
        """End the asking at this lane without an answer."""
        if desk.dialog.asking is not None and desk.dialog.asking.step is Step.ENROL:
            self._parts.faces.cancel(desk.lane_id)
        desk.keypad.clear()
        desk.dialog.end()

    def time_passed(self, desk: LaneDesk) -> None:
        """Go on once the office has answered, or has not."""
        asking, snapshot = desk.dialog.asking, self._state.snapshot
        if asking is None or asking.step is not Step.OFFICE or snapshot is None:
            return
        record = snapshot.face_roster.get(asking.person_id)
        if record is not None:
            self._enrol(desk, asking, record)
        elif asking.person_id not in snapshot.face_offers:
            self._let_in(desk, asking, "face_refused")
        elif self._now() - asking.confirmed_seconds >= OFFICE_SECONDS or not self._state.online:
            self._let_in(desk, asking, "face_no_answer")

    def enrolled(self, desk: LaneDesk, person_id: str, result: FaceResult) -> None:
        """Take how an enrolment ended."""
        kind = EventKind.FACE_ENROLLED if result.ok else EventKind.FACE_NOT_ENROLLED
        facts: Facts = {"lane_id": desk.lane_id, "reason": result.reason.value}
        asking = desk.dialog.asking
        whose: Facts = {"person_id": person_id}
        if asking is not None and asking.person_id == person_id and asking.confirmed_credential_id:
            whose = {**whose, "credential_id": asking.confirmed_credential_id}
        self._record(kind, facts, whose)
        if asking is None or asking.step is not Step.ENROL or asking.person_id != person_id:
            return
        went_away = result.reason is FaceReason.CANCELLED or (
            result.reason in (FaceReason.CAPABILITY_ENDED, FaceReason.TIME_IS_UP)
            and result.hint in NOBODY_THERE
        )
        if went_away:
            self.stop(desk)
            desk.rest()
        else:
            desk.camera.clear()
            mend = "" if result.ok else mend_word(refusal_of(result))
            self._let_in(desk, asking, "enrolled" if result.ok else "not_enrolled", mend)

    def _now(self) -> float:
        return self._parts.clock.monotonic_seconds()

    # -- how it begins and goes on ---------------------------------------------------------------

    def _begins(self, desk: LaneDesk, claim: Claim, home_number: str) -> bool:
        """Begin the dialog after face was pressed and an own card or PIN shown, if a question is open."""
        snapshot = self._state.snapshot
        asked_for = desk.dialog.intent is not Intent.NOTHING and desk.camera.mode != "looking"
        if not asked_for or snapshot is None or Method.FACE not in desk.screen.offered:
            return False
        person_id = claim.person_id or ""
        asking = Asking(Step.QUESTION, claim, self._now(), home_number)
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
            self._let_in(desk, asking, "face_on_phone")
            return True
        elif record is None and offer is not None and notice is not None and self._state.online:
            asking = with_notice(dataclasses.replace(asking, guardian_ids=offer.guardian_ids), notice)
        else:
            if record is None and offer is not None and not self._state.online:
                message = "face_needs_office"
            if message:
                self._let_in(desk, asking, message)
            return bool(message)
        who: Facts = {"person_id": person_id, "credential_id": claim.credential_id}
        facts: Facts = {"lane_id": desk.lane_id, "method": claim.method.value}
        self._write(EventKind.SHOWN_FOR_FACE, facts, who)
        self._go_on(desk, asking, Answer.NONE)
        return True

    def _go_on(self, desk: LaneDesk, asking: Asking, answer: Answer) -> None:
        match answer:
            case Answer.NONE:
                self._show(desk, asking)
            case Answer.YES:
                self._yes(desk, asking)
            case Answer.WITHDRAW:
                self._withdraw(desk, asking)
            case Answer.NO:
                self._record_answer(desk, asking, "no")
                self._let_in(desk, asking, "")
            case _:
                self._let_in(desk, asking, "")

    def _show(self, desk: LaneDesk, asking: Asking) -> None:
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

    def _entry_for_pin(self, asking: Asking) -> Entry:
        """Return an entry in which the home's number is typed already; empty for who has no home."""
        policy = self._state.snapshot.policy if self._state.snapshot is not None else None
        person = policy.persons.get(asking.person_id) if policy is not None else None
        home = policy.homes.get(person.home_id or "") if policy is not None and person is not None else None
        if home is None:
            return Entry()
        return Entry(typed_number(home.number), in_secret=True, last_key_seconds=self._now())

    def _key_of_pin(self, desk: LaneDesk, asking: Asking, key: str, read_at_ns: int) -> None:
        if not desk.keypad.entry.secret:
            desk.keypad.entry = self._entry_for_pin(asking)
        if not desk.keypad.entry.home:
            return  # staff without a home have no PIN
        ended = desk.keypad.press(key, self._now())
        if ended and desk.keypad.entry.secret:
            self._number_typed(desk, read_at_ns)
        else:
            screen, seconds = SCREENS[asking.step]
            desk.screen.show(screen, self._now(), seconds=seconds)

    # -- answers ---------------------------------------------------------------------------------

    def _yes(self, desk: LaneDesk, asking: Asking) -> None:
        snapshot = self._state.snapshot
        if snapshot is None:
            desk.rest()
            return
        if asking.consent_id is not None:
            record = snapshot.face_roster.get(asking.person_id)
            if record is None or record.consent_id != asking.consent_id:
                self._let_in(desk, asking, "face_refused")
            else:
                self._enrol(desk, asking, record)
            return
        newest = self._newest(snapshot, asking)
        offer = snapshot.face_offers.get(asking.person_id)
        if offer is None or offer.on_phone:
            self._let_in(desk, asking, "face_refused" if offer is None else "face_on_phone")
        elif newest is not None:
            self._go_on(desk, with_notice(asking, newest), Answer.NONE)
        elif not self._state.online:
            self._let_in(desk, asking, "face_needs_office")
        else:
            self._record_answer(desk, asking, "yes")
            asked = dataclasses.replace(asking, step=Step.OFFICE, confirmed_seconds=self._now())
            self._go_on(desk, asked, Answer.NONE)

    @staticmethod
    def _newest(snapshot: PolicySnapshot, asking: Asking) -> FaceNoticeRecord | None:
        """Return the notice that has taken the place of the one that was read, if one has."""
        if asking.notice is None:
            return None
        newest = snapshot.face_notices.get(asking.notice.language)
        return newest if newest is not None and newest.sha256 != asking.notice.sha256 else None

    def _enrol(self, desk: LaneDesk, asking: Asking, record: FaceRecord) -> None:
        desk.dialog.asking = dataclasses.replace(asking, step=Step.ENROL)
        self._parts.faces.enrol(desk, record, self._now())

    def _withdraw(self, desk: LaneDesk, asking: Asking) -> None:
        """Delete the face here before any other dialog begins; the office ends the consent on the event."""
        snapshot, consent_id = self._state.snapshot, asking.consent_id
        if snapshot is None or consent_id is None:
            return
        self._record_answer(desk, asking, "withdraw")
        roster = {key: one for key, one in snapshot.face_roster.items() if key != asking.person_id}
        self._state.snapshot = dataclasses.replace(snapshot, face_roster=roster)
        self._parts.keeper.withdraw(asking.person_id, consent_id)
        self._parts.nudge_sync()
        self._let_in(desk, asking, "forgotten")

    def _record_answer(self, desk: LaneDesk, asking: Asking, answer: str) -> None:
        notice = asking.notice
        if notice is None and self._state.snapshot is not None:
            notice = self._state.snapshot.face_notices.get(desk.screen.language)
        facts: Facts = {
            "lane_id": desk.lane_id,
            "answer": answer,
            "notice_version": notice.version if notice is not None else 0,
            "notice_sha256": notice.sha256.hex() if notice is not None else "",
            "language": notice.language if notice is not None else desk.screen.language,
            "shown_by": (asking.confirmed_by if answer == "yes" else asking.claim.method).value,
        }
        personal: Facts = {"person_id": asking.person_id}
        if answer == "yes":
            personal = {**personal, "credential_id": asking.confirmed_credential_id}
        if asking.guardian_id is not None:
            personal = {
                **personal, "guardian_id": asking.guardian_id,
                "guardian_credential_id": asking.guardian_credential_id,
            }
        if asking.consent_id is not None:
            personal = {**personal, "consent_id": asking.consent_id}
        self._write(EventKind.FACE_ANSWER, facts, personal)

    def _write(self, kind: EventKind, facts: Facts, personal: Facts) -> None:
        """Write one entry, with a silent alarm that waits in the same write, so that it cannot be timed."""
        silent, self._silent = self._silent, None
        self._parts.journal.append(kind, facts, personal, self._parts.clock.now(), silent=silent)
        self._parts.nudge_sync()

    def _let_in(self, desk: LaneDesk, asking: Asking, message: str, mend: str = "") -> None:
        """Open for the credential that began the dialog, if the rules still allow it; show the result."""
        desk.dialog.end()
        if not asking.may_let_in(self._now()):
            desk.show_result(Screen.SHOW_CARD, self._now(), seconds=ASK_SECONDS, message=message, mend=mend)
            return
        decision = self._present(desk.lane_id, asking.claim, asking.home_number)
        if decision.opens and desk.screen.shows is Screen.GRANTED and message:
            desk.screen.show_longer(RESULT_SECONDS * (2 if mend else 1), message, mend)
