"""Answer a call on a page: pick up, reply, open, send away, hang up.

Each is an act of one person of the called home, on their own phone. Acts of a site run one after another, so
of two who answer at once the first has the call, and the other reads so. What opens is an order that the gate
takes to its own rules, once in a call.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, object_session

from gate_controller.contract.calls import CallEnd, QuickReply
from web_admin.action.base import Action, begin
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.calls.missed import was_let_in
from web_admin.calls.models import UNHEARD, HomeCall
from web_admin.calls.orders import give_order, is_on_its_way
from web_admin.calls.pushes import show_end
from web_admin.calls.reach import is_called
from web_admin.calls.rules import LONGEST_TALK_SECONDS, has_begun, read, second_of
from web_admin.compound.gate_names import gate_and_lane
from web_admin.compound.models import Gate, Lane, Person
from web_admin.core.refusal import ActionRefused

RINGING, ANSWERED, OVER = "ringing", "answered", "over"
REPLIES: tuple[QuickReply, ...] = get_args(QuickReply)


@dataclass(frozen=True, slots=True)
class CallShown:
    """A call as a page of the called home shows it."""

    call_id: str
    purpose: str
    stage: str
    gate_and_lane: str
    started_at: datetime
    seconds_left: int
    is_mine: bool
    """True if the person who looks answered it."""
    by_telephone: bool
    """True while a telephone has picked up on which no key was pressed: it may be a mailbox."""
    answered_at: datetime | None
    answered_by: str | None
    """The name of who answered; theirs who set it where a courier was let in by day."""
    reply: str | None
    is_opening: bool
    """True while the gate is ordered to open and may still say that it did."""
    was_ordered: bool
    """True once it was ordered at all: it can be once in a call."""
    end: str | None
    went_to_guard: bool

    @property
    def opened(self) -> bool:
        """Return whether the gate reported that it opened."""
        return self.end == CallEnd.OPENED


# -- reading ---------------------------------------------------------------------------------------


def ringing_for(session: Session, person_id: str, now: datetime) -> HomeCall | None:
    """Return the call that rings for a person, that they answered on a page, or that a telephone picked up.

    None for who has none of these. A courier who is let in without asking rings nowhere.
    """
    person = session.get(Person, person_id)
    if person is None or not is_called(session, person):
        return None
    calls = session.scalars(
        select(HomeCall)
        .where(
            HomeCall.home_id == person.home_id,
            HomeCall.ends_at > now,
            HomeCall.to_guard.is_(False),
            or_(
                HomeCall.stage == RINGING,
                and_(
                    HomeCall.stage == ANSWERED,
                    or_(HomeCall.answered_by == person_id, HomeCall.leg.is_not(None)),
                ),
            ),
        )
        .order_by(HomeCall.stage, HomeCall.started_at, HomeCall.call_id)
    )
    shown = [call for call in calls if _goes_on(call) or rings_on_pages(call, now)]
    return min(shown, key=lambda call: call.leg is not None, default=None)


def _goes_on(call: HomeCall) -> bool:
    """Return whether pages show an answered call: of a telephone, where they had rung before."""
    if call.stage != ANSWERED or call.answered_at is None:
        return False
    return not was_let_in(call) if call.leg is None else _has_rung_on_pages(call, call.answered_at)


def rings_on_pages(call: HomeCall, now: datetime) -> bool:
    """Return whether a call rings on the pages of the home by now."""
    rings = call.stage == RINGING and not call.to_guard
    return rings and now < call.ends_at and _has_rung_on_pages(call, now)


def _has_rung_on_pages(call: HomeCall, by: datetime) -> bool:
    return has_begun(read(call.plan), "page", second_of(call.started_at, by))


def state_for(session: Session, call_id: str, person_id: str, now: datetime) -> CallShown | None:
    """Return a call as a person's page shows it; None of another home's and for who is not called."""
    call, person = session.get(HomeCall, call_id), session.get(Person, person_id)
    if call is None or person is None or person.home_id != call.home_id or not is_called(session, person):
        return None
    gate, lane = session.get_one(Gate, call.gate_id), session.get(Lane, call.lane_id)
    answerer = session.get(Person, call.answered_by) if call.answered_by is not None else None
    is_over = call.stage == OVER or call.to_guard or now >= call.ends_at
    return CallShown(
        call_id=call.call_id,
        purpose=call.purpose,
        stage=OVER if is_over else call.stage,
        gate_and_lane=gate_and_lane(gate.name, lane.name if lane is not None else ""),
        started_at=call.started_at,
        seconds_left=0 if is_over else seconds_left(call, now),
        is_mine=call.answered_by == person_id and call.leg is None,
        by_telephone=not is_over and call.stage == ANSWERED and call.leg is not None,
        answered_at=call.answered_at,
        answered_by=answerer.display_name if answerer is not None else None,
        reply=call.reply,
        is_opening=not is_over and is_on_its_way(call, now),
        was_ordered=call.order_id is not None,
        end=call.shown_end if is_over else None,
        went_to_guard=call.to_guard,
    )


def seconds_left(call: HomeCall, now: datetime) -> int:
    """Return for how many seconds a call rings on, or can go on once it was answered."""
    if call.stage == RINGING:
        return max(0, read(call.plan)[-1].from_second - int(second_of(call.started_at, now)))
    return max(0, min(LONGEST_TALK_SECONDS, int((call.ends_at - now).total_seconds())))


# -- acts of who is called -------------------------------------------------------------------------

_IS_OVER = _("This call is over.")
_NOT_YOURS = _("This call is for another home, or you are not called at your home.")


def answer(act: Action, call_id: str, session_sha256: bytes | None = None) -> HomeCall:
    """Take a call, which stops ringing everywhere else; one that is mine gets its sound on this page.

    A telephone that has picked up without a key is hung up by the gate: a mailbox picks up too.
    `session_sha256` is of the browser that answers: that one needs no message about it.
    """
    call, person = _called(act, call_id)
    if call.stage == ANSWERED and call.answered_by == person.person_id and call.leg is None:
        call.answered_at, call.media_answer = act.now, None
        return call
    if call.stage == ANSWERED and call.leg is None:
        raise ActionRefused(None, _answered_by(act.session, call))
    call.stage, call.answered_by, call.answered_at, call.leg = ANSWERED, person.person_id, act.now, None
    call.ends_at = call.started_at + timedelta(seconds=LONGEST_TALK_SECONDS)
    if call.pushed_at is not None:
        show_end(act.session, call, act.now, session_sha256)
    return call


def reply(act: Action, call_id: str, sentence: str) -> HomeCall:
    """Let the gate show and read aloud one of the prepared sentences."""
    call, _person = answered_call(act, call_id)
    if sentence not in REPLIES:
        raise ActionRefused("reply", _("Choose one of the sentences."))
    call.reply = sentence
    return call


def open_gate(act: Action, call_id: str) -> HomeCall:
    """Order the lane of a call to open, by the right of who answered; once in a call."""
    call, person = answered_call(act, call_id)
    if call.order_id is not None:
        raise ActionRefused(None, _("The gate was already asked to open in this call."))
    give_order(act, call, person.person_id)
    return call


def send_away(act: Action, call_id: str) -> HomeCall:
    """End a call with the words that no one comes; nothing opens by it any more."""
    return _end(act, call_id, CallEnd.SENT_AWAY)


def hang_up(act: Action, call_id: str) -> HomeCall:
    """End a call that one answered; nothing opens by it any more."""
    return _end(act, call_id, CallEnd.ENDED)


def _end(act: Action, call_id: str, end: CallEnd) -> HomeCall:
    call, _person = answered_call(act, call_id)
    end_call(call, end, act.now)
    return call


def note_no_key(call: HomeCall) -> None:
    """Forget that a telephone has answered: no key was pressed there."""
    call.answered_by = call.answered_at = call.leg = None


def end_call(call: HomeCall, end: str | None, now: datetime) -> None:
    """End a call, which stops everything that rings for it; None: it is not known how."""
    was_on_page = call.answered_at is not None and call.leg is None  # phones have shown that since
    call.stage, call.end, call.ended_at, call.leg = OVER, end, now, None
    call.media_offer = call.media_answer = None
    is_news = not was_on_page or call.shown_end == UNHEARD
    session = object_session(call)
    if session is not None and call.pushed_at is not None and is_news and not call.to_guard:
        show_end(session, call, now)


def _called(act: Action, call_id: str) -> tuple[HomeCall, Person]:
    """Return a live call, locked, and who acts; raise ActionRefused unless they are called by it."""
    begin(act)
    if act.channel != "phone" or act.served is not None:
        raise ActionRefused(None, _("Calls are answered on one's own phone."))
    person = person_of(act, act.actor_id)
    refuse_unverified_phone(act, person)
    if person.suspended:
        raise ActionRefused(None, _("Your ways in are suspended, so you cannot answer calls."))
    call = act.session.get(HomeCall, call_id, with_for_update=True)
    if call is None or call.home_id != person.home_id or not is_called(act.session, person):
        raise ActionRefused(None, _NOT_YOURS)
    if call.stage == OVER or call.to_guard or act.now >= call.ends_at:
        raise ActionRefused(None, _IS_OVER)
    return call, person


def answered_call(act: Action, call_id: str) -> tuple[HomeCall, Person]:
    """Return a live call that who acts has answered on a page; raise ActionRefused."""
    call, person = _called(act, call_id)
    if call.stage == RINGING or call.leg is not None:
        raise ActionRefused(None, _("Answer the call first."))
    if call.answered_by != person.person_id:
        raise ActionRefused(None, _answered_by(act.session, call))
    return call, person


def _answered_by(session: Session, call: HomeCall) -> LazyString:
    who = session.get(Person, call.answered_by) if call.answered_by is not None else None
    if who is None or not who.display_name:
        return _("Someone else of your home has answered.")
    return _("%(name)s has answered already.", name=who.display_name)
