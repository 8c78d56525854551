"""State of a lane's camera: the looks that run, the trouble it has, and the codes and faces seen last."""

from dataclasses import dataclass
from typing import Literal

from gate_controller.terminal.view import CameraTrouble

SAME_CODE_SECONDS = 2.0
MISSED_SECONDS = 60.0
"""Time for a person who was not recognised to show their card, or to be recognised at a second look."""
TRY_AGAIN_SECONDS = 300.0
"""Time after which face is offered again, since only a look can show that the camera sees again."""


@dataclass(frozen=True, slots=True)
class MissedLook:
    """A look that found none of these people, and until when one of them may come in another way."""

    person_ids: frozenset[str]
    until_seconds: float


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
