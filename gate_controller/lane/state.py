"""State of one lane between its devices, its screen and a person: no rules, no devices.

    LaneDesk ─┬─ Door          the door, from its contact (`door.py`)
              ├─ KeypadState   the number that is being typed
              ├─ ScreenState   what the screen shows, in which language and how fast (`screen_state.py`)
              ├─ CameraState   what the camera does, and how far a look is (`camera_state.py`)
              ├─ CallDesk      calls to homes (`call_desk.py`)
              ├─ SoundDesk     their sound and picture (`sound_desk.py`)
              └─ DialogState   what the person has asked for, is asked, and has shown first

The controller owns one desk a lane and changes it from its own thread only; times are monotonic seconds.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from gate_controller.contract.records import Method
from gate_controller.lane.call_desk import CallDesk
from gate_controller.lane.camera_state import CameraState
from gate_controller.lane.door import Door
from gate_controller.lane.face_dialog import Dialog
from gate_controller.lane.keypad_entry import FORGOTTEN_AFTER_SECONDS, Entry, press
from gate_controller.lane.screen_state import FACE_SCREENS, RESULT_SCREENS, TIMED_SCREENS, ScreenState
from gate_controller.lane.sound_desk import SoundDesk
from gate_controller.terminal.view import HelpCall, Screen, TerminalView

RESULT_SECONDS = 4.0
ASK_SECONDS = 20.0
SECOND_METHOD_SECONDS = 30.0
"""How long the first of two ways in counts: time to find the phone or to type."""
SECOND_METHOD = "second_method"
HELP_SHOWN_SECONDS = 60.0


class Intent(StrEnum):
    """Request of the person at this lane, beside showing something to a reader."""

    NOTHING = "nothing"
    FACE = "face"
    OWN_FACE = "own_face"
    """To add or take back their own face: no search."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A person who was granted and has not been seen to pass yet."""

    person_id: str
    direction: Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class ShownFirst:
    """Methods that a person with a two-method request has shown here, and until when they count."""

    person_id: str
    methods: frozenset[Method]
    until_seconds: float


@dataclass(slots=True)
class KeypadState:
    """Digits typed at a lane's keypad or on its screen."""

    entry: Entry = field(default_factory=Entry)
    menu_until_seconds: float = 0.0
    """Until when a second enter on a keypad at rest shows the methods by number."""

    def press(
        self,
        key: str,
        now_seconds: float,
        *,
        homes: Container[str] = (),
        zero_reads: bool = False,
        forgotten_after_seconds: float = FORGOTTEN_AFTER_SECONDS,
    ) -> bool:
        """Add a key to the entry (`keypad_entry.press`); return whether `#` just ended its last part."""
        self.entry, ended = press(
            self.entry,
            key,
            now_seconds,
            homes=homes,
            zero_reads=zero_reads,
            forgotten_after_seconds=forgotten_after_seconds,
        )
        return ended

    def taken(self) -> Entry:
        """Return the entry and forget its digits."""
        entry, self.entry = self.entry, Entry(last_key_seconds=self.entry.last_key_seconds)
        return entry

    def clear(self) -> None:
        """Forget what was typed."""
        self.entry = Entry()


@dataclass(slots=True)
class DialogState:
    """Dialog between a lane and one person over more than one presentation."""

    intent: Intent = Intent.NOTHING
    asking: Dialog | None = None
    """The person who is asked about their own face, and how far that is."""
    shown_first: ShownFirst | None = None

    def end(self) -> None:
        """Ask nothing and expect nothing; what was shown first still counts."""
        self.intent, self.asking = Intent.NOTHING, None

    def shown_before(self, now_seconds: float) -> dict[str, frozenset[Method]]:
        """Return by person the methods that were shown here in the moments before."""
        first = self.shown_first
        if first is None or now_seconds >= first.until_seconds:
            return {}
        return {first.person_id: first.methods}

    def shown(self, person_id: str, method: Method, now_seconds: float, seconds: float) -> None:
        """Keep the method shown for so many seconds, for a second one to follow."""
        methods = self.shown_before(now_seconds).get(person_id, frozenset()) | {method}
        self.shown_first = ShownFirst(person_id, methods, now_seconds + seconds)


@dataclass(slots=True)
class LaneDesk:
    lane_id: str
    door: Door = field(default_factory=Door)
    passage: Passage | None = None
    keypad: KeypadState = field(default_factory=KeypadState)
    screen: ScreenState = field(default_factory=ScreenState)
    camera: CameraState = field(default_factory=CameraState)
    calls: CallDesk = field(default_factory=CallDesk)
    sound: SoundDesk = field(default_factory=SoundDesk)
    dialog: DialogState = field(default_factory=DialogState)

    def rest(self) -> None:
        """Forget what was typed and asked, and return to the methods."""
        self.screen.clear()
        self.keypad.clear()
        self.dialog.end()
        self.camera.clear()
        self.calls.typed = ""

    def show_result(
        self, screen: Screen, now_seconds: float, *, seconds: float, message: str = "", mend: str = ""
    ) -> None:
        """Forget what was typed and asked, and show what came of it."""
        self.rest()
        self.screen.show(screen, now_seconds, seconds=seconds, message=message, mend=mend)

    @property
    def is_used(self) -> bool:
        """Return whether a person types here, is looked at or asked, or is to show the second of two ways."""
        at_rest = self.screen.shows is Screen.IDLE and self.screen.message != SECOND_METHOD
        return not at_rest and self.screen.shows not in RESULT_SCREENS

    def show_beside(self, screen: Screen, now_seconds: float, *, seconds: float, message: str = "") -> None:
        """Show what came of another person's call; who uses the lane goes on undisturbed."""
        if not self.is_used:
            self.show_result(screen, now_seconds, seconds=seconds, message=message)

    def may_look(self, now_seconds: float) -> bool:
        """Return whether the camera may be opened for a face: it sees, and is not lent to a call."""
        return self.camera.sees(now_seconds) and not self.sound.is_lent

    def wants_second(self, person_id: str, method: Method, now_seconds: float) -> None:
        """Keep the method shown until a second follows, and ask for it on the screen."""
        self.dialog.shown(person_id, method, now_seconds, self.screen.patient(SECOND_METHOD_SECONDS))
        self.show_result(Screen.IDLE, now_seconds, seconds=SECOND_METHOD_SECONDS, message=SECOND_METHOD)

    def time_passed(self, now_seconds: float) -> bool:
        """Return to the methods once a screen's time is over; return whether anything changed."""
        screen = self.screen
        is_over = now_seconds >= screen.until_seconds
        if screen.shows is not Screen.IDLE and is_over and self.camera.mode == "closed":
            self.rest()
            screen.slower = False
            return True
        if screen.shows is Screen.IDLE and screen.message and is_over:
            screen.message = ""
            return True
        return screen.shows is Screen.IDLE and screen.person_has_left(now_seconds)

    @property
    def shows(self) -> Screen:
        """Return what is shown but for what the lane's posture puts in place of the ways in."""
        return self._screen(Screen.IDLE)

    @property
    def shows_call(self) -> bool:
        """Return whether the screen is that of a call, which goes on or has ended."""
        return self.shows is self.calls.screen

    def _screen(self, standing: Screen) -> Screen:
        if self.screen.shows is not Screen.IDLE:
            return self.screen.shows
        # Who is to show a second way comes before a call that rings.
        called = None if self.screen.message == SECOND_METHOD else self.calls.screen
        return standing if called is None or standing is Screen.FIRE else called

    def _message(self, *, is_call: bool) -> str:
        return self.calls.line(page_speaks=self.sound.speaks) if is_call else self.screen.message

    def view(
        self,
        now_seconds: float,
        *,
        standing: Screen,
        online: bool,
        clock_sure: bool,
        lane_name: str,
        lost: tuple[Method, ...] = (),
    ) -> TerminalView:
        """Return the whole view; `standing` is what the screen shows at rest, `lost` has no reader."""
        camera, entry, state = self.camera, self.keypad.entry, self.screen
        screen = self._screen(standing)
        is_call = screen is self.calls.screen
        seconds_left = max(0, min(3600, round(state.until_seconds - now_seconds)))
        asking = self.dialog.asking if screen is Screen.FACE_NOTICE else None
        page = asking.pages[asking.page] if asking is not None else None
        return TerminalView(
            screen=screen,
            methods_offered=state.offered,
            methods_lost=lost,
            message=self._message(is_call=is_call),
            mend=state.mend,
            prompt=self.calls.said if is_call else camera.prompt if screen in FACE_SCREENS else "",
            typed_home=entry.home,
            typed_count=len(entry.secret),
            seconds_left=seconds_left if screen in TIMED_SCREENS else None,
            steps_done=camera.steps_done,
            steps_needed=camera.steps_needed,
            notice_field=page.field if page is not None else "",
            notice_text=page.text if page is not None else "",
            notice_page=asking.page + 1 if asking is not None else 0,
            notice_pages=len(asking.pages) if asking is not None else 0,
            lamp=camera.lamp and screen in FACE_SCREENS,
            read_aloud=state.read_aloud,
            camera="call" if self.sound.is_lent else camera.shown,
            sound=self.sound.shown,
            sound_note=self.sound.note,
            camera_trouble=camera.trouble,
            online=online,
            clock_sure=clock_sure,
            help_called=now_seconds < state.help_until_seconds,
            help_call=state.help_call if now_seconds < state.help_until_seconds else HelpCall.NONE,
            calls_offered=self.calls.is_offered and not self.calls.is_live,
            call=self.calls.shown(screen),
            slower=state.slower,
            lane_name=lane_name,
            language=state.language,
        )
