"""Steps with calls of homes that telephones answer, the guard's among them."""

import time

from demo.judge import Outcome, event_after, opens, require, require_shut
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.steps.call_hands import (
    GATE,
    LANDLINE,
    LANE,
    QUIET_SECONDS,
    TASK_SECONDS,
    begin_call,
    called_home,
    line_of_gate,
    put_away,
    screen_at_gate,
    wait_proved,
)
from demo.world.site_files import GUARD_NUMBER
from gate_controller.terminal.view import Screen

GUARD_AFTER_SECONDS = 40.0


def call_by_telephone_opens(stage: Stage) -> Outcome:
    """A resident proves a landline by typing digits at it; a visitor calls, it rings, and its 9 opens.

    Broken by: a number that rings unproved, a key that opens by another's right, a key that comes too late.
    """
    home, line, resident = called_home(stage), line_of_gate(stage), stage.member("resident")
    page, digits = home.add_number(LANDLINE)
    line.wait_ringing(LANDLINE, TASK_SECONDS)
    line.answer(LANDLINE)
    line.press(LANDLINE, digits)
    wait_proved(home, page)
    line.wait_quiet(LANDLINE)
    home.order("telephones", guard=True)
    pressed_ns = begin_call(stage, resident.typed_home)
    line.wait_ringing(LANDLINE)
    rang_seconds = (time.monotonic_ns() - pressed_ns) / 1e9
    line.answer(LANDLINE)
    ms = opens(stage, GATE, LANE, lambda: line.press(LANDLINE, "9"), person_id=resident.person_id)
    line.wait_quiet(LANDLINE)
    put_away(stage)
    return Outcome(ms, f"proved by its keys; rang {rang_seconds:.1f} s after the press; the 9 opened")


def call_tone_from_visitor_refused(stage: Stage) -> Outcome:
    """The visitor plays the tone of a 9 into the gate's microphone; then the telephone sends them away.

    Broken by: a gate that takes a tone in the sound for a key of the telephone.
    """
    line, before_ns = line_of_gate(stage), time.monotonic_ns()
    begin_call(stage, stage.member("resident").typed_home)
    line.wait_ringing(LANDLINE)
    line.answer(LANDLINE)
    screen_at_gate(stage).wait_for(Screen.CALL_ANSWERED)
    line.play("999")
    time.sleep(QUIET_SECONDS)
    require(line.sent_sound[-3:] == ["9"] * 3, "the tone did not reach the telephone")
    line.press(LANDLINE, "0")
    screen_at_gate(stage).wait_for(Screen.CALL_OVER)
    require_shut(stage.gates[GATE], LANE, before_ns)
    put_away(stage)
    return Outcome(None, "the telephone had the tone as sound; no ON byte; its own 0 ended the call")


def call_nobody_falls_to_guard(stage: Stage) -> Outcome:
    """The telephone of the home is busy, and the home wants the guard then: the guard's telephone rings.

    Broken by: a visitor who stands there and hears nothing, or a gate that opens.
    """
    line, ends, before_ns = line_of_gate(stage), stage.gates[GATE], time.monotonic_ns()
    before_seq = ends.journal_seq()
    begin_call(stage, stage.member("resident").typed_home)
    line.wait_ringing(LANDLINE)
    line.reject(LANDLINE)
    line.wait_ringing(GUARD_NUMBER, GUARD_AFTER_SECONDS)
    event_after(stage, GATE, before_seq, "help_called", lane_id=LANE)
    line.answer(GUARD_NUMBER)
    event_after(stage, GATE, before_seq, "help_answered", lane_id=LANE)
    line.press(GUARD_NUMBER, "9")
    line.hang_up(GUARD_NUMBER)
    require_shut(ends, LANE, before_ns)
    put_away(stage)
    return Outcome(None, "busy, then the guard's telephone; the guard's 9 moved no relay")


def test_call_monthly(stage: Stage) -> Outcome:
    """A resident asks for the test call that otherwise comes once a month; the telephone rings, a key counts.

    Broken by: a test that counts without a key, or none that says what it came to.
    """
    home, line = called_home(stage), line_of_gate(stage)
    home.ask_for_test()
    line.wait_ringing(LANDLINE, TASK_SECONDS)
    line.answer(LANDLINE)
    line.press(LANDLINE, "1")
    line.wait_quiet(LANDLINE)
    wait_until(lambda: "pressed a key" in home.page(), TASK_SECONDS, "the page says that the test reached")
    return Outcome(None, "the telephone rang and its key was taken; the page says so")
