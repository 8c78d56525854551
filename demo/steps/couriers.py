"""Steps with couriers at the north gate's screen."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from demo.judge import Outcome, opens, require, require_shut, wait_until_locked
from demo.stage import Stage
from demo.steps.call_hands import (
    GATE,
    LANE,
    begin_call,
    called_home,
    put_away,
    screen_at_gate,
    wait_ringing,
)
from demo.world.compound import TIMEZONE
from gate_controller.terminal.view import Screen

DAY_HOURS = range(8, 20)
"""The site's hours in which a courier is let in without being asked about."""


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
    screen_at_gate(stage).wait_for(Screen.CALL_OVER)
    require_shut(ends, LANE, before_ns)
    put_away(stage)
    return Outcome(
        ms, "one opening, then the home was asked" if is_day else "it is night: the home was asked"
    )


def courier_not_wanted_refused(stage: Stage) -> Outcome:
    """A courier names a home that takes no calls, and then a number that is no home: both look alike.

    Broken by: a screen that tells which homes there are, or an opening.
    """
    before_ns, shown = time.monotonic_ns(), []
    called_home(stage)
    for number in (_home_without_calls(stage), "99999"):
        begin_call(stage, number, purpose="courier")
        shown.append(screen_at_gate(stage).wait_for(Screen.CALL_OVER))
        put_away(stage)
    require_shut(stage.gates[GATE], LANE, before_ns)
    one, other = (msgspec.structs.replace(view, call=None, seconds_left=None) for view in shown)
    require(one == other, f"the two screens differ: {one} and {other}")
    return Outcome(None, f"both times: {one.prompt}")


def _home_without_calls(stage: Stage) -> str:
    """Return the number of a home that never switched calls on."""
    called = stage.member("resident").typed_home
    return next(member.typed_home for member in stage.compound.cards if member.typed_home != called)
