"""Sound and picture of calls at a lane whose screen has none: the section, and what it may not say."""

from collections.abc import Collection, Mapping
from typing import Annotated

import msgspec

from gate_controller.contract.records import Id
from hardware.driver import Settings

SoundDevice = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z][^\s]*\Z")]
"""A name of ALSA's, as `arecord -L` and `aplay -L` list them."""


class CallSoundSection(Settings, frozen=True, kw_only=True):
    """Sound and picture of calls at a lane without a screen that has them."""

    lane: Id
    microphone: SoundDevice
    loudspeaker: SoundDevice
    picture: bool = False
    """True where a home that answers sees the visitor too, through the lane's camera."""
    cancels_echo: bool = False
    """True where device or PipeWire cancels the echo; else the microphone rests while a voice comes in."""


def wrong_call_sound(
    sections: Mapping[str, CallSoundSection], at_screens: Mapping[str, str], filmed_lanes: Collection[str]
) -> tuple[list[str], str] | None:
    """Return the keys of what cannot be, and a sentence; None where all is well.

    `at_screens` are the lanes whose calls have their sound at a screen, with its name.
    """
    lanes: dict[str, str] = {}
    for name, section in sections.items():
        keys = ["call_sound", name]
        if section.lane in at_screens:
            screen = at_screens[section.lane]
            return [*keys, "lane"], f"this lane has it at its screen: terminal.{screen}.call_sound = true"
        if section.lane in lanes:
            return [*keys, "lane"], f"this lane has it in call_sound.{lanes[section.lane]} already"
        if section.picture and section.lane not in filmed_lanes:
            return [*keys, "picture"], f"lane {section.lane} has no camera: name one, or picture = false"
        lanes[section.lane] = name
    return None
