"""Build commands to an OSDP reader: light and sound of a result (osdp_LED, osdp_BUZ), and its outputs.

    granted   green for 2 s            one long sound
    refused   red, quick, for 2 s      three short sounds
    wait      amber, slow, up to 5 s   none
    delayed   amber and red, 4 s       two long sounds
    rest      steady red               none

Times are tenths of a second. Sound alone distinguishes the results, and so does the rhythm of the light.
"""

from dataclasses import dataclass

from hardware.interfaces import ReaderResult
from hardware.osdp.panel import Command, library

NONE, RED, GREEN, AMBER = 0, 1, 2, 3  # osdp_LED colours
OFF, ON_FOR_A_TIME = 1, 5  # osdp_OUT control codes
_TEMPORARY_SET, _PERMANENT_SET, _DEFAULT_TONE = 2, 1, 2


@dataclass(frozen=True, slots=True)
class Blink:
    """A light for a time: two colours in turn."""

    on_color: int
    off_color: int
    on_tenths: int
    off_tenths: int
    for_tenths: int


@dataclass(frozen=True, slots=True)
class Sound:
    """A number of equal sounds."""

    times: int
    on_tenths: int
    off_tenths: int


LIGHTS = {
    ReaderResult.GRANTED: Blink(GREEN, GREEN, 10, 10, 20),
    ReaderResult.REFUSED: Blink(RED, NONE, 2, 2, 20),
    ReaderResult.WAIT: Blink(AMBER, NONE, 5, 5, 50),
    ReaderResult.DELAYED: Blink(AMBER, RED, 5, 5, 40),
}
SOUNDS = {
    ReaderResult.GRANTED: Sound(1, 5, 1),
    ReaderResult.REFUSED: Sound(3, 1, 1),
    ReaderResult.DELAYED: Sound(2, 4, 3),
}


def light_of(result: ReaderResult) -> Command:
    """Return the light command for a result; REST sets what shows when nothing else does."""
    command: Command = {"command": library().CMD_LED, "led_number": 0, "reader": 0}
    blink = LIGHTS.get(result)
    if blink is None:
        return command | {
            "temporary": False,
            "control_code": _PERMANENT_SET,
            "on_color": RED,
            "off_color": RED,
            "on_count": 10,
            "off_count": 10,
        }
    return command | {
        "temporary": True,
        "control_code": _TEMPORARY_SET,
        "on_color": blink.on_color,
        "off_color": blink.off_color,
        "on_count": blink.on_tenths,
        "off_count": blink.off_tenths,
        "timer_count": blink.for_tenths,
    }


def sound_of(result: ReaderResult) -> tuple[Command, ...]:
    """Return the sound commands for a result: one or none."""
    sound = SOUNDS.get(result)
    if sound is None:
        return ()
    return (
        {
            "command": library().CMD_BUZZER,
            "reader": 0,
            "control_code": _DEFAULT_TONE,
            "on_count": sound.on_tenths,
            "off_count": sound.off_tenths,
            "rep_count": sound.times,
        },
    )


def output_command(number: int, control_code: int, tenths: int) -> Command:
    """Return an osdp_OUT command; `tenths` of a second for the codes that have a time."""
    return {
        "command": library().CMD_OUTPUT,
        "output_no": number,
        "control_code": control_code,
        "timer_count": tenths,
    }
