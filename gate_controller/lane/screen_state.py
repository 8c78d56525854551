"""Contents of a lane's screen, their end, and the language and pace of the person there."""

from dataclasses import dataclass, field

from gate_controller.contract.languages import DEFAULT_LANGUAGE
from gate_controller.contract.records import Method
from gate_controller.terminal.view import HelpCall, Screen

SLOWER_FACTOR = 3.0
CHOICES_KEPT_SECONDS = 60.0
"""How long a gate at rest keeps the language and pace of the person before."""

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
        """Return a time for the person at this lane: three times as long if they asked for more."""
        return seconds * (SLOWER_FACTOR if self.slower else 1.0)

    def show(
        self, screen: Screen, now_seconds: float, *, seconds: float, message: str = "", mend: str = ""
    ) -> None:
        """Put a screen up for some seconds, three times as many if the person asked for more time."""
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
