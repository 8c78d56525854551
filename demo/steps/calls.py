"""Steps with a visitor or a courier who calls a home at the north gate's screen."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from demo.actors.called_home import CalledHome
from demo.judge import Outcome, opens, require, require_shut, wait_until_locked
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.steps.faces import screen_of
from demo.world.compound import TIMEZONE
from gate_controller.terminal.view import Screen

GATE, LANE = "north", "north-in"
RINGS_WITHIN_SECONDS = 8.0
DAY_HOURS = range(8, 20)
"""The site's hours in which a courier is let in without being asked about."""


# -- what visitor and home do ----------------------------------------------------------------------


def called_home(stage: Stage) -> CalledHome:
    """Return the resident's phone, whose home takes calls from now on."""
    home = CalledHome(stage.phone_of("resident"))
    home.switch(on=True)
    home.at_all_hours()
    return home


def begin_call(stage: Stage, number: str, *, purpose: str = "home") -> int:
    """Call a home at the screen as a visitor does; return monotonic ns of the last key."""
    screen = screen_of(stage)
    screen.press("cancel")
    wait_until(lambda: screen.view is not None and screen.view.calls_offered, 10.0, "the screen offers calls")
    screen.press("call", purpose=purpose)
    screen.wait_for(Screen.CALL_NUMBER)
    screen.type(number)
    at_ns = time.monotonic_ns()
    screen.type("#")
    return at_ns


def wait_ringing(home: CalledHome) -> tuple[str, int]:
    """Return the address of the call that rings, and monotonic ns when the page read so."""
    found: list[str] = []

    def rings() -> bool:
        found.extend(filter(None, [home.ringing()]))
        return bool(found)

    wait_until(rings, RINGS_WITHIN_SECONDS, "the page rings")
    return found[0], time.monotonic_ns()


def put_away(stage: Stage) -> None:
    """Let the screen go back to the ways in."""
    screen_of(stage).press("cancel")


# -- steps -----------------------------------------------------------------------------------------


def call_answered_opens(stage: Stage) -> Outcome:
    """A visitor calls a home from the screen; a resident answers on the phone's page and opens.

    Broken by: an opening without an answer, by another right than the answerer's, or a call that rings on.
    """
    home, resident = called_home(stage), stage.member("resident")
    before_ns = time.monotonic_ns()
    pressed_ns = begin_call(stage, resident.typed_home)
    call, rang_ns = wait_ringing(home)
    home.press(call, "answer")
    screen_of(stage).wait_for(Screen.CALL_ANSWERED)
    require_shut(stage.gates[GATE], LANE, before_ns)
    ms = opens(stage, GATE, LANE, lambda: home.press(call, "open"), person_id=resident.person_id)
    require(home.ringing() is None, "the page still rings after the gate has opened")
    put_away(stage)
    return Outcome(
        ms, f"the page rang {(rang_ns - pressed_ns) / 1e9:.1f} s after the press; by the answerer's right"
    )


def courier_once(stage: Stage) -> Outcome:
    """A home lets couriers in by day: the first one opens once, the next within half an hour rings.

    By night both ring. Broken by: a second opening, or one by night.
    """
    home, ends, resident = called_home(stage), stage.gates[GATE], stage.member("resident")
    home.couriers("by_day")
    is_day = datetime.now(ZoneInfo(TIMEZONE)).hour in DAY_HOURS
    ms = None
    if is_day:
        called = lambda: begin_call(stage, resident.typed_home, purpose="courier")  # noqa: E731 - one line, used once
        ms = opens(stage, GATE, LANE, called, person_id=resident.person_id)
        put_away(stage)
        wait_until_locked(ends, LANE)
    before_ns = time.monotonic_ns()
    begin_call(stage, resident.typed_home, purpose="courier")
    call, _rang_ns = wait_ringing(home)
    require("courier" in home.words(call).lower(), "the page does not say that it is a courier")
    home.press(call, "answer")
    home.press(call, "away")
    screen_of(stage).wait_for(Screen.CALL_OVER)
    require_shut(ends, LANE, before_ns)
    put_away(stage)
    return Outcome(
        ms, "one opening, then the home was asked" if is_day else "it is night: the home was asked"
    )
