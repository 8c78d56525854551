"""One call of a home, from the first report to its end. Pure: it returns what is to be done.

CALLING ── the server rings the home ──> RINGING ── a page or a telephone answers ──> ANSWERED
   └────────────────────────────────────────┴──── over, with the word for how ────────────┘

The telephones of the home are called one after the other, each until it answers, rejects or has rung long
enough; the server sends the number of the next one then. One that answers and hangs up, or presses no key in
time, is left for the next like a busy one: it may have been a mailbox. The call has that much longer to ring.

Invariants:
- An answer that may open is an order of this call that the gate has checked, or a key of a telephone that
  was dialled in this call and has answered. There is one such answer in a call at most.
- Nothing that comes after the end changes anything. No number is here: each is forgotten once it is dialled.
- Every call ends: by the server, the visitor, a telephone, or the longest time.
- Once the guard has a call no person of the home opens by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from gate_controller.contract.calls import (
    LONGEST_CALL_SECONDS,
    CallEnd,
    CallFor,
    CallLeg,
    CallStep,
    QuickReply,
)
from hardware.interfaces import CallChange, CallStage

OPENS_KEY = "9"
DURESS_KEY = "7"
"""Opens like the other key, and calls for help in silence."""
SENDS_AWAY_KEY = "0"
KEY_SECONDS = 90.0
"""How long a telephone that answered has to press a key."""
LONGEST_RINGING_SECONDS = 130.0
"""A little more than the server gives a home, so that the server is first to end the call."""
LOST_SECONDS = 6.0
"""After so long without an answer of the server the call goes on by the gate's own telephone, or ends."""
SILENT_SECONDS = 2.0
"""After so long without an answer it counts whether reports wait for something else of the gate."""
HELD_UP_SECONDS = 15.0
"""After so long without an answer the server is lost for reports that had to wait."""


class CallPhase(StrEnum):
    CALLING = "calling"
    """The server has not answered yet."""
    RINGING = "ringing"
    ANSWERED = "answered"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class LiveLeg:
    place: int
    person_id: str
    call_number: int
    until_seconds: float
    is_said: bool = False
    """True once the server knows that it rings."""
    is_answered: bool = False

    def talked_seconds(self, now_seconds: float) -> float:
        """Return for how long it was answered."""
        return now_seconds - (self.until_seconds - KEY_SECONDS) if self.is_answered else 0.0


@dataclass(frozen=True, slots=True)
class CheckedOrder:
    """An order to open whose signature, gate, lane, freshness and first use the gate has checked."""

    order_id: str
    call_id: str
    lane_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """A state of the server with its telephones opened and its order checked."""

    call_id: str
    stage: Literal["ringing", "answered", "over"]
    end: CallEnd | None = None
    to_guard: bool = False
    offers_guard: bool = False
    reply: QuickReply | None = None
    rings_telephones: bool = False
    legs: Sequence[CallLeg] = ()
    """Empty while none of them is to be dialled."""
    leg: int | None = None
    order: CheckedOrder | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A person of the home wants to open: by a key of their telephone, or by an order of their page."""

    person_id: str
    under_duress: bool = False
    leg: int | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class HomeCall:
    """One call of one lane; `home` is what was typed, `shown` how people write it."""

    call_id: str
    lane_id: str
    home: str
    shown: str
    purpose: CallFor
    begun_seconds: float
    heard_seconds: float
    is_held_up: bool = False
    """True if its reports have waited for something else of the gate since the server answered last."""
    phase: CallPhase = CallPhase.CALLING
    next_leg: int = 0
    leg: LiveLeg | None = None
    put_off_seconds: float = 0.0
    """How much longer it may ring, because telephones were answered without a key."""
    reply: QuickReply | None = None
    is_taken: bool = False
    """True once someone has pressed to open: no second answer opens in this call."""
    end: CallEnd | None = None
    to_guard: bool = False
    at_guard: bool = False
    """True while the call goes on at the guard's page and telephone."""
    guard_talks: bool = False
    """True once the guard's telephone has answered."""
    offers_guard: bool = False
    ended_by: Answer | None = None
    reason: str | None = None
    """Why the answer did not open."""

    @property
    def is_over(self) -> bool:
        return self.phase is CallPhase.OVER

    @property
    def by_telephone(self) -> bool:
        return self.leg is not None and self.leg.is_answered


@dataclass(frozen=True, slots=True)
class Note:
    """A step to report to the server, and the telephone that it is about."""

    step: CallStep
    leg: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The result of a change: the call as it is now, and the next things to do, in this order."""

    call: HomeCall
    hangs_up: int | None = None
    notes: tuple[Note, ...] = ()
    dials: CallLeg | None = None
    """Telephone to dial: report it with `dialled` or `not_dialled`."""
    answer: Answer | None = None
    """Answer of a person who wants to open: decide it now, and report the result with `decided`."""
    calls_guard: bool = False
    """True if the guard's telephone is to be called now."""
    leaves_guard: bool = False
    """True if the guard's telephone stops without an alarm: their page has the call, or it is over."""


def begun(
    call_id: str, lane_id: str, home: str, shown: str, purpose: CallFor, now_seconds: float
) -> HomeCall:
    """Return a call that begins now."""
    return HomeCall(call_id, lane_id, home, shown, purpose, now_seconds, now_seconds)


def server_said(call: HomeCall, said: Said, now_seconds: float) -> Step:
    """Return what follows from an answer of the server; one to another call changes nothing."""
    if call.is_over or said.call_id != call.call_id:
        return Step(call)
    call = replace(call, heard_seconds=now_seconds, is_held_up=False, reply=said.reply)
    if said.stage == "over":
        to_guard = said.to_guard and not call.at_guard
        step = _over(call, said.end or CallEnd.ENDED, to_guard=to_guard, offers_guard=said.offers_guard)
        # A guard's telephone that still rings rings on, when their page did not answer in time.
        return replace(step, leaves_guard=call.at_guard and said.end is not CallEnd.NO_ANSWER)
    if said.to_guard or call.at_guard:
        return guard_said(call, said)
    if not call.by_telephone:
        call = replace(call, phase=CallPhase(said.stage))
    order = said.order
    if order is not None and (order.call_id, order.lane_id) == (call.call_id, call.lane_id):
        return _answered(call, Answer(order.person_id, order_id=order.order_id))
    if not said.rings_telephones:
        return _without_telephones(call, said)
    if call.leg is None and call.next_leg < len(said.legs):
        return Step(call, dials=said.legs[call.next_leg])
    return Step(call)


def _without_telephones(call: HomeCall, said: Said) -> Step:
    """Return a call whose telephones stop, but for the one that has answered it."""
    leg = call.leg
    # While the server says that it rings, it does not know yet which telephone has answered.
    is_kept = leg is not None and leg.is_answered and (said.stage == "ringing" or said.leg == leg.place)
    if leg is None or is_kept:
        return Step(call)
    return Step(replace(call, leg=None), hangs_up=leg.call_number)


def dialled(call: HomeCall, leg: CallLeg, call_number: int, now_seconds: float) -> HomeCall:
    """Return the call once its next telephone was dialled."""
    live = LiveLeg(call.next_leg, leg.person_id, call_number, now_seconds + leg.ring_seconds)
    return replace(call, leg=live, next_leg=call.next_leg + 1)


def not_dialled(call: HomeCall) -> Step:
    """Return what follows when the gate's telephone is away or used otherwise: the next one is tried."""
    return Step(replace(call, next_leg=call.next_leg + 1), notes=(Note(CallStep.LEG_ENDED, call.next_leg),))


def telephone_said(call: HomeCall, change: CallChange, now_seconds: float) -> Step:
    """Return what follows from a report of the telephone; one of another call changes nothing."""
    leg = call.leg
    if call.is_over or leg is None or change.call_number != leg.call_number:
        return Step(call)
    match change.stage:
        case CallStage.RINGING if not leg.is_said:
            return Step(
                replace(call, leg=replace(leg, is_said=True)), notes=(Note(CallStep.LEG_RINGS, leg.place),)
            )
        case CallStage.ANSWERED if not leg.is_answered:
            live = replace(leg, is_answered=True, until_seconds=now_seconds + KEY_SECONDS)
            call = replace(call, leg=live, phase=CallPhase.ANSWERED)
            return Step(call, notes=(Note(CallStep.LEG_ANSWERED, leg.place),))
        case CallStage.KEY if leg.is_answered:
            return _key(call, leg, change.key)
        case CallStage.ENDED:
            return _left(call, leg, now_seconds)
    return Step(call)


def _key(call: HomeCall, leg: LiveLeg, key: str) -> Step:
    if key in (OPENS_KEY, DURESS_KEY):
        return _answered(call, Answer(leg.person_id, under_duress=key == DURESS_KEY, leg=leg.place))
    if key == SENDS_AWAY_KEY:
        return _over(call, CallEnd.SENT_AWAY, by=Answer(leg.person_id, leg=leg.place))
    return Step(call)


def _answered(call: HomeCall, answer: Answer) -> Step:
    if call.is_taken:
        return Step(call)
    return Step(replace(call, is_taken=True), answer=answer)


def decided(call: HomeCall, answer: Answer, refused: str | None) -> Step:
    """Return the end of a call whose answer was decided; `refused` is the reason where it did not open."""
    if call.is_over:
        return Step(call)
    end = CallEnd.OPENED if refused is None else CallEnd.REFUSED
    return replace(_over(replace(call, reason=refused), end, by=answer), leaves_guard=call.at_guard)


def time_passed(call: HomeCall, now_seconds: float, *, is_held_up: bool = False) -> Step:
    """Return what follows once a telephone, the server or the whole call has lasted as long as it may.

    `is_held_up` says that reports wait for something else that the gate sends, and not for the server.
    """
    if call.is_over:
        return Step(call)
    lasts_seconds = now_seconds - call.begun_seconds
    if lasts_seconds >= LONGEST_CALL_SECONDS:
        # A telephone without a key may be a mailbox: it has not answered.
        is_answered = call.phase is CallPhase.ANSWERED and not call.by_telephone
        end, offers_guard = CallEnd.ENDED if is_answered else CallEnd.NO_ANSWER, not is_answered
        return _over(call, end, offers_guard=offers_guard and not call.at_guard)
    if (
        call.phase is not CallPhase.ANSWERED
        and not call.at_guard
        and lasts_seconds >= LONGEST_RINGING_SECONDS + call.put_off_seconds
    ):
        return _over(call, CallEnd.NO_ANSWER, offers_guard=True)
    leg = call.leg
    if leg is not None and now_seconds >= leg.until_seconds:
        return replace(_left(call, leg, now_seconds), hangs_up=leg.call_number)
    silent_seconds = now_seconds - call.heard_seconds
    if is_held_up and silent_seconds >= SILENT_SECONDS:
        call = replace(call, is_held_up=True)
    if leg is None and silent_seconds >= (HELD_UP_SECONDS if call.is_held_up else LOST_SECONDS):
        # With a telephone that rings or talks the gate needs no server.
        return failed(call)
    return Step(call)


def cancelled(call: HomeCall, *, for_help: bool = False) -> Step:
    """Return the end of a call that the visitor leaves; `for_help`: the guard may have it, and keeps it."""
    if call.is_over:
        return Step(call)
    return replace(_over(call, CallEnd.CANCELLED), leaves_guard=call.at_guard and not for_help)


def failed(call: HomeCall) -> Step:
    """Return the end of a call that the gate cannot go on with; the guard's telephone needs no server."""
    return Step(call) if call.is_over else _over(call, CallEnd.FAILED, offers_guard=not call.at_guard)


# -- the guard has it ------------------------------------------------------------------------------


def guard_said(call: HomeCall, said: Said) -> Step:
    """Return a call that the guard has: the home's telephones stop, and its people open nothing by it."""
    hangs_up = call.leg.call_number if call.leg is not None else None
    on_page = said.stage == "answered" and said.leg is None and said.to_guard
    is_taken = on_page and (call.phase is not CallPhase.ANSWERED or call.guard_talks)
    talks = call.guard_talks and not on_page
    phase = CallPhase.ANSWERED if on_page or talks else CallPhase.RINGING
    after = replace(call, phase=phase, leg=None, at_guard=True, guard_talks=talks)
    return Step(
        after, hangs_up=hangs_up, calls_guard=not call.at_guard and not on_page, leaves_guard=is_taken
    )


def guard_telephone(call: HomeCall, *, talks: bool) -> Step:
    """Return what follows from whether the guard speaks on their telephone for this lane."""
    if call.is_over or not call.at_guard or talks == call.guard_talks:
        return Step(call)
    if not talks:
        return _over(call, CallEnd.ENDED)
    if call.phase is CallPhase.ANSWERED:
        return Step(call)
    return Step(
        replace(call, guard_talks=True, phase=CallPhase.ANSWERED), notes=(Note(CallStep.LEG_ANSWERED),)
    )


def _left(call: HomeCall, leg: LiveLeg, now_seconds: float) -> Step:
    """Return what follows a telephone that is over without a key: the home rings on."""
    put_off = call.put_off_seconds + leg.talked_seconds(now_seconds)
    phase = CallPhase.RINGING if leg.is_answered else call.phase
    call = replace(call, leg=None, phase=phase, put_off_seconds=put_off)
    return Step(call, notes=(Note(CallStep.LEG_ENDED, leg.place),))


def _over(
    call: HomeCall,
    end: CallEnd,
    *,
    by: Answer | None = None,
    to_guard: bool = False,
    offers_guard: bool = False,
) -> Step:
    place = by.leg if by is not None else None
    hangs_up = call.leg.call_number if call.leg is not None else None
    call = replace(
        call,
        phase=CallPhase.OVER,
        leg=None,
        end=end,
        to_guard=to_guard,
        offers_guard=offers_guard,
        ended_by=by,
    )
    return Step(call, hangs_up=hangs_up, notes=(Note(CallStep.OVER, place),))
