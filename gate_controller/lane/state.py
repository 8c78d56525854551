"""State of one lane between its devices, its screen and a person: no rules, no devices.

    LaneDesk ─┬─ Door          the door, from its contact (`door.py`)
              ├─ KeypadState   the number that is being typed
              ├─ ScreenState   what the screen shows, in which language and how fast
              ├─ CameraState   what the camera does, and how far a look is
              ├─ CallDesk      calls to homes (`call_desk.py`)
              ├─ SoundDesk     their sound and picture (`sound_desk.py`)
              └─ DialogState   what the person has asked for, is asked, and has shown first

The controller owns one desk a lane and changes it from its own thread only; times are monotonic seconds.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from gate_controller.contract.languages import DEFAULT_LANGUAGE
from gate_controller.contract.records import Method
from gate_controller.lane.call_desk import SPEAK, CallDesk
from gate_controller.lane.door import Door
from gate_controller.lane.face_dialog import Dialog
from gate_controller.lane.keypad_entry import FORGOTTEN_AFTER_SECONDS, Entry, press
from gate_controller.lane.sound_desk import SoundDesk
from gate_controller.terminal.view import CameraTrouble, HelpCall, Screen, TerminalView

RESULT_SECONDS = 4.0
ASK_SECONDS = 20.0
SECOND_METHOD_SECONDS = 30.0
"""How long the first of two ways in counts: time to find the phone or to type."""
SECOND_METHOD = "second_method"
SLOWER_FACTOR = 3.0
HELP_SHOWN_SECONDS = 60.0
CHOICES_KEPT_SECONDS = 60.0
"""How long a gate at rest keeps the language and pace of the person before."""
SAME_CODE_SECONDS = 2.0
MISSED_SECONDS = 60.0
"""Within which who was not recognised shows their card, or is recognised at the second look."""
TRY_AGAIN_SECONDS = 300.0
"""After this face is offered again, since only a look can show that the camera sees again."""

RESULT_SCREENS = frozenset({Screen.GRANTED, Screen.REFUSED, Screen.DONE, Screen.FAULT, Screen.DELAYED})
FACE_SCREENS = frozenset({Screen.FACE_LOOKING, Screen.FACE_ENROL})
TIMED_SCREENS = frozenset(
    {
        Screen.DELAYED,
        Screen.FACE_LOOKING,
        Screen.FACE_ENROL,
        Screen.SHOW_CODE,
        Screen.FACE_GUARDIAN,
    }
)
"""The screens on which the seconds run."""
NOT_PROLONGED = FACE_SCREENS | {Screen.DELAYED, Screen.WAITING, Screen.FACE_OFFICE, Screen.IDLE}
"""The screens whose end is not the person's: what a look, a lock-out or the office takes stays as it is."""


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


@dataclass(frozen=True, slots=True)
class MissedLook:
    """A look that found none of these people, and until when one of them may come in another way."""

    person_ids: frozenset[str]
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
class ScreenState:
    """Contents of a lane's screen, their end, and the way the person there reads them."""

    shows: Screen = Screen.IDLE
    message: str = ""
    mend: str = ""
    """Advice to the person for the next look; shown with its result alone."""
    until_seconds: float = 0.0
    offered: tuple[Method, ...] = ()
    """The methods that the screen offered last."""
    read_aloud: bool = False
    language: str = DEFAULT_LANGUAGE
    slower: bool = False
    help_until_seconds: float = 0.0
    help_call: HelpCall = HelpCall.NONE
    chosen_seconds: float = 0.0
    """When a language or a pace was chosen last."""
    own_language: str = field(init=False)
    """The gate's own, in which it speaks to the next person."""

    def __post_init__(self) -> None:
        """Keep the language that the gate begins with."""
        self.own_language = self.language

    def patient(self, seconds: float) -> float:
        """Return a time for the person at this lane: three times as long for who asked for more."""
        return seconds * (SLOWER_FACTOR if self.slower else 1.0)

    def show(
        self, screen: Screen, now_seconds: float, *, seconds: float, message: str = "", mend: str = ""
    ) -> None:
        """Put a screen up for some seconds, three times as many for who asked for more time."""
        self.shows, self.message, self.mend = screen, message, mend
        self.until_seconds = now_seconds + self.patient(seconds)

    def change_pace(self, now_seconds: float) -> None:
        """Give three times as long from now on, also for what is shown already; or the usual time again."""
        self.slower, self.chosen_seconds = not self.slower, now_seconds
        left_seconds = self.until_seconds - now_seconds
        if self.slower and left_seconds > 0 and self.shows not in NOT_PROLONGED:
            self.until_seconds = now_seconds + self.patient(left_seconds)

    def speak(self, language: str, now_seconds: float) -> None:
        """Speak another language from now on."""
        self.language, self.chosen_seconds = language, now_seconds

    def person_has_left(self, now_seconds: float) -> bool:
        """Return to the gate's own language and pace a minute after the last screen; return whether it did.

        The next person did not choose them, and may not read the language that would lead back.
        """
        used_seconds = max(self.chosen_seconds, self.until_seconds, self.help_until_seconds)
        is_chosen = self.slower or self.language != self.own_language
        has_left = is_chosen and now_seconds - used_seconds >= self.patient(CHOICES_KEPT_SECONDS)
        if has_left:
            self.language, self.slower = self.own_language, False
        return has_left

    def show_longer(self, seconds: float, message: str, mend: str) -> None:
        """Add a message to what is shown, and seconds to read it."""
        self.message, self.mend = message, mend
        self.until_seconds += seconds

    def clear(self) -> None:
        """Return to the methods; the language and the time a person asked for stay for a minute."""
        self.shows, self.message, self.mend, self.read_aloud = Screen.IDLE, "", "", False


@dataclass(slots=True)
class CameraState:
    """State of a lane's camera, and the progress of the look through it."""

    mode: Literal["closed", "codes_only", "looking"] = "closed"
    looks: int = 0
    """How many looks through the camera were begun and have not ended; a cancelled one ends late."""
    hands_free: bool = False
    """True while the camera is open for codes without a request, as the site chose."""
    trouble: CameraTrouble = ""
    try_again_seconds: float = 0.0
    prompt: str = ""
    """The movement that the face session asks of the person."""
    lamp: bool = False
    """True while the screen is to give light to a face session in the dark."""
    steps_done: int = 0
    steps_needed: int = 0
    last_code: str = ""
    last_code_until_seconds: float = 0.0
    looked_for: frozenset[str] = frozenset()
    """Of the last look at a face: the people who could have been found."""
    missed: MissedLook | None = None

    @property
    def shown(self) -> Literal["closed", "codes_only", "looking"]:
        """Return what the gate's own program does with the camera, in the screen's word."""
        return "codes_only" if self.mode == "closed" and self.hands_free else self.mode

    def look_begins(self, mode: Literal["codes_only", "looking"]) -> None:
        """Show what the camera does, until as many looks have ended as have begun."""
        self.mode = mode
        self.looks += 1

    def look_ended(self) -> None:
        """Show the camera closed once no look is left."""
        self.looks -= 1
        self.mode = self.mode if self.looks else "closed"
        self.prompt, self.lamp = "", False

    def found_no_one(self, now_seconds: float) -> None:
        """Remember for a minute who was looked for and not found."""
        self.missed = MissedLook(self.looked_for, now_seconds + MISSED_SECONDS)
        self.looked_for = frozenset()

    def was_missed(self, person_id: str | None, now_seconds: float) -> bool:
        """Return whether a person who comes in now was looked for a moment ago and not found; forget it."""
        missed, self.missed = self.missed, None
        return missed is not None and person_id in missed.person_ids and now_seconds < missed.until_seconds

    def clear(self) -> None:
        """Show no steps and give no light."""
        self.steps_done = self.steps_needed = 0
        self.lamp = False

    def becomes(self, trouble: CameraTrouble, now_seconds: float) -> None:
        """Take what the camera's pictures show of it: it does not see, or sees again."""
        self.trouble = trouble
        self.tried(now_seconds)

    def tried(self, now_seconds: float) -> None:
        """Count a try at a camera in trouble: one try, unless it shows that the camera sees."""
        self.try_again_seconds = now_seconds + TRY_AGAIN_SECONDS

    def sees(self, now_seconds: float) -> bool:
        """Return whether a face may be looked for: no trouble is known, or it is time to try again.

        A camera that is open for codes reports when it sees again.
        """
        may_try = not self.hands_free and now_seconds >= self.try_again_seconds
        return not self.trouble or may_try

    def code_opened(self, text: str, now_seconds: float) -> None:
        """Remember a code that has been answered."""
        self.last_code, self.last_code_until_seconds = text, now_seconds + SAME_CODE_SECONDS

    def is_same_code(self, text: str, now_seconds: float) -> bool:
        """Return whether a phone is still held there: its code is read several times and answered once."""
        return text == self.last_code and now_seconds < self.last_code_until_seconds


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
    """The changing part of one lane."""

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

    def _screen(self, standing: Screen) -> Screen:
        if self.screen.shows is not Screen.IDLE:
            return self.screen.shows
        called = self.calls.screen
        return standing if called is None or standing is Screen.FIRE else called

    def _message(self, *, is_call: bool) -> str:
        if not is_call:
            return self.screen.message
        return self.calls.message or (SPEAK if self.sound.speaks else "")

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
            calls_offered=self.calls.is_offered,
            call=self.calls.shown(screen),
            slower=state.slower,
            lane_name=lane_name,
            language=state.language,
        )
