"""Carry out the presses on a lane's screen."""

import logging
import threading
from collections.abc import Callable, Container, Mapping
from concurrent.futures import Executor
from typing import Protocol

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import Method
from gate_controller.control.messages import Message
from gate_controller.face_control.sessions import FaceDesk
from gate_controller.lane.camera_codes import CameraCode, look_for_code
from gate_controller.lane.face_dialog import READ_ALOUD_KEY
from gate_controller.lane.state import ASK_SECONDS, HELP_SHOWN_SECONDS, RESULT_SECONDS, Intent, LaneDesk
from gate_controller.storage.clock import GateClock
from gate_controller.terminal.view import (
    CLEAR_KEY,
    ENTER_KEY,
    CancelPressed,
    ConfirmPressed,
    DeclinePressed,
    HelpPressed,
    KeyTyped,
    LanguagePressed,
    MethodPressed,
    OwnFacePressed,
    Screen,
    SlowerPressed,
    TerminalAction,
)
from hardware.interfaces import Camera

log = logging.getLogger(__name__)

OWN_FACE_KEY = "5"
HELP_KEY = "9"
MENU = {str(number): method for number, method in enumerate(Method, 1)}
"""The number of each way in on a keypad, the same at every lane."""
TWICE_SECONDS = 3.0


class Flow(Protocol):
    """The part of the controller that a press may set going."""

    def key_pressed(self, lane_id: str, key: str, read_at_ns: int) -> None:
        """Take one key."""
        ...

    def face_answered(self, lane_id: str, *, yes: bool) -> None:
        """Take a yes or no in the dialog about a face."""
        ...

    def language_chosen(self, lane_id: str) -> None:
        """Show a notice in the language just chosen."""
        ...

    def look_without_number(self, lane_id: str) -> bool:
        """Look among all faces of the lane where that is allowed; return whether it began."""
        ...

    def record(self, kind: EventKind, facts: Facts, personal: Facts) -> None:
        """Write one entry."""
        ...


class ScreenActions:
    """Presses become changes of a lane's desk, or the start of a look through the camera."""

    def __init__(
        self,
        desks: Mapping[str, LaneDesk],
        cameras: Mapping[str, Camera],
        faces: FaceDesk,
        lookers: Mapping[str, Executor],
        clock: GateClock,
        put: Callable[[Message], None],
        *,
        hands_free: Container[str] = (),
        scanners: Container[str] = (),
    ) -> None:
        """Remember the parts; `cameras` and `lookers` by lane.

        Lanes in `hands_free` look for codes all the time, lanes in `scanners` have a scanner too.

        A lane's looker is the one worker that opens its camera, for codes and for faces, so that one
        look never closes the camera under the next.
        """
        self._desks = desks
        self._cameras = cameras
        self._faces = faces
        self._lookers = lookers
        self._clock = clock
        self._put = put
        self._hands_free = hands_free
        self._scanners = scanners
        self._cancel_look: dict[str, threading.Event] = {}

    def handle(self, lane_id: str, action: TerminalAction, flow: Flow) -> None:
        """Do what one press asks."""
        desk, now = self._desks[lane_id], self._clock.monotonic_seconds()
        match action:
            case KeyTyped(key):
                flow.key_pressed(lane_id, key, int(now * 1e9))
            case MethodPressed(method):
                self._method(desk, method, now, flow)
            case ConfirmPressed():
                flow.face_answered(lane_id, yes=True)
            case DeclinePressed():
                flow.face_answered(lane_id, yes=False)
            case OwnFacePressed():
                self._own_face(desk, now)
            case CancelPressed():
                self.cancel(desk)
            case HelpPressed():
                self._call_help(desk, now, flow)
            case LanguagePressed(language):
                desk.screen.language = language
                flow.language_chosen(lane_id)
            case SlowerPressed():
                desk.screen.slower = not desk.screen.slower

    def key_chooses(self, desk: LaneDesk, key: str, flow: Flow) -> bool:
        """Choose a way in by its number, where there is a keypad alone; return whether the key did that.

        Two enters at rest show the numbers. One alone does nothing, for many press it by habit.
        """
        now = self._clock.monotonic_seconds()
        if desk.screen.shows is Screen.CHOOSE:
            if key == READ_ALOUD_KEY:
                desk.screen.read_aloud = True
            elif key in MENU and MENU[key] in desk.screen.offered:
                self._method(desk, MENU[key], now, flow)
            elif key == HELP_KEY:
                self._call_help(desk, now, flow)
            elif key == OWN_FACE_KEY and Method.FACE in desk.screen.offered:
                self._own_face(desk, now)
            elif key == CLEAR_KEY:
                desk.rest()
            return True
        if key != ENTER_KEY or desk.screen.shows is not Screen.IDLE:
            desk.keypad.menu_until_seconds = 0.0
            return False
        if now < desk.keypad.menu_until_seconds:
            desk.screen.show(Screen.CHOOSE, now, seconds=ASK_SECONDS)
        desk.keypad.menu_until_seconds = now + TWICE_SECONDS
        return True

    def cancel(self, desk: LaneDesk) -> None:
        """Cancel the activity at this lane."""
        if (look := self._cancel_look.get(desk.lane_id)) is not None:
            look.set()
        self._faces.cancel(desk.lane_id)
        desk.rest()

    def _call_help(self, desk: LaneDesk, now: float, flow: Flow) -> None:
        """Call the guard, and show that on the screen for a while."""
        desk.screen.help_until_seconds = now + HELP_SHOWN_SECONDS
        flow.record(EventKind.ALARM_HELP, {"lane_id": desk.lane_id}, {})

    def _own_face(self, desk: LaneDesk, now: float) -> None:
        """Ask for the person's own card or PIN, with the camera shut."""
        self.cancel(desk)
        if self._may_look(desk, now):
            desk.dialog.intent = Intent.OWN_FACE
            desk.screen.show(Screen.TYPING_HOME, now, seconds=ASK_SECONDS, message="own_card_or_pin")

    def _may_look(self, desk: LaneDesk, now: float) -> bool:
        ready = self._faces.ready_at(desk.lane_id) and not self._faces.looks_elsewhere(desk.lane_id)
        return ready and desk.camera.sees(now)

    def _method(self, desk: LaneDesk, method: Method, now: float, flow: Flow) -> None:
        self.cancel(desk)
        match method:
            case Method.CARD:
                desk.screen.show(Screen.SHOW_CARD, now, seconds=ASK_SECONDS)
            case Method.PIN:
                desk.screen.show(Screen.TYPING_HOME, now, seconds=ASK_SECONDS)
            case Method.QR:
                to_scanner = bool(desk.camera.trouble) and desk.lane_id in self._scanners
                message = "code_to_scanner" if to_scanner else ""
                desk.screen.show(Screen.SHOW_CODE, now, seconds=ASK_SECONDS, message=message)
                self._look_for_code(desk)
            case Method.FACE if self._may_look(desk, now):
                desk.camera.tried(now)
                desk.dialog.intent = Intent.FACE
                if flow.look_without_number(desk.lane_id):
                    return
                desk.screen.show(Screen.TYPING_HOME, now, seconds=ASK_SECONDS, message="home_for_face")
            case _:
                desk.screen.show(Screen.REFUSED, now, seconds=RESULT_SECONDS, message="face_unavailable")

    def _look_for_code(self, desk: LaneDesk) -> None:
        camera = self._cameras.get(desk.lane_id)
        if camera is None or desk.lane_id in self._hands_free:
            return
        cancelled = self._cancel_look[desk.lane_id] = threading.Event()
        desk.camera.look_begins("codes_only")
        seconds, lane_id = max(1.0, desk.screen.until_seconds - self._clock.monotonic_seconds()), desk.lane_id

        def look() -> None:
            ended = CameraCode(lane_id, None, 0, trouble="the look ended with an error; see the log")
            try:
                ended = look_for_code(camera, lane_id, seconds, cancelled, self._clock.monotonic_seconds)
            except Exception:
                log.exception("lane %s: a look for a code failed", lane_id)
            finally:
                self._put(ended)

        self._lookers[lane_id].submit(look)
