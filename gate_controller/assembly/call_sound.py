"""Say which lanes' calls have sound and picture, and make what gives them where no screen does."""

import importlib.util
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from gate_controller.control.call_helpers import CallHelpers
from gate_controller.control.messages import HelperSaid, Message
from gate_controller.lane.sound_desk import SoundDesk
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.terminal.call_sound import SoundSaid

PROGRAM = "gate_controller.call_helper"
LIBRARY = "aiortc"


def sound_desk(config: GateConfig, lane_id: str) -> SoundDesk:
    """Return the sound of a lane's calls: at its screen, at devices of its own, or none."""
    screen = next((part for part in config.terminal.values() if part.lane == lane_id), None)
    if screen is not None and screen.call_sound:
        return SoundDesk(may_speak=True, may_film=screen.call_picture)
    own = next((part for part in config.call_sound.values() if part.lane == lane_id), None)
    if own is None:
        return SoundDesk()
    return SoundDesk(may_speak=True, may_film=own.picture, by_helper=True)


def make_call_helpers(
    config: GateConfig,
    site_file: Path | None,
    put: Callable[[Message], None],
    monotonic_seconds: Callable[[], float],
    closing: ExitStack,
) -> CallHelpers:
    """Return what starts a lane's helper for each call; `closing` ends those that run.

    Raise ConfigRefused where the site file names one and its library is not installed.
    """
    if config.call_sound and importlib.util.find_spec(LIBRARY) is None:
        name = next(iter(config.call_sound))
        raise ConfigRefused(
            f"call_sound.{name}: {LIBRARY} is not installed: pip install 'menjin[call-sound]', "
            "or take this part out"
        )

    def take(lane_id: str, said: SoundSaid) -> None:
        put(HelperSaid(lane_id, said))

    commands = {
        part.lane: [sys.executable, "-m", PROGRAM, str(site_file), part.lane]
        for part in config.call_sound.values()
    }
    helpers = CallHelpers(commands, take, monotonic_seconds)
    closing.callback(helpers.close)
    return helpers
