"""Take the keys typed at a lane's keypad or screen, and hash the number they end with."""

import logging
import queue

from gate_controller.contract.records import Method
from gate_controller.control.face_dialog import FaceDialog
from gate_controller.control.face_recognition import FaceRecognition
from gate_controller.control.messages import Message, TypedHashed
from gate_controller.control.parts import GateParts, GateState
from gate_controller.control.presentations import Presentations
from gate_controller.control.refusals import refuse_without_policy
from gate_controller.control.screen_actions import ScreenActions
from gate_controller.lane.attempts import Attempts
from gate_controller.lane.face_dialog import READ_ALOUD_KEY
from gate_controller.lane.keypad_entry import FORGOTTEN_AFTER_SECONDS
from gate_controller.lane.screen_state import RESULT_SCREENS
from gate_controller.lane.state import Intent, LaneDesk
from gate_controller.rules.decision import Claim, Reason
from gate_controller.rules.identify import hash_typed
from gate_controller.terminal.view import Screen

log = logging.getLogger(__name__)

TYPING_SECONDS = 20.0
AT_REST = RESULT_SCREENS | {Screen.IDLE}
"""The screens on which a number begins: the result before it is still shown for seconds."""


class Keypad:
    """The keys of all lanes of a gate; used from the controller's thread only."""

    def __init__(
        self,
        parts: GateParts,
        state: GateState,
        inbox: "queue.SimpleQueue[Message]",
        attempts: Attempts,
        presentations: Presentations,
        screen_actions: ScreenActions,
        dialog: FaceDialog,
        recognition: FaceRecognition,
    ) -> None:
        """Remember the parts; `inbox` gets what was hashed."""
        self._parts = parts
        self._state = state
        self._inbox = inbox
        self._attempts = attempts
        self._presentations = presentations
        self._screen_actions = screen_actions
        self._dialog = dialog
        self._recognition = recognition

    def key_pressed(self, lane_id: str, key: str, read_at_ns: int) -> None:
        """Take one key: for the dialog about a face, for the menu, or of a number."""
        desk = self._parts.desks[lane_id]
        if desk.dialog.asking is not None:
            if self._dialog.is_of_pin(desk, key):
                if self._dialog.pin_key_pressed(desk, key):
                    self._number_typed(desk, read_at_ns)
            else:
                self._presentations.admit(lane_id, self._dialog.key_pressed(desk, key))
        elif not self._screen_actions.key_chooses(desk, key):
            self._key_of_number(desk, key, read_at_ns)

    def _key_of_number(self, desk: LaneDesk, key: str, read_at_ns: int) -> None:
        now_seconds = self._parts.clock.monotonic_seconds()
        if desk.screen.shows is Screen.FACE_LOOKING:
            # Typing instead of being looked at: the look without a number ends, or that for another home.
            self._parts.faces.cancel(desk.lane_id)
        reads = key == READ_ALOUD_KEY and desk.screen.shows in AT_REST
        patience = desk.screen.patient(FORGOTTEN_AFTER_SECONDS)
        snapshot = self._state.snapshot
        homes = snapshot.policy.home_ids_by_number if snapshot is not None else {}
        ended = desk.keypad.press(
            key, now_seconds, homes=homes, zero_reads=reads, forgotten_after_seconds=patience
        )
        entry = desk.keypad.entry
        if entry.is_empty:
            desk.rest()
            return
        screen = Screen.TYPING_PIN if entry.in_secret else Screen.TYPING_HOME
        # It stays while the number is typed: another message would begin to be read at the first digit.
        message = "zero_reads" if entry.after_zero and not entry.in_secret else ""
        desk.screen.show(screen, now_seconds, seconds=TYPING_SECONDS, message=message)
        desk.screen.read_aloud = desk.screen.read_aloud or reads
        if entry.in_secret and not entry.secret and desk.dialog.intent is Intent.FACE:
            refused = self._recognition.for_home(desk)
            if refused is not None:
                self._presentations.present(desk.lane_id, refused)
        elif ended:
            self._number_typed(desk, read_at_ns)

    def _number_typed(self, desk: LaneDesk, read_at_ns: int) -> None:
        entry, lane_id = desk.keypad.taken(), desk.lane_id
        now_seconds = self._parts.clock.monotonic_seconds()
        if self._state.snapshot is None or self._state.keys is None:
            refuse_without_policy(self._parts, lane_id, Method.PIN)
        elif self._attempts.seconds_to_wait(Method.PIN, lane_id, entry.home, now_seconds):
            # Checked before the hash, so that guessing costs the gate nothing.
            claim = Claim(Method.PIN, refusal=Reason.METHOD_DELAYED)
            self._presentations.present(lane_id, claim, entry.home)
        elif not entry.is_complete:
            self._presentations.present(lane_id, Claim(Method.PIN, refusal=Reason.PIN_WRONG), entry.home)
        else:
            policy, keys = self._state.snapshot.policy, self._state.keys
            desk.screen.show(Screen.WAITING, now_seconds, seconds=5.0)

            def hash_in_worker() -> None:
                try:
                    tag = hash_typed(entry.home, entry.secret, policy, keys)
                except Exception:
                    # An empty tag matches no credential, so that the refusal is still decided and recorded.
                    log.exception("lane %s: a typed number could not be hashed", lane_id)
                    tag = b""
                self._inbox.put(TypedHashed(lane_id, entry.home, tag, read_at_ns))

            self._parts.hasher.submit(hash_in_worker)
