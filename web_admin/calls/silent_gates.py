"""End the calls of which their gates say no more: the link was cut, or the power."""

from datetime import datetime

from sqlalchemy import select

from gate_controller.contract.calls import CallEnd
from web_admin.calls.live import OVER, RINGING, end_call, note_no_key
from web_admin.calls.models import UNHEARD, HomeCall
from web_admin.core.database import Menjin

AT_ONCE = 50
"""The rest follow with the next run; pages show them as over in any case."""


def end_silent_calls(menjin: Menjin, now: datetime, at_once: int = AT_ONCE) -> int:
    """End calls whose gates did not say in time that they are over; return how many."""
    with menjin.database.session() as session:
        late = (
            select(HomeCall)
            .where(HomeCall.stage != OVER, HomeCall.ends_at < now)
            .order_by(HomeCall.ends_at, HomeCall.call_id)
            .limit(at_once)
        )
        calls = session.scalars(late.with_for_update(skip_locked=True)).all()
        for call in calls:
            _end(call, now)
        return len(calls)


def _end(call: HomeCall, now: datetime) -> None:
    if call.to_guard:
        end: str | None = CallEnd.NO_ANSWER if call.stage == RINGING else CallEnd.ENDED
    else:
        if call.leg is not None:
            note_no_key(call)
        end = None if call.shown_end == UNHEARD else call.shown_end
    end_call(call, end, now)
    call.ended_at = call.ends_at
