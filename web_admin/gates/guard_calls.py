"""Answer visitors' calls that went on to the guard: pick up, say a sentence, open, send away, hang up.

Each is an act of one account of staff on their page. Acts of a site run one after another, so of two who
answer at once the first has the call, and the other reads so. What opens is the ordinary order of staff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import CallEnd, QuickReply
from gate_controller.contract.event_kinds import EventKind
from web_admin.accounts.names import shown_names
from web_admin.action.base import Action, begin, record
from web_admin.alarms.actions import acknowledge_alarm
from web_admin.alarms.models import Alarm
from web_admin.calls.at_guard import take
from web_admin.calls.live import ANSWERED, OVER, RINGING, end_call
from web_admin.calls.media import keep_answer, media_for_page, turn_of
from web_admin.calls.models import HomeCall
from web_admin.calls.orders import is_on_its_way
from web_admin.calls.rules import LONGEST_TALK_SECONDS, guard_of_plan, with_guard
from web_admin.compound.gate_names import gate_and_lane
from web_admin.compound.models import Gate, Home, Lane
from web_admin.compound.policy_models import OrderRow
from web_admin.core.config import WebConfig
from web_admin.core.refusal import ActionRefused
from web_admin.gates.orders import STAFF_CHANNELS, order_open

REPLIES: tuple[QuickReply, ...] = ("coming", "wait", "leave_with_guard", "not_now")
"""Those of the prepared sentences that a guard says."""
SHOWN_AT_MOST = 50
OVER_SHOWN = timedelta(seconds=10)
"""Time for which a call that is over stays on the page, so that no other moves under a finger."""


@dataclass(frozen=True, slots=True)
class CallAtGuard:
    """A call as the guard's page shows it."""

    call_id: str
    lane_id: str
    gate_and_lane: str
    home: str
    """The home's number: for roles that may see people."""
    purpose: str
    stage: str
    came_at: datetime
    """When it went on to the guard."""
    by: str
    """The actor who answered on a page, "" for no one."""
    by_name: str
    turn: str
    """Mark of the last answer, "" before it: a later one takes the sound to another page."""
    by_telephone: bool
    reply: str | None
    is_opening: bool
    end: str | None

    @property
    def mark(self) -> str:
        """Return what changes with the card and is no text of it."""
        return f"{self.call_id} {self.turn} {self.reply}"

    @property
    def rings(self) -> bool:
        """Return whether no one of staff has answered it."""
        return self.stage == RINGING


# -- reading ---------------------------------------------------------------------------------------


def calls_at_guard(session: Session, site_id: str, now: datetime) -> list[CallAtGuard]:
    """Return the calls that the guard has, the oldest first, and those that were over just now."""
    rows = session.execute(
        select(HomeCall, Gate.name, Lane.name, Home.number)
        .join(Gate, Gate.gate_id == HomeCall.gate_id)
        .join(Home, Home.home_id == HomeCall.home_id)
        .outerjoin(Lane, Lane.lane_id == HomeCall.lane_id)
        .where(HomeCall.site_id == site_id, *_lately(now))
        .order_by(HomeCall.stage == OVER, HomeCall.started_at.desc(), HomeCall.call_id)
        .limit(SHOWN_AT_MOST)
    ).all()
    found = sorted(
        (row for row in rows if _is_shown(row[0], now)), key=lambda row: (row[0].started_at, row[0].call_id)
    )
    names = shown_names(session, [_answerer(call) for call, *_place in found])
    return [
        _shown(call, gate_and_lane(gate, lane or ""), home, names, now) for call, gate, lane, home in found
    ]


def media_for(config: WebConfig, call: HomeCall, actor_id: str, now: datetime) -> dict[str, object] | None:
    """Return the gate's side of a live call for the page of who answered it; None for everyone else."""
    is_mine = (_stage(call, now), _answerer(call), call.leg) == (ANSWERED, actor_id, None)
    return media_for_page(config, call) if is_mine else None


def count_ringing(session: Session, site_id: str, now: datetime) -> int:
    """Return how many visitors' calls ring at the guard."""
    rows = session.scalars(
        select(HomeCall).where(HomeCall.site_id == site_id, HomeCall.stage == RINGING, *_lately(now))
    )
    return sum(_is_shown(call, now) and _stage(call, now) == RINGING for call in rows)


def marks_of_calls(session: Session, now: datetime) -> list[str]:
    """Return what changes with the calls that pages of the guard show."""
    rows = session.scalars(select(HomeCall).where(*_lately(now)).order_by(HomeCall.call_id))
    return [
        repr(
            (
                call.call_id,
                _stage(call, now),
                _answerer(call),
                call.answered_at,
                call.leg,
                call.reply,
                call.end,
                call.order_id,
                is_on_its_way(call, now),
            )
        )
        for call in rows
        if _is_shown(call, now)
    ]


def _lately(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    since = now - timedelta(seconds=LONGEST_TALK_SECONDS) - OVER_SHOWN
    return HomeCall.to_guard.is_(True), HomeCall.started_at > since


def _is_shown(call: HomeCall, now: datetime) -> bool:
    if guard_of_plan(call.plan) is None:
        return False
    ended_at = call.ended_at if call.stage == OVER and call.ended_at is not None else call.ends_at
    return now < ended_at + OVER_SHOWN


def _stage(call: HomeCall, now: datetime) -> str:
    return OVER if now >= call.ends_at else call.stage


def _answerer(call: HomeCall) -> str:
    guard = guard_of_plan(call.plan)
    return guard[1] if guard is not None else ""


def _shown(call: HomeCall, place: str, home: str, names: Mapping[str, str], now: datetime) -> CallAtGuard:
    second, by = guard_of_plan(call.plan) or (0, "")
    stage = _stage(call, now)
    return CallAtGuard(
        call_id=call.call_id,
        lane_id=call.lane_id,
        gate_and_lane=place,
        home=home,
        purpose=call.purpose,
        stage=stage,
        came_at=call.started_at + timedelta(seconds=second),
        by=by,
        by_name=names.get(by, ""),
        turn=turn_of(call.answered_at),
        by_telephone=call.leg is not None,
        reply=call.reply,
        is_opening=stage == ANSWERED and is_on_its_way(call, now),
        end=(call.end or CallEnd.NO_ANSWER) if stage == OVER else None,
    )


# -- acts of staff ---------------------------------------------------------------------------------


def answer(act: Action, call_id: str, taken_from: str = "") -> HomeCall:
    """Take a call: the guard's telephone and all pages stop ringing, and its alarm is acknowledged.

    One that is mine already gets its sound on the page that pressed last. `taken_from` is the colleague who
    has it and is gone, as the page named them: of two who take it from one colleague the first has it.
    """
    call = _live(act, call_id)
    if call.stage == ANSWERED:
        if _answerer(call) == act.actor_id and call.leg is None:
            take(call, act.now)
            return call
        if call.leg is None and taken_from == _answerer(call):
            return _take_over(act, call)
        raise ActionRefused(None, _has_it(act.session, call))
    second, _no_one = guard_of_plan(call.plan) or (0, "")
    call.plan = with_guard(call.plan, second, act.actor_id)
    take(call, act.now)
    record(act, "guard_call_answered", {"call_id": call_id, "lane_id": call.lane_id})
    _end_alarms(act, call)
    return call


def _take_over(act: Action, call: HomeCall) -> HomeCall:
    second, _gone = guard_of_plan(call.plan) or (0, "")
    call.plan = with_guard(call.plan, second, act.actor_id)
    take(call, act.now)
    record(act, "guard_call_answered", {"call_id": call.call_id, "lane_id": call.lane_id})
    return call


def reply(act: Action, call_id: str, sentence: str) -> HomeCall:
    """Let the gate show and read aloud one of the prepared sentences."""
    call = answered_call(act, call_id)
    if sentence not in REPLIES:
        raise ActionRefused("reply", _("Choose one of the sentences."))
    call.reply = sentence
    return call


def open_lane(act: Action, call_id: str, reason: str) -> OrderRow:
    """Order the lane of a call to open once, as from its page; the gate's word that it did ends the call."""
    call = answered_call(act, call_id)
    if is_on_its_way(call, act.now):
        raise ActionRefused(None, _("The gate was already asked to open in this call."))
    order = order_open(act, call.lane_id, reason)
    call = answered_call(act, call_id)
    call.order_id, call.order_at = order.order_id, act.now
    return order


def give_side(act: Action, call_id: str, side: MediaSide, turn: str) -> HomeCall:
    """Give the gate the side of the page that answered."""
    call = answered_call(act, call_id)
    keep_answer(call, side, turn)
    return call


def send_away(act: Action, call_id: str) -> HomeCall:
    """End a call with the words that no one can open now."""
    return _end(act, call_id, CallEnd.SENT_AWAY)


def hang_up(act: Action, call_id: str) -> HomeCall:
    """End a call without opening."""
    return _end(act, call_id, CallEnd.ENDED)


def _end(act: Action, call_id: str, end: CallEnd) -> HomeCall:
    call = answered_call(act, call_id)
    end_call(call, end, act.now)
    record(act, "guard_call_ended", {"call_id": call_id, "lane_id": call.lane_id, "end": end.value})
    return call


def _live(act: Action, call_id: str) -> HomeCall:
    """Return a live call of this compound that the guard has, locked; raise ActionRefused."""
    begin(act)
    if act.channel not in STAFF_CHANNELS:
        raise ActionRefused(None, _("This is for the property office and the guards."))
    call = act.session.get(HomeCall, call_id, with_for_update=True)
    if call is None or call.site_id != act.site_id or guard_of_plan(call.plan) is None:
        raise ActionRefused(None, _("There is no such call at the guard."))
    if _stage(call, act.now) == OVER:
        raise ActionRefused(None, _("This call is over."))
    return call


def answered_call(act: Action, call_id: str) -> HomeCall:
    """Return a live call that who acts has answered on a page; raise ActionRefused."""
    call = _live(act, call_id)
    if call.stage == RINGING:
        raise ActionRefused(None, _("Answer the call first."))
    if _answerer(call) != act.actor_id or call.leg is not None:
        raise ActionRefused(None, _has_it(act.session, call))
    return call


def _has_it(session: Session, call: HomeCall) -> LazyString:
    if call.leg is not None:
        return _("The guard's telephone has answered already.")
    name = shown_names(session, [_answerer(call)]).get(_answerer(call), "")
    return _("%(name)s has answered already.", name=name) if name else _("Someone else has answered already.")


def _end_alarms(act: Action, call: HomeCall) -> None:
    """Acknowledge the alarms that this call raised before the page answered."""
    second, _by = guard_of_plan(call.plan) or (0, "")
    raised: Sequence[Alarm] = act.session.scalars(
        select(Alarm).where(
            Alarm.site_id == act.site_id,
            Alarm.gate_id == call.gate_id,
            Alarm.lane_id == call.lane_id,
            Alarm.kind == EventKind.ALARM_HELP,
            Alarm.acknowledged_at.is_(None),
            Alarm.raised_at >= call.started_at + timedelta(seconds=second),
        )
    ).all()
    for alarm in raised:
        acknowledge_alarm(act, alarm, "")
