"""Call the guard's telephones one after the other until one answers. Pure: it returns what is to be done.

CALLING ── answered ──> TALKING ── ended ──> over, the guard was reached
  │ ended, or not answered in time: the next telephone; after the last: over, no one was reached
TALKING, where a key is asked for and none came in time: the next telephone (a mailbox answers too)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gate_controller.terminal.view import HelpCall
from hardware.interfaces import CallChange, CallStage

KEY_SECONDS = 15.0
"""How long the guard has to press a key, where the site asks for one."""


@dataclass(frozen=True, slots=True)
class CallWishes:
    """Settings of the site file for calls to the guard."""

    numbers: Sequence[str]
    ring_seconds: float
    longest_seconds: float
    answer_needs_key: bool


@dataclass(frozen=True, slots=True)
class GuardCall:
    """One lane's call for help: which telephone is called, and until when its state may last."""

    lane_id: str
    place: int
    """From 0: which of the numbers."""
    call_number: int
    until_seconds: float
    state: HelpCall = HelpCall.CALLING
    is_reached: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The result of a change: the call as it is now, and the next things to do.

    `call` is None once it is over; `calls_next` is the place of the telephone to call now.
    """

    call: GuardCall | None
    hangs_up: int | None = None
    calls_next: int | None = None
    was_answered: bool = False
    """True if the guard was reached just now."""
    no_one_answered: bool = False


def dialled(lane_id: str, place: int, call_number: int, now_seconds: float, wishes: CallWishes) -> GuardCall:
    """Return the call once a telephone was dialled."""
    return GuardCall(lane_id, place, call_number, now_seconds + wishes.ring_seconds)


def changed(call: GuardCall, change: CallChange, now_seconds: float, wishes: CallWishes) -> Step:
    """Return what follows from a report of the telephone; one of another call changes nothing."""
    if change.call_number != call.call_number:
        return Step(call)
    match change.stage:
        case CallStage.ANSWERED if call.state is HelpCall.CALLING:
            if wishes.answer_needs_key:
                return Step(replace(call, state=HelpCall.TALKING, until_seconds=now_seconds + KEY_SECONDS))
            return _reached(call, now_seconds, wishes)
        case CallStage.KEY if call.state is HelpCall.TALKING and not call.is_reached:
            return _reached(call, now_seconds, wishes)
        case CallStage.ENDED:
            return Step(None) if call.is_reached else _next(call, wishes)
    return Step(call)


def time_passed(call: GuardCall, now_seconds: float, wishes: CallWishes) -> Step:
    """Return what follows once the state has lasted as long as it may."""
    if now_seconds < call.until_seconds:
        return Step(call)
    step = Step(None) if call.is_reached else _next(call, wishes)
    return replace(step, hangs_up=call.call_number)


def _reached(call: GuardCall, now_seconds: float, wishes: CallWishes) -> Step:
    until = now_seconds + wishes.longest_seconds
    return Step(
        replace(call, state=HelpCall.TALKING, until_seconds=until, is_reached=True), was_answered=True
    )


def _next(call: GuardCall, wishes: CallWishes) -> Step:
    following = call.place + 1
    if following < len(wishes.numbers):
        return Step(None, calls_next=following)
    return Step(None, no_one_answered=True)
