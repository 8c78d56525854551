"""Let a call go on to the guard: for the home it is over, while the guard's page and telephone ring.

A gate of an older version calls the guard and knows no more of the call; its call ends here.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session, object_session

from gate_controller.contract.calls import GUARD_LEG, CallEnd, CallReport, CallState, CallStep
from gate_controller.contract.features import GUARD_CALLS
from web_admin.accounts.names import staff_account_is_open
from web_admin.calls.live import ANSWERED, OVER, RINGING, end_call
from web_admin.calls.media import answer_of
from web_admin.calls.models import HomeCall
from web_admin.calls.pushes import show_end
from web_admin.calls.relays import relays_of_gate
from web_admin.calls.rules import (
    GUARD_RINGS_SECONDS,
    LONGEST_TALK_SECONDS,
    guard_of_plan,
    second_of,
    with_guard,
)
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig


def goes_on(gate: Gate, call: HomeCall, end: CallEnd, now: datetime) -> None:
    """Give a call to the guard; where its gate does not go on with it, it ends so."""
    session = object_session(call)
    if GUARD_CALLS not in gate.knows or session is None:
        end_call(call, end, now)
        call.to_guard = True
        return
    if call.pushed_at is not None:
        show_end(session, call, now)
    call.plan = with_guard(call.plan, int(second_of(call.started_at, now)))
    call.stage, call.to_guard = RINGING, True
    call.media_offer = call.media_answer = None
    longest = call.started_at + timedelta(seconds=LONGEST_TALK_SECONDS)
    call.ends_at = min(now + timedelta(seconds=GUARD_RINGS_SECONDS), longest)


def begins_now(call: HomeCall) -> bool:
    """Return whether the gate is to call the guard now that the call is over: it has not done so yet."""
    return call.to_guard and guard_of_plan(call.plan) is None


def note_telephone(call: HomeCall, said: CallReport, now: datetime) -> None:
    """Store that the guard answered their telephone first; a telephone of the home is too late."""
    if said.step == CallStep.LEG_ANSWERED and said.leg is None and call.stage == RINGING:
        call.leg = GUARD_LEG
        take(call, now)


def _may_still(session: Session, call: HomeCall) -> bool:
    """Return whether the account that answered is open: one that was closed meanwhile has no call."""
    _second, by = guard_of_plan(call.plan) or (0, "")
    return staff_account_is_open(session, by)


def _give_back(call: HomeCall, now: datetime) -> None:
    """Let a call ring at the guard again, for the others."""
    second, _by = guard_of_plan(call.plan) or (0, "")
    call.plan = with_guard(call.plan, second)
    call.stage, call.media_answer = RINGING, None
    longest = call.started_at + timedelta(seconds=LONGEST_TALK_SECONDS)
    call.ends_at = min(now + timedelta(seconds=GUARD_RINGS_SECONDS), longest)


def take(call: HomeCall, now: datetime) -> None:
    """Note that the guard has answered a call, on a page that has no sound yet."""
    call.stage, call.answered_at, call.media_answer = ANSWERED, now, None
    call.ends_at = call.started_at + timedelta(seconds=LONGEST_TALK_SECONDS)


def state(config: WebConfig, session: Session, call: HomeCall, now: datetime) -> CallState:
    """Return what the gate shall do while the guard has its call, and end it when it lasts too long."""
    if call.stage == ANSWERED and call.leg is None and not _may_still(session, call):
        _give_back(call, now)
    if now >= call.ends_at:
        end_call(call, CallEnd.NO_ANSWER if call.stage == RINGING else CallEnd.ENDED, now)
    if call.stage == OVER:
        return CallState(call_id=call.call_id, stage="over", end=CallEnd(call.end or CallEnd.FAILED))
    return CallState(
        call_id=call.call_id,
        stage="answered" if call.stage == ANSWERED else "ringing",
        to_guard=True,
        reply=call.reply,  # type: ignore[arg-type]  # one of live.REPLIES
        leg=call.leg,
        media_answer=answer_of(call) if call.stage == ANSWERED else None,
        media_relays=relays_of_gate(config, session, call),
        seconds_left=max(0, min(LONGEST_TALK_SECONDS, int((call.ends_at - now).total_seconds()))),
    )
