"""Build the screens that a site file names."""

from collections.abc import Callable
from pathlib import Path

from gate_controller.contract.languages import LANGUAGES
from gate_controller.control.messages import Message, ScreenAction
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.terminal.entry_guard import keep_launch_token
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import TerminalAction

LAUNCH_PAGE = "terminal.html"
"""Beside the launch token: what the kiosk's browser opens first."""


def launch_pages(config: GateConfig) -> dict[str, Path]:
    """Return by lane where the page lies that the kiosk's browser opens first."""
    return {part.lane: part.launch_token_file.with_name(LAUNCH_PAGE) for part in config.terminal.values()}


def make_screens(config: GateConfig, put: Callable[[Message], None]) -> dict[str, TerminalServer]:
    """Return the screens by lane, not yet started; what is done at one goes to `put`.

    Raise ConfigRefused where a launch token can be neither read nor made.
    """
    screens = {}
    for section in config.terminal.values():

        def take(action: TerminalAction, lane_id: str = section.lane) -> None:
            put(ScreenAction(lane_id, action))

        screens[section.lane] = TerminalServer(
            take,
            port=section.port,
            launch_token=kept_launch_token(section.launch_token_file),
            languages=LANGUAGES,
            site_name="",
            call_sound=section.call_sound,
            call_picture=section.call_picture,
        )
    return screens


def kept_launch_token(path: Path) -> str:
    """Return the screen's launch token, so that its browser stays signed in when the gate restarts.

    Raise ConfigRefused when the file cannot be read or made, or holds no token.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return keep_launch_token(path)
    except (OSError, ValueError) as err:
        raise ConfigRefused(f"terminal.launch_token_file: {err}") from err
