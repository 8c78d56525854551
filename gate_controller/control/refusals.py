"""Show a refusal at a lane, and count it where it may be a guess."""

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import Method
from gate_controller.control.parts import GateParts
from gate_controller.face_control.refusals import mend_word
from gate_controller.lane.attempts import ALARM_AFTER_FAILURES, Attempts
from gate_controller.lane.state import RESULT_SECONDS, LaneDesk
from gate_controller.rules.decision import FACE_FAILURES, Decision, Reason
from gate_controller.terminal.view import Screen

COUNTED = FACE_FAILURES | {Reason.PIN_WRONG, Reason.METHOD_STOPPED}
MESSAGES = {Reason.METHOD_STOPPED: "pin_stopped", Reason.FACE_ALONE: "face_alone"}
FACE_FAILURES_ENOUGH = 2
"""After so many the screen offers the other methods alone; one more and face waits."""


def show_refusal(
    parts: GateParts, attempts: Attempts, desk: LaneDesk, method: Method, reason: Reason, home_number: str
) -> None:
    """Count a failure, and show the refusal or for how long this method waits."""
    now_seconds, failures = parts.clock.monotonic_seconds(), 0
    if reason in COUNTED:
        failures = attempts.failed(method, desk.lane_id, home_number, now_seconds)
        if failures == ALARM_AFTER_FAILURES:
            facts: Facts = {"lane_id": desk.lane_id, "method": method.value}
            parts.recorder.record(EventKind.ALARM_MANY_WRONG, facts, {})
    wait = attempts.seconds_to_wait(method, desk.lane_id, home_number, now_seconds)
    mend, special = mend_word(reason), MESSAGES.get(reason, "")
    if wait:
        seconds, message = min(8.0, wait), special or method.value
        desk.show_result(Screen.DELAYED, now_seconds, seconds=seconds, message=message, mend=mend)
    else:
        again = method is Method.FACE and failures >= FACE_FAILURES_ENOUGH
        seconds = RESULT_SECONDS * (2 if mend or special else 1)
        message = "another_way" if again else special
        desk.show_result(Screen.REFUSED, now_seconds, seconds=seconds, message=message, mend=mend)


def refuse_without_policy(parts: GateParts, lane_id: str, method: Method) -> Decision:
    """Record and show that nothing can be decided yet."""
    facts: Facts = {
        "lane_id": lane_id,
        "method": method.value,
        "opens": False,
        "reason": Reason.UNKNOWN_LANE.value,
    }
    parts.recorder.record(EventKind.ACCESS, facts, {})
    screen, now_seconds = parts.desks[lane_id].screen, parts.clock.monotonic_seconds()
    screen.show(Screen.FAULT, now_seconds, seconds=RESULT_SECONDS, message="starting")
    return Decision(False, Reason.UNKNOWN_LANE)
