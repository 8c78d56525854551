"""Protocols between the gate and its devices, and the events that devices report.

Devices know bytes; they know no people and no rules. A reader hands up `CardRead`, `KeyPress` or
`CodeRead`; an input hands up `InputChange`; trouble is a `DeviceState`. Each device runs in one
thread of its own and puts what it read into the queue it was given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""One picture: height × width × 3, BGR, 0..255."""


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card number in the site's canonical form, as read by one reader."""

    word: ClassVar[str] = "card"
    device: str
    number: int
    bits: int
    read_at_ns: int
    """Monotonic nanoseconds at the last byte of the frame."""


@dataclass(frozen=True, slots=True)
class KeyPress:
    """One key of a keypad: a digit, `#` (enter) or `*` (clear)."""

    word: ClassVar[str] = "key"
    device: str
    key: str
    read_at_ns: int


@dataclass(frozen=True, slots=True)
class CodeRead:
    """The text of a QR code, as a scanner or the camera read it."""

    word: ClassVar[str] = "code"
    device: str
    text: str
    read_at_ns: int


class InputKind(StrEnum):
    """Meaning of a wire into the gate; `active` is always the state the name says."""

    DOOR_OPEN = "door_open"
    EXIT_BUTTON = "exit_button"
    TAMPER = "tamper"
    FIRE = "fire"
    GUARD_BUTTON = "guard_button"
    INTERCOM = "intercom"
    ON_BATTERY = "on_battery"
    BATTERY_LOW = "battery_low"
    OBSTACLE = "obstacle"


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that became active or rested, after debounce."""

    device: str
    lane_id: str
    kind: InputKind
    active: bool
    read_at_ns: int
    terminal: str = ""
    """Where the wire ends at the device; empty where the device is the input, as a reader's own tamper."""


class Health(StrEnum):
    OK = "ok"
    LOST = "lost"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A device that came, went or misbehaves; `detail` is for the installer, never for the log of people."""

    device: str
    health: Health
    detail: str
    dropped_frames: int = 0
    takes: bool = True
    """False while a device that is there hands up nothing of what people show."""

    @property
    def is_lost(self) -> bool:
        """Return whether nothing can be read by the device now; most faults leave it reading."""
        return self.health is Health.LOST or not self.takes


class CallStage(StrEnum):
    """How far a telephone call is."""

    RINGING = "ringing"
    ANSWERED = "answered"
    KEY = "key"
    """The called side has pressed a key, and no one else can have sent it."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CallChange:
    """A change of a call that the gate has dialled; `key` is a digit, `*` or `#`."""

    device: str
    call_number: int
    stage: CallStage
    key: str = ""


Reading = CardRead | KeyPress | CodeRead
"""A person's showing or key press; each kind has a word for the installer. Other reports are of devices."""
DeviceReport = Reading | InputChange | DeviceState
Report = Callable[[DeviceReport], None]
"""Where a device puts what it read; must return at once (a queue's `put`)."""
CallReport = Callable[[CallChange | DeviceState], None]
"""Where a telephone puts what became of its calls; must return at once."""


class Device(Protocol):
    """A reader or input with a thread of its own."""

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        ...

    def start(self, report: Report) -> None:
        """Begin reading in a thread of its own; return at once, also when the device is absent."""
        ...

    def stop(self) -> None:
        """End the thread and close the device within a second."""
        ...


class Telephone(Protocol):
    """Calls numbers; reports each call's stages as CallChange, and the last of each is ENDED."""

    @property
    def name(self) -> str: ...

    def start(self, report: CallReport) -> None:
        """Begin in a thread of its own; return at once, also when the telephone is absent."""
        ...

    def stop(self) -> None:
        """Hang up and end the thread within two seconds."""
        ...

    def dial(self, address: str, spoken: str = "", *, only_spoken: bool = False) -> int:
        """Call a number or SIP address; return at once with the call's number; raise DeviceUnavailable.

        `spoken` is a sound file that the called side hears in place of the microphone. With `only_spoken` it
        never hears the microphone: the call ends before it begins where the file cannot be played.
        """
        ...

    def say(self, call_number: int, spoken: str) -> None:
        """Let the called side hear what its keys do, once they count, or with "" the microphone again."""
        ...

    def hang_up(self, call_number: int) -> None:
        """End a call; return at once, also when it is over."""
        ...


class Relay(Protocol):
    """One lock output. At rest after construction, reconnect and close; never on without an order."""

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        ...

    @property
    def longest_pulse_seconds(self) -> float:
        """Return the longest pulse it gives; a longer one is cut to it."""
        ...

    @property
    def is_on(self) -> bool:
        """Return whether a pulse runs, as far as is known; false once its board was lost since."""
        ...

    def open(self) -> None:
        """Reach the board and switch the output off; raise DeviceUnavailable when it is not there."""
        ...

    def pulse(self, seconds: float, *, holds: bool = False) -> int:
        """Switch on now, and off after `seconds` by a timer; return monotonic ns of the first byte.

        `holds`: the lane is held open and the gate renews this, so the output's longest time on starts
        again. Raise DeviceUnavailable, DeviceRefused (it was on for its longest time and rests first) or
        OutputNotConfirmed; after each, nothing may open later.
        """
        ...

    def rest(self) -> None:
        """Switch the output off; raise OutputNotConfirmed when the board does not take it."""
        ...

    def close(self) -> None:
        """Put the output to rest if the board is there, and release it."""
        ...


class ReaderResult(StrEnum):
    """Signal of a reader by light and sound; the sounds differ in number, for people who cannot see."""

    GRANTED = "granted"
    REFUSED = "refused"
    WAIT = "wait"
    DELAYED = "delayed"
    REST = "rest"


class ReaderFeedback(Protocol):
    """A reader with a light or a buzzer of its own."""

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        ...

    def show(self, result: ReaderResult) -> None:
        """Show a result as soon as the reader can; return at once, raise nothing, forget an older one."""
        ...


class Camera(Protocol):
    """A source of frames that is closed until asked."""

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        ...

    @property
    def is_open(self) -> bool:
        """Return whether the device itself is open now; the light beside the lens follows this."""
        ...

    def open(self) -> None:
        """Open the device; raise DeviceUnavailable."""
        ...

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        """Return a frame newer than the last one returned, or None when none came in time."""
        ...

    def close(self) -> None:
        """Close the device and overwrite the frames still held."""
        ...
