"""One call that the server asked for: a number is proved, or a home is shown that it would be reached. Pure.

DIALLED ── answered ──> ASKING ── enough keys, or no time left ──> over, with the keys
   └── rings too long, or ends ──> over, not answered
"""

from dataclasses import dataclass, replace
from typing import Literal

from hardware.interfaces import CallChange, CallStage

KEYS_SECONDS = 45.0
"""How long a person has to press the keys, while the prompt is said again and again."""


@dataclass(frozen=True, slots=True)
class TaskCall:
    """A task whose number was dialled."""

    task_id: str
    keys_wanted: int
    call_number: int
    until_seconds: float
    is_answered: bool = False
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The result of a change; `result` is there once the call is over."""

    call: TaskCall
    hangs_up: bool = False
    result: Literal["answered", "not_answered"] | None = None


def changed(call: TaskCall, change: CallChange, now_seconds: float) -> Step:
    """Return what follows from a report of the telephone; one of another call changes nothing."""
    if change.call_number != call.call_number:
        return Step(call)
    match change.stage:
        case CallStage.ANSWERED if not call.is_answered:
            return Step(replace(call, is_answered=True, until_seconds=now_seconds + KEYS_SECONDS))
        case CallStage.KEY if call.is_answered:
            call = replace(call, keys=call.keys + change.key)
            is_done = len(call.keys) >= call.keys_wanted
            return Step(call, hangs_up=is_done, result="answered" if is_done else None)
        case CallStage.ENDED:
            return Step(call, result=_result(call))
    return Step(call)


def time_passed(call: TaskCall, now_seconds: float) -> Step:
    """Return what follows once it has rung, or waited for keys, as long as it may."""
    if now_seconds < call.until_seconds:
        return Step(call)
    return Step(call, hangs_up=True, result=_result(call))


def _result(call: TaskCall) -> Literal["answered", "not_answered"]:
    return "answered" if call.is_answered else "not_answered"
