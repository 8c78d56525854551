"""List the calls of a home: which gate, when, and who of the home answered; never who called."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session, aliased

from gate_controller.contract.calls import CallEnd, CallFor
from web_admin.calls.models import UNHEARD, HomeCall
from web_admin.compound.gate_names import gate_and_lane
from web_admin.compound.models import Gate, Lane, Person

LISTED = 50
SHOWN_FOR = timedelta(days=14)
MISSED_ENDS = (CallEnd.NO_ANSWER, CallEnd.CANCELLED, CallEnd.FAILED, UNHEARD)


@dataclass(frozen=True, slots=True)
class PastCall:
    call_id: str
    at: datetime
    gate_and_lane: str
    purpose: str
    end: str
    answered_by: str | None
    went_to_guard: bool
    was_let_in: bool
    """True of a courier whom the home let in without being asked."""
    is_missed: bool
    is_new: bool
    """True if it was missed and no one of the home has looked since."""


def calls_of_home(session: Session, reader: Person, now: datetime) -> list[PastCall]:
    """Return the last calls of a person's home that are over, the newest first, since they came."""
    since = max(reader.created_at, now - SHOWN_FOR)
    of_home = HomeCall.home_id == reader.home_id, HomeCall.started_at >= since, _is_over(now)
    return [] if reader.home_id is None else _listed(session, *of_home)


def count_new(session: Session, reader: Person, now: datetime) -> int:
    """Return how many calls a person's home has missed since someone of it last looked."""
    return sum(one.is_new for one in calls_of_home(session, reader, now))


def answered_by(session: Session, person_id: str) -> list[PastCall]:
    """Return the calls that a person answered or opened by, the newest first: all that are kept."""
    theirs = or_(HomeCall.answered_by == person_id, HomeCall.order_person_id == person_id)
    return _listed(session, theirs, most=None)


def _listed(session: Session, *conditions: ColumnElement[bool], most: int | None = LISTED) -> list[PastCall]:
    who = aliased(Person)
    rows = session.execute(
        select(HomeCall, Gate.name, Lane.name, who.display_name)
        .join(Gate, Gate.gate_id == HomeCall.gate_id)
        .outerjoin(Lane, Lane.lane_id == HomeCall.lane_id)
        .outerjoin(who, who.person_id == HomeCall.answered_by)
        .where(*conditions)
        .order_by(HomeCall.started_at.desc(), HomeCall.call_id)
        .limit(most)
    )
    return [_shown(call, gate, lane, name) for call, gate, lane, name in rows]


def _is_over(now: datetime) -> ColumnElement[bool]:
    return or_(HomeCall.stage == "over", HomeCall.ends_at <= now)


def _shown(call: HomeCall, gate: str, lane: str | None, name: str | None) -> PastCall:
    end = call.shown_end
    missed = end in MISSED_ENDS and not call.is_answered
    return PastCall(
        call_id=call.call_id,
        at=call.started_at,
        gate_and_lane=gate_and_lane(gate, lane or ""),
        purpose=call.purpose,
        end=end,
        answered_by=name if call.is_answered else None,
        went_to_guard=call.to_guard,
        was_let_in=was_let_in(call),
        is_missed=missed,
        is_new=missed and call.seen_at is None,
    )


def was_let_in(call: HomeCall) -> bool:
    """Return whether a courier was let in by what the home had chosen."""
    by_day = call.order_at is not None and call.answered_at == call.started_at
    return call.purpose == CallFor.COURIER and by_day


def note_seen(session: Session, home_id: str, now: datetime) -> None:
    """Note that someone of a home has looked at its missed calls."""
    unseen = and_(HomeCall.home_id == home_id, HomeCall.seen_at.is_(None), _is_over(now))
    session.execute(update(HomeCall).where(unseen).values(seen_at=now))
