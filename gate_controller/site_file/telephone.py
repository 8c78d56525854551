"""The table `[telephone]` of the site file: a telephone program of this machine, and whom Help calls."""

from pathlib import Path
from typing import Annotated

import msgspec

from hardware.driver import Settings

HOME_PROMPT = "home.all"
"""The file, without its ending, of what a home's telephone hears when it is answered: all languages."""
QUIET_SECONDS = 10.0
"""The silence at its end, in which the gate returns to the microphone: the end of a file ends the call."""

Number = Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=r"^(sip:[^\s;<>\"]+|\+?[0-9]+)\Z")]
"""A telephone's number, digits with or without `+`, or a SIP address."""


class TelephoneSection(Settings, frozen=True, kw_only=True):
    """The telephone of the gate: it calls homes, and the guard's numbers in turn when Help is pressed.

    Without numbers Help is an alarm. With `answer_needs_key` a call counts as answered once a key was
    pressed there: a mailbox presses none.
    """

    guard_numbers: Annotated[tuple[Number, ...], msgspec.Meta(max_length=6)] = ()
    control_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 4444
    ring_seconds: Annotated[float, msgspec.Meta(ge=5, le=60)] = 25.0
    longest_seconds: Annotated[float, msgspec.Meta(ge=30, le=600)] = 180.0
    answer_needs_key: bool = False
    prompts_dir: Path | None = None
    """Where `menjin gate prompts` puts what is said in calls that prove a number, test a home or call it."""
    microphone: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=r"^[a-z]+,[^\s]*\Z")] = (
        "alsa,default"
    )
    """The `audio_source` of the telephone program's settings, to which it returns after a prompt."""
