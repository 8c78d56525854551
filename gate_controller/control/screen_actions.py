"""Carry out the presses on a lane's screen, and the same by number where there is a keypad alone, or by the
code of a courier."""

from gate_controller.contract.calls import CallFor
from gate_controller.contract.passes import home_of_courier_code
from gate_controller.contract.records import Method
from gate_controller.control.face_dialog import FaceDialog
from gate_controller.control.face_recognition import FaceRecognition
from gate_controller.control.guard_calls import GuardCalls
from gate_controller.control.home_calls import HomeCalls
from gate_controller.control.parts import GateParts
from gate_controller.control.presentations import Presentations
from gate_controller.lane.face_dialog import READ_ALOUD_KEY
from gate_controller.lane.state import ASK_SECONDS, RESULT_SECONDS, Intent, LaneDesk
from gate_controller.rules.decision import Claim
from gate_controller.terminal.view import (
    CLEAR_KEY,
    ENTER_KEY,
    CallPressed,
    CancelPressed,
    ConfirmPressed,
    DeclinePressed,
    ForgotCardPressed,
    HelpPressed,
    LanguagePressed,
    ListPressed,
    MethodPressed,
    OwnFacePressed,
    Screen,
    SlowerPressed,
    TerminalAction,
)

OWN_FACE_KEY = "5"
FORGOT_CARD_KEY = "6"
CALL_KEYS = {"7": CallFor.HOME, "8": CallFor.COURIER}
HELP_KEY = "9"
MENU = {str(number): method for number, method in enumerate(Method, 1)}
"""The number of each method on a keypad, the same at every lane."""
TWICE_SECONDS = 3.0
FREE_SCREENS = frozenset(
    {
        Screen.IDLE,
        Screen.SHOW_CARD,
        Screen.FORGOT_CARD,
        Screen.TYPING_HOME,
        Screen.SHOW_CODE,
        Screen.GRANTED,
        Screen.REFUSED,
        Screen.DELAYED,
        Screen.DONE,
    }
)
"""The screens that a person may leave for the numbers: no look runs, no question is asked."""


class ScreenActions:
    """Presses become changes of a lane's desk, or the start of a look through the camera."""

    def __init__(
        self,
        parts: GateParts,
        presentations: Presentations,
        dialog: FaceDialog,
        recognition: FaceRecognition,
        guard_calls: GuardCalls,
        home_calls: HomeCalls,
    ) -> None:
        self._parts = parts
        self._presentations = presentations
        self._dialog = dialog
        self._recognition = recognition
        self._guard_calls = guard_calls
        self._home_calls = home_calls

    def handle(self, lane_id: str, action: TerminalAction) -> None:
        """Do what one press asks; keys are for the keypad (`keypad.py`)."""
        desk, now = self._parts.desks[lane_id], self._parts.clock.monotonic_seconds()
        match action:
            case MethodPressed(method):
                self._method(desk, method, now)
            case ForgotCardPressed():
                self._cancel(desk)
                desk.screen.show(Screen.FORGOT_CARD, now, seconds=ASK_SECONDS)
            case ConfirmPressed():
                self._presentations.admit(lane_id, self._dialog.answered(desk, yes=True))
            case DeclinePressed():
                self._presentations.admit(lane_id, self._dialog.answered(desk, yes=False))
            case OwnFacePressed():
                self._own_face(desk, now)
            case CancelPressed():
                self._leave(desk, now)
            case CallPressed(purpose):
                self._ask_home(desk, purpose, now)
            case ListPressed() if desk.calls.entries and desk.screen.shows is Screen.CALL_NUMBER:
                desk.screen.show(Screen.CALL_LIST, now, seconds=ASK_SECONDS)
            case HelpPressed():
                self._call_help(desk, now)
            case LanguagePressed(language):
                desk.screen.speak(language, now)
                self._dialog.language_chosen(desk)
            case SlowerPressed():
                self._change_pace(desk, now)

    def key_chooses(self, desk: LaneDesk, key: str) -> bool:
        """Choose a method by its number, where there is a keypad alone; return whether the key did that.

        Two enters show the numbers wherever nothing is typed, so that `##9` calls help after a refusal too.
        One alone does nothing, for many press it by habit.
        """
        now = self._parts.clock.monotonic_seconds()
        if desk.screen.shows is Screen.CHOOSE:
            self._chosen(desk, key, now)
            return True
        if self._is_of_call(desk, key, now):
            return True
        if key != ENTER_KEY or desk.screen.shows not in FREE_SCREENS or not desk.keypad.entry.is_empty:
            desk.keypad.menu_until_seconds = 0.0
            return False
        self._enter(desk, now)
        return True

    def _enter(self, desk: LaneDesk, now: float) -> None:
        """Show the numbers at the second enter of two."""
        if now < desk.keypad.menu_until_seconds:
            self._cancel(desk)
            desk.screen.show(Screen.CHOOSE, now, seconds=ASK_SECONDS)
        desk.keypad.menu_until_seconds = now + TWICE_SECONDS

    def _chosen(self, desk: LaneDesk, key: str, now: float) -> None:
        if key == READ_ALOUD_KEY:
            desk.screen.read_aloud = True
        elif key in MENU and MENU[key] in desk.screen.offered:
            self._method(desk, MENU[key], now)
        elif key == HELP_KEY:
            self._call_help(desk, now)
        elif key in CALL_KEYS and desk.calls.is_offered:
            self._ask_home(desk, CALL_KEYS[key], now)
        elif key == FORGOT_CARD_KEY:
            desk.screen.show(Screen.FORGOT_CARD, now, seconds=ASK_SECONDS)
        elif key == OWN_FACE_KEY and Method.FACE in desk.screen.offered:
            self._own_face(desk, now)
        elif key == CLEAR_KEY:
            desk.rest()

    # -- calls to homes ----------------------------------------------------------------------------

    def _ask_home(self, desk: LaneDesk, purpose: CallFor, now: float) -> None:
        """Ask which home is called; while a call goes on at this lane, that call is shown."""
        if not desk.calls.is_offered or desk.calls.is_live:
            return
        self._leave(desk, now)
        desk.calls.choose(purpose)
        self._parts.call_reports.ask_directory(desk.lane_id)
        desk.screen.show(Screen.CALL_NUMBER, now, seconds=ASK_SECONDS)

    def code_shown(self, lane_id: str, text: str) -> None:
        """Call the home of a courier's code, as if it was typed; present every other code."""
        desk, now = self._parts.desks[lane_id], self._parts.clock.monotonic_seconds()
        home = home_of_courier_code(text)
        if home is None or not desk.calls.is_offered:
            self._presentations.code_shown(lane_id, text)
            return
        is_held_there = desk.camera.is_same_code(text, now)
        desk.camera.code_opened(text, now)
        if is_held_there or desk.calls.is_live:
            return
        self._leave(desk, now)
        desk.calls.choose(CallFor.COURIER)
        self._call(desk, home, home, now)

    def _is_of_call(self, desk: LaneDesk, key: str, now: float) -> bool:
        """Take a key of the home's number or of the list, or the one that leaves the call."""
        shows = desk.screen.shows
        if shows is Screen.CALL_NUMBER:
            self._number_key(desk, key, now)
        elif shows is Screen.CALL_LIST:
            self._list_key(desk, key, now)
        elif key == CLEAR_KEY and desk.shows_call and desk.keypad.entry.is_empty:
            # Digits begin a PIN beside a call too: the number of a home may begin with the key of help.
            self._leave(desk, now)
        else:
            return False
        return True

    def _number_key(self, desk: LaneDesk, key: str, now: float) -> None:
        calls = desk.calls
        if calls.typed_key(key):
            desk.screen.show(Screen.CALL_NUMBER, now, seconds=ASK_SECONDS)
        elif key == ENTER_KEY and calls.typed:
            self._call(desk, calls.typed, calls.typed, now)
        elif key == ENTER_KEY and calls.entries:
            desk.screen.show(Screen.CALL_LIST, now, seconds=ASK_SECONDS)
        elif key == ENTER_KEY:
            # Help is two enters and its key wherever nothing is typed, also for who cannot see the screen.
            self._enter(desk, now)
        elif key == CLEAR_KEY:
            desk.rest()

    def _list_key(self, desk: LaneDesk, key: str, now: float) -> None:
        entry = desk.calls.picked(key)
        if entry is not None:
            self._call(desk, entry.home, entry.shown, now)
            return
        if key == HELP_KEY:
            # An enter turns the page here: two and the key of help end here too.
            self._call_help(desk, now)
            return
        if key == CLEAR_KEY:
            desk.screen.show(Screen.CALL_NUMBER, now, seconds=ASK_SECONDS)
            return
        if key == ENTER_KEY:
            desk.calls.turn_page()
        desk.screen.show(Screen.CALL_LIST, now, seconds=ASK_SECONDS)

    def _call(self, desk: LaneDesk, home: str, shown: str, now: float) -> None:
        desk.rest()
        self._home_calls.begin(desk, home, shown, now)

    def _leave(self, desk: LaneDesk, now: float) -> None:
        """Cancel the activity at this lane; on the screen of a call, the call."""
        if desk.shows_call:
            self._home_calls.cancel(desk, now)
        self._cancel(desk)

    def _change_pace(self, desk: LaneDesk, now: float) -> None:
        desk.screen.change_pace(now)
        if desk.screen.slower and desk.screen.shows is Screen.SHOW_CODE:
            # The camera is open for a code for as long as the screen asks for one.
            self._method(desk, Method.QR, now)

    def _cancel(self, desk: LaneDesk) -> None:
        self._parts.code_looks.cancel(desk.lane_id)
        self._parts.faces.cancel(desk.lane_id)
        desk.rest()

    def _call_help(self, desk: LaneDesk, now: float) -> None:
        """Call the guard by telephone, else by an alarm, and show on the screen how that goes.

        A call to a home ends with it: the guard gets the telephone and the person's ear.
        """
        self._home_calls.cancel(desk, now, for_help=True)
        self._guard_calls.help_pressed(desk, now)

    def _own_face(self, desk: LaneDesk, now: float) -> None:
        """Ask for the person's own card or PIN, with the camera shut."""
        self._cancel(desk)
        if self._may_look(desk, now):
            desk.dialog.intent = Intent.OWN_FACE
            desk.screen.show(Screen.TYPING_HOME, now, seconds=ASK_SECONDS, message="own_card_or_pin")

    def _may_look(self, desk: LaneDesk, now: float) -> bool:
        faces = self._parts.faces
        ready = faces.ready_at(desk.lane_id) and not faces.looks_elsewhere(desk.lane_id)
        return ready and desk.may_look(now)

    def _method(self, desk: LaneDesk, method: Method, now: float) -> None:
        self._cancel(desk)
        match method:
            case Method.CARD:
                desk.screen.show(Screen.SHOW_CARD, now, seconds=ASK_SECONDS)
            case Method.PIN:
                desk.screen.show(Screen.TYPING_HOME, now, seconds=ASK_SECONDS)
            case Method.QR:
                self._ask_code(desk, now)
            case Method.FACE if self._may_look(desk, now):
                desk.camera.tried(now)
                desk.dialog.intent = Intent.FACE
                if (person_id := self._recognition.shown_first(desk)) is not None:
                    self._refused(desk, self._recognition.compare(desk, person_id))
                elif self._parts.faces.only_beside:
                    desk.screen.show(Screen.SHOW_CARD, now, seconds=ASK_SECONDS, message="face_after_card")
                elif person_ids := self._recognition.all_of_lane(desk.lane_id):
                    self._refused(desk, self._recognition.look(desk, person_ids))
                else:
                    desk.screen.show(Screen.TYPING_HOME, now, seconds=ASK_SECONDS, message="home_for_face")
            case _:
                desk.screen.show(Screen.REFUSED, now, seconds=RESULT_SECONDS, message="face_unavailable")

    def _ask_code(self, desk: LaneDesk, now: float) -> None:
        """Ask for a code where something can read it: in a call with picture the camera cannot."""
        is_lent, has_scanner = desk.sound.is_lent, desk.lane_id in self._parts.lanes_with_scanner
        if is_lent and not has_scanner:
            desk.screen.show(Screen.REFUSED, now, seconds=RESULT_SECONDS, message="camera_of_call")
            return
        to_scanner = has_scanner and (is_lent or bool(desk.camera.trouble))
        message = "code_to_scanner" if to_scanner else ""
        desk.screen.show(Screen.SHOW_CODE, now, seconds=ASK_SECONDS, message=message)
        if not is_lent:
            seconds = max(1.0, desk.screen.until_seconds - self._parts.clock.monotonic_seconds())
            self._parts.code_looks.begin(desk.lane_id, desk.camera, seconds)

    def _refused(self, desk: LaneDesk, refused: Claim | None) -> None:
        """Record a look that did not begin, because face waits here."""
        if refused is not None:
            self._presentations.present(desk.lane_id, refused)
