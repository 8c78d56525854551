"""State of one lane between its devices, its screen and a person: no rules, no devices.

The controller owns one of these a lane and changes it from its own thread only.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from gate_controller.contract.languages import DEFAULT_LANGUAGE
from gate_controller.contract.records import Method
from gate_controller.lane.door import Door
from gate_controller.lane.face_dialog import Asking
from gate_controller.lane.keypad_entry import Entry
from gate_controller.terminal.view import CameraTrouble, Screen, TerminalView

RESULT_SECONDS = 4.0
ASK_SECONDS = 20.0
SECOND_METHOD_SECONDS = 30.0
"""How long the first of two ways in counts: time to find the phone or to type."""
SECOND_METHOD = "second_method"
SLOWER_FACTOR = 3.0
HELP_SHOWN_SECONDS = 60.0

RESULT_SCREENS = frozenset({Screen.GRANTED, Screen.REFUSED, Screen.DONE, Screen.FAULT, Screen.DELAYED})
TYPING_SCREENS = frozenset({Screen.TYPING_HOME, Screen.TYPING_PIN})
FACE_SCREENS = frozenset({Screen.FACE_LOOKING, Screen.FACE_ENROL})


class Intent(StrEnum):
    """What the person at this lane has asked for, beside showing something to a reader."""

    NOTHING = "nothing"
    FACE = "face"
    OWN_FACE = "own_face"
    """To add or take back their own face: no search."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Who was granted and has not been seen to pass yet."""

    person_id: str
    direction: Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class ShownFirst:
    """Methods that a person with a two-method request has shown here, and until when they count."""

    person_id: str
    methods: frozenset[Method]
    until_seconds: float


@dataclass(slots=True)
class LaneDesk:
    """The changing part of one lane; times are monotonic seconds."""

    lane_id: str
    door: Door = field(default_factory=Door)
    entry: Entry = field(default_factory=Entry)
    screen: Screen = Screen.IDLE
    message: str = ""
    mend: str = ""
    """What the person could do better at the next look; shown with its result alone."""
    until_seconds: float = 0.0
    intent: Intent = Intent.NOTHING
    asking: Asking | None = None
    """Who is being asked about their own face, and how far that is."""
    offered: tuple[Method, ...] = ()
    """The ways in that the screen offered last."""
    menu_until_seconds: float = 0.0
    """Until when a second enter on a keypad at rest shows the ways in by number."""
    read_aloud: bool = False
    camera: Literal["closed", "codes_only", "looking"] = "closed"
    looks: int = 0
    """How many looks through the camera were begun and have not ended; a cancelled one ends late."""
    hands_free: bool = False
    """Whether the camera is open for codes without a request, as the site chose."""
    camera_trouble: CameraTrouble = ""
    camera_try_again_seconds: float = 0.0
    prompt: str = ""
    """What the face session asks the person to do."""
    lamp: bool = False
    """Whether the screen is to give light to a face session in the dark."""
    steps_done: int = 0
    steps_needed: int = 0
    language: str = DEFAULT_LANGUAGE
    slower: bool = False
    help_until_seconds: float = 0.0
    is_hashing: bool = False
    last_code: str = ""
    last_code_until_seconds: float = 0.0
    passage: Passage | None = None
    shown_first: ShownFirst | None = None

    @property
    def fire(self) -> bool:
        """Return whether the fire panel's contact is active."""
        return self.door.fire

    def patient(self, seconds: float) -> float:
        """Return a time for the person at this lane: three times as long for who asked for more."""
        return seconds * (SLOWER_FACTOR if self.slower else 1.0)

    def show(
        self, screen: Screen, now_seconds: float, *, seconds: float, message: str = "", mend: str = ""
    ) -> None:
        """Put a screen up for some seconds, three times as many for who asked for more time."""
        self.screen, self.message, self.mend = screen, message, mend
        self.until_seconds = now_seconds + self.patient(seconds)

    def look_begins(self, camera: Literal["codes_only", "looking"]) -> None:
        """Show what the camera does, until as many looks have ended as have begun."""
        self.camera = camera
        self.looks += 1

    def look_ended(self) -> None:
        """Show the camera closed once no look is left."""
        self.looks -= 1
        self.camera = self.camera if self.looks else "closed"
        self.prompt, self.lamp = "", False

    def camera_sees(self, now_seconds: float) -> bool:
        """Return whether a face may be looked for: no trouble is known, or it is time to try again.

        A camera that is open for codes reports when it sees again.
        """
        may_try = not self.hands_free and now_seconds >= self.camera_try_again_seconds
        return not self.camera_trouble or may_try

    def rest(self) -> None:
        """Forget what was typed and asked, and return to the ways in."""
        self.screen, self.message, self.mend = Screen.IDLE, "", ""
        self.entry, self.intent, self.asking = Entry(), Intent.NOTHING, None
        self.steps_done = self.steps_needed = 0
        self.read_aloud = self.lamp = False

    def time_passed(self, now_seconds: float) -> bool:
        """Return to the ways in once a screen's time is over; return whether anything changed."""
        if self.screen is not Screen.IDLE and now_seconds >= self.until_seconds and self.camera == "closed":
            self.rest()
            self.slower = False
            return True
        if self.screen is Screen.IDLE and self.message and now_seconds >= self.until_seconds:
            self.message = ""
            return True
        return False

    def shown_before(self, now_seconds: float) -> dict[str, frozenset[Method]]:
        """Return by person the ways that were shown here in the moments before."""
        first = self.shown_first
        if first is None or now_seconds >= first.until_seconds:
            return {}
        return {first.person_id: first.methods}

    def wants_second(self, person_id: str, method: Method, now_seconds: float) -> None:
        """Keep the method shown until a second follows, and ask for it on the screen."""
        methods = self.shown_before(now_seconds).get(person_id, frozenset()) | {method}
        seconds = self.patient(SECOND_METHOD_SECONDS)
        self.shown_first = ShownFirst(person_id, methods, now_seconds + seconds)
        self.rest()
        self.show(Screen.IDLE, now_seconds, seconds=SECOND_METHOD_SECONDS, message=SECOND_METHOD)

    def view(
        self,
        now_seconds: float,
        *,
        standing: Screen,
        online: bool,
        clock_sure: bool,
        lane_name: str,
    ) -> TerminalView:
        """Return the whole view; `standing` is what the screen shows at rest."""
        screen = standing if self.screen is Screen.IDLE else self.screen
        runs = screen in (
            Screen.DELAYED,
            Screen.FACE_LOOKING,
            Screen.FACE_ENROL,
            Screen.SHOW_CODE,
            Screen.FACE_GUARDIAN,
        )
        asking = self.asking if self.asking is not None and screen is Screen.FACE_NOTICE else None
        page = asking.pages[asking.page] if asking is not None else None
        return TerminalView(
            screen=screen,
            methods_offered=self.offered,
            message=self.message,
            mend=self.mend,
            prompt=self.prompt if screen in FACE_SCREENS else "",
            typed_home=self.entry.home,
            typed_count=len(self.entry.secret),
            seconds_left=max(0, min(3600, round(self.until_seconds - now_seconds))) if runs else None,
            steps_done=self.steps_done,
            steps_needed=self.steps_needed,
            notice_field=page.field if page is not None else "",
            notice_text=page.text if page is not None else "",
            notice_page=asking.page + 1 if asking is not None else 0,
            notice_pages=len(asking.pages) if asking is not None else 0,
            lamp=self.lamp and screen in FACE_SCREENS,
            read_aloud=self.read_aloud,
            camera="codes_only" if self.camera == "closed" and self.hands_free else self.camera,
            camera_trouble=self.camera_trouble,
            online=online,
            clock_sure=clock_sure,
            help_called=now_seconds < self.help_until_seconds,
            slower=self.slower,
            lane_name=lane_name,
            language=self.language,
        )
