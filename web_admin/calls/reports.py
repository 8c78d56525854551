"""Take what a gate reports of a call, and answer what it shall do next.

Each answer is the whole state. What is not called, for whatever reason, gets one answer: at a gate no one
learns whether a home exists, takes calls, or has someone in.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.calls import (
    CallEnd,
    CallFor,
    CallReport,
    CallState,
    CallStep,
    SealedLegs,
    seal_legs,
)
from web_admin.action.base import new_action
from web_admin.calls import at_guard, couriers, pushes
from web_admin.calls.allowance import may_have_numbers
from web_admin.calls.live import ANSWERED, OVER, RINGING, end_call, note_no_key, seconds_left
from web_admin.calls.media import answer_of, offered
from web_admin.calls.models import CallNumber, HomeCall
from web_admin.calls.orders import give_order, signed_order
from web_admin.calls.reach import (
    as_rules,
    called_persons,
    has_pages,
    legs_of,
    may_pass,
    numbers_to_call,
    wishes_of,
)
from web_admin.calls.relays import relays_of_gate
from web_admin.calls.rules import (
    LATEST_PAGE_SECOND,
    LONGEST_RINGING_SECONDS,
    LONGEST_TALK_SECONDS,
    has_begun,
    is_quiet,
    is_rung_out,
    is_wanted,
    numbers_of_plan,
    plan,
    put_off,
    read,
    rings_telephones,
    second_of,
    stored,
    with_leg_ended,
)
from web_admin.compound.models import Gate, Home, Lane, Person, Site
from web_admin.core.database import Menjin
from web_admin.core.limit_counts import CountedTries, LimitCounts, wait_seconds, with_one_less, with_one_more
from web_admin.core.limits import CALLS_OF_GATE, CALLS_TO_HOME, CALLS_TO_HOME_AT_SITE

ENDS_OF_GATE = (CallEnd.OPENED, CallEnd.REFUSED, CallEnd.SENT_AWAY, CallEnd.ENDED)
"""Ends that a gate without the server can have brought about, and reports later."""
ENDS_BY_KEY = (CallEnd.OPENED, CallEnd.REFUSED, CallEnd.SENT_AWAY)
"""How a telephone ends a call. Without a key it may have been a mailbox, and has not answered."""
GRACE_SECONDS = 15
"""How much longer than its steps a call is kept open for a gate that reports late."""


def report(menjin: Menjin, session: Session, gate: Gate, said: CallReport, now: datetime) -> CallState:
    """Return what a gate shall do; raises KeyUnusable where its key for this call is none."""
    call = session.get(HomeCall, said.call_id, with_for_update=True)
    if call is None:
        return _begin(menjin, session, gate, said, now)
    if call.gate_id != gate.gate_id or call.lane_id != said.lane_id or not gate.is_trusted:
        return _over(said.call_id, CallEnd.FAILED, offers_guard=True)
    was_opened = call.end == CallEnd.OPENED
    _note(session, call, said, now)
    if call.end == CallEnd.OPENED and not was_opened:
        _give_back(menjin, session, gate, said.home, now)
    if said.media_offer is not None and call.stage != OVER:
        offered(call, said.media_offer)
    return _state(menjin, session, call, now, has_telephone=said.has_telephone)


# -- a call begins ---------------------------------------------------------------------------------


def _begin(menjin: Menjin, session: Session, gate: Gate, said: CallReport, now: datetime) -> CallState:
    lane = session.get(Lane, said.lane_id)
    if said.step == CallStep.OVER or lane is None or lane.gate_id != gate.gate_id or not gate.is_trusted:
        return _over(said.call_id, CallEnd.FAILED, offers_guard=True)
    if not _may_call(menjin, session, gate, said.home, now):
        return _over(said.call_id, CallEnd.TOO_MANY, offers_guard=True)
    site = session.get_one(Site, gate.site_id)
    home_id = None if site.restoring else home_called(session, gate.site_id, said.home)
    persons = called_persons(session, home_id) if home_id is not None else []
    if home_id is None or not may_pass(session, persons, lane.lane_id, now):
        return _over(said.call_id, CallEnd.NO_CALLS, offers_guard=True)
    return _begin_to(menjin, session, site, gate, said, home_id, persons, now)


def _begin_to(
    menjin: Menjin,
    session: Session,
    site: Site,
    gate: Gate,
    said: CallReport,
    home_id: str,
    persons: Sequence[str],
    now: datetime,
) -> CallState:
    row = wishes_of(session, home_id)
    wishes = as_rules(row)
    if row is None or not is_wanted(wishes, gate.gate_id, now):
        return _over(said.call_id, CallEnd.NO_CALLS, offers_guard=True)
    call = _new_call(gate, said, home_id, now)
    if said.purpose == CallFor.COURIER and row.courier == couriers.GUARD:
        call.reply = "leave_with_guard"
        session.add(call)
        at_guard.goes_on(gate, call, CallEnd.ENDED, now)
        return _state(menjin, session, call, now, has_telephone=False)
    host = None
    if said.purpose == CallFor.COURIER:
        host = couriers.lets_in(session, site, row, gate.gate_id, said.lane_id, now)
    if host is None and is_quiet(wishes, now.astimezone(ZoneInfo(site.timezone))):
        return _over(said.call_id, CallEnd.NO_CALLS, offers_guard=True)
    session.add(call)
    if host is not None:
        call.stage, call.answered_by, call.answered_at = ANSWERED, host, now
        session.flush()
        give_order(new_action(menjin, session, site.site_id, host, "system", now=now), call, host)
    else:
        _ring(menjin, session, gate, call, row.reach, persons, now)
    return _state(menjin, session, call, now, has_telephone=said.has_telephone)


def _new_call(gate: Gate, said: CallReport, home_id: str, now: datetime) -> HomeCall:
    return HomeCall(
        call_id=said.call_id,
        site_id=gate.site_id,
        gate_id=gate.gate_id,
        lane_id=said.lane_id,
        home_id=home_id,
        purpose=said.purpose,
        stage=RINGING,
        to_guard=False,
        plan=[],
        started_at=now,
        ends_at=now + timedelta(seconds=LONGEST_RINGING_SECONDS),
        has_telephone=said.has_telephone,
        sealing_public_key=said.sealing_public_key,
    )


def _ring(
    menjin: Menjin,
    session: Session,
    gate: Gate,
    call: HomeCall,
    reach: Sequence[str],
    persons: Sequence[str],
    now: datetime,
) -> None:
    numbers = numbers_to_call(session, menjin.sealer, call.site_id, persons) if call.has_telephone else []
    if numbers and not may_have_numbers(session, gate, call.home_id, now):
        numbers = []
    steps = plan(reach, has_pages=has_pages(session, persons, now), telephones=len(numbers))
    call.plan = stored(steps, [row.number_id for row in numbers])
    call.ends_at = now + timedelta(seconds=steps[-1].from_second + GRACE_SECONDS)
    session.flush()


def home_called(session: Session, site_id: str, typed: str) -> str | None:
    """Return the home whose number is typed without its dashes."""
    plain = func.replace(Home.number, "-", "")
    return session.scalars(select(Home.home_id).where(Home.site_id == site_id, plain == typed)).first()


def _may_call(menjin: Menjin, session: Session, gate: Gate, typed: str, now: datetime) -> bool:
    """Count a call of a gate to a number, whether there is such a home or not; False: too many."""
    counts = LimitCounts(menjin.database, menjin.sealer)
    every = [CountedTries(CALLS_OF_GATE, (gate.gate_id,)), *_of_number(gate, typed)]
    with counts.locked_in(session, every) as rows:
        if any(wait_seconds(of.limit, rows[of], now) for of in every):
            return False
        for of in every:
            rows[of] = with_one_more(of.limit, rows[of], now)
    return True


def _give_back(menjin: Menjin, session: Session, gate: Gate, typed: str, now: datetime) -> None:
    """Count a call no more that the home opened to: its guests may come one after the other."""
    every = _of_number(gate, typed)
    with LimitCounts(menjin.database, menjin.sealer).locked_in(session, every) as rows:
        for of in every:
            rows[of] = with_one_less(of.limit, rows[of], now)


def _of_number(gate: Gate, typed: str) -> list[CountedTries]:
    """Return the counts of a typed number: at this gate, and at all of the site together."""
    at_site = CountedTries(CALLS_TO_HOME_AT_SITE, (gate.site_id, typed))
    return [CountedTries(CALLS_TO_HOME, (gate.gate_id, typed)), at_site]


# -- a call goes on --------------------------------------------------------------------------------


def _note(session: Session, call: HomeCall, said: CallReport, now: datetime) -> None:
    """Store what the gate says: a telephone was answered or put down, or the call is over."""
    if said.step == CallStep.OVER:
        _note_over(session, call, said, now)
    elif call.to_guard:
        at_guard.note_telephone(call, said, now)
    elif said.leg is None or not has_begun(read(call.plan), "telephone", second_of(call.started_at, now)):
        return  # no telephone of the home
    elif said.step == CallStep.LEG_ANSWERED and call.stage == RINGING:
        person_id = _whose_leg(session, call, said.leg)
        if person_id is not None:
            call.stage, call.answered_by, call.answered_at, call.leg = ANSWERED, person_id, now, said.leg
            call.ends_at = call.started_at + timedelta(seconds=LONGEST_TALK_SECONDS)
    elif said.step == CallStep.LEG_ENDED:
        call.plan = with_leg_ended(call.plan, said.leg)
        if call.stage == ANSWERED and said.leg == call.leg:
            _put_down(session, call, now)


def _put_down(session: Session, call: HomeCall, now: datetime) -> None:
    """Let the home ring on, after a telephone that was answered without a key."""
    talked_from = call.answered_at or now
    talked = (now - talked_from).total_seconds()
    call.plan = put_off(call.plan, second_of(call.started_at, talked_from), talked)
    call.stage = RINGING
    note_no_key(call)
    if call.pushed_at is not None:
        _ring_phones(session, call, now)


def _note_over(session: Session, call: HomeCall, said: CallReport, now: datetime) -> None:
    end = said.end or CallEnd.FAILED
    if said.leg is not None and end in ENDS_BY_KEY:
        call.answered_by = _whose_leg(session, call, said.leg) or call.answered_by
    elif call.leg is not None:
        note_no_key(call)
    if call.stage != OVER:
        end_call(call, end, now)
    elif (
        (end in ENDS_OF_GATE and call.end not in ENDS_OF_GATE)
        or end in (CallEnd.OPENED, CallEnd.REFUSED)
        or call.end is None
    ):
        call.end = end


def _whose_leg(session: Session, call: HomeCall, place: int) -> str | None:
    numbers = numbers_of_plan(call.plan)
    number = session.get(CallNumber, numbers[place]) if place < len(numbers) else None
    return number.person_id if number is not None else None


# -- the answer ------------------------------------------------------------------------------------


def _state(
    menjin: Menjin, session: Session, call: HomeCall, now: datetime, *, has_telephone: bool
) -> CallState:
    if call.to_guard and call.stage != OVER:
        return at_guard.state(menjin.config, session, call, now)
    if call.stage == RINGING:
        _ring_on(session, call, now)
        if call.to_guard and call.stage != OVER:
            return at_guard.state(menjin.config, session, call, now)
    elif call.stage == ANSWERED and (now >= call.ends_at or not _still_answers(session, call)):
        end = CallEnd.ENDED if call.leg is None else CallEnd.NO_ANSWER
        if call.leg is not None:
            note_no_key(call)
        end_call(call, end, now)
    elif call.stage == ANSWERED and call.leg is not None and _waits_long(call, now):
        _ring_phones(session, call, now)
    if call.stage == OVER:
        offers = call.end == CallEnd.NO_ANSWER and not call.to_guard
        ended = _over(call.call_id, CallEnd(call.end or CallEnd.FAILED), offers_guard=offers)
        return msgspec.structs.replace(ended, to_guard=at_guard.begins_now(call), reply=call.reply)
    return CallState(
        call_id=call.call_id,
        stage="answered" if call.stage == ANSWERED else "ringing",
        reply=call.reply,  # type: ignore[arg-type]  # one of REPLIES
        legs=_sealed_legs(menjin, session, call, now) if has_telephone else None,
        opens=signed_order(session, menjin.sealer, call, now) if call.stage == ANSWERED else None,
        media_answer=answer_of(call) if call.stage == ANSWERED else None,
        media_relays=relays_of_gate(menjin.config, session, call),
        seconds_left=seconds_left(call, now),
    )


def _still_answers(session: Session, call: HomeCall) -> bool:
    """Return whether who answered may still: they were not suspended and did not leave the home meanwhile."""
    who = session.get(Person, call.answered_by) if call.answered_by is not None else None
    return who is not None and who.home_id == call.home_id and who.ended_at is None and not who.suspended


def _ring_on(session: Session, call: HomeCall, now: datetime) -> None:
    """Take the steps that are due: notify phones once, and end what no one answered."""
    steps, second = read(call.plan), second_of(call.started_at, now)
    if is_rung_out(steps, second):
        if steps[-1].kind == "guard":
            at_guard.goes_on(session.get_one(Gate, call.gate_id), call, CallEnd.NO_ANSWER, now)
        else:
            end_call(call, CallEnd.NO_ANSWER, now)
    elif call.pushed_at is None and has_begun(steps, "page", second):
        _ring_phones(session, call, now)


def _waits_long(call: HomeCall, now: datetime) -> bool:
    """Return whether phones of pages are to ring beside a telephone that talks, which may be a mailbox."""
    has_pages = any(step.kind == "page" for step in read(call.plan))
    return has_pages and call.pushed_at is None and second_of(call.started_at, now) >= LATEST_PAGE_SECOND


def _ring_phones(session: Session, call: HomeCall, now: datetime) -> None:
    call.pushed_at = now
    pushes.show_call(session, call, called_persons(session, call.home_id), now)


def _sealed_legs(menjin: Menjin, session: Session, call: HomeCall, now: datetime) -> SealedLegs | None:
    second = second_of(call.started_at, now)
    rings = call.stage == RINGING and rings_telephones(read(call.plan), second)
    if not rings and call.leg is None:
        return None
    legs = legs_of(session, menjin.sealer, call)
    if not legs:
        return None
    return seal_legs(call.sealing_public_key, legs, call.call_id, call.site_id, call.gate_id)


def _over(call_id: str, end: CallEnd, *, offers_guard: bool) -> CallState:
    return CallState(call_id=call_id, stage="over", end=end, offers_guard=offers_guard)
