"""Hands in the steps with calls: a visitor's at the north gate's screen, a home's on page and telephone."""

import time
from collections.abc import Callable

from demo.actors.called_home import CalledHome
from demo.actors.gate_screen import GateScreen
from demo.judge import require
from demo.rig.processes import wait_until
from demo.stage import Stage
from gate_controller.terminal.view import Screen, TerminalView
from hardware.simulated.telephone_line import TelephoneLine

GATE = "north"
LANE = "north-in"
PREFIX = "+86"
LANDLINE = "+862885550123"
TASK_SECONDS = 40.0
"""A gate asks the server every few seconds which telephones it is to call for it."""
QUIET_SECONDS = 1.0
RINGS_WITHIN_SECONDS = 8.0


def called_home(stage: Stage) -> CalledHome:
    """Return the resident's phone, whose home takes calls from now on."""
    home = CalledHome(stage.phone_of("resident"))
    if not stage.takes_calls:
        stage.desk.allow_numbers(PREFIX)
        home.switch(on=True)
        home.at_all_hours()
        home.order("pages", guard=False)
        stage.takes_calls = True
    return home


def wait_ringing(home: CalledHome) -> tuple[str, int]:
    """Return the address of the call that rings, and monotonic ns when the page read so."""
    found: list[str] = []

    def rings() -> bool:
        found.extend(filter(None, [home.ringing()]))
        return bool(found)

    wait_until(rings, RINGS_WITHIN_SECONDS, "the page rings")
    return found[0], time.monotonic_ns()


def wait_proved(home: CalledHome, page_path: str) -> None:
    """Return once the page says that a number is proved; raise TimeoutError."""
    wait_until(lambda: home.is_proved(page_path), TASK_SECONDS, "the page says that the number is proved")


def line_of_gate(stage: Stage) -> TelephoneLine:
    """Return the line of the north gate's telephone."""
    line = stage.gates[GATE].metal.telephone
    require(line is not None, "the north gate has no telephone")
    assert line is not None  # noqa: S101 - for mypy
    return line


def screen_at_gate(stage: Stage) -> GateScreen:
    """Return the north gate's screen; raise LookupError where it has none."""
    screen = stage.gates[GATE].screen
    if screen is None:
        raise LookupError("the north gate has no screen")
    return screen


def begin_call(stage: Stage, number: str, *, purpose: str = "home") -> int:
    """Call a home at the screen as a visitor does; return monotonic ns of the last key."""
    screen = screen_at_gate(stage)
    screen.press("cancel")
    screen_says(stage, lambda view: view.calls_offered, "the screen offers calls")
    screen.press("call", purpose=purpose)
    screen.wait_for(Screen.CALL_NUMBER)
    screen.type(number)
    at_ns = time.monotonic_ns()
    screen.type("#")
    return at_ns


def screen_says(stage: Stage, holds: Callable[[TerminalView], bool], what: str) -> None:
    """Return once the screen shows a view of this kind; raise TimeoutError that names `what`."""
    screen = screen_at_gate(stage)
    wait_until(lambda: screen.view is not None and holds(screen.view), 10.0, what)


def put_away(stage: Stage) -> None:
    """Let the screen go back to the ways in."""
    screen_at_gate(stage).press("cancel")
