"""Bound the homes whose telephone numbers one gate gets in a day, by the calls that are kept of it anyway."""

from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.actions import raise_alarm
from web_admin.calls.models import HomeCall
from web_admin.calls.rules import usual_busiest_day
from web_admin.compound.models import Gate

HOMES_A_DAY = 30
"""At least; a gate at which many visitors call may have more."""
TIMES_USUAL = 3
DAY, DAYS_BEFORE = timedelta(days=1), 28


def may_have_numbers(session: Session, gate: Gate, home_id: str, now: datetime) -> bool:
    """Return whether a gate may get the numbers of this home too; raise an alarm where it may not.

    To be asked where the gate's calls are counted, so that calls which begin together wait for each other.
    """
    today = select(HomeCall).where(HomeCall.gate_id == gate.gate_id, HomeCall.started_at > now - DAY)
    homes = {call.home_id for call in session.scalars(today) if call.telephones_rang}
    if home_id in homes or len(homes) < HOMES_A_DAY or len(homes) < TIMES_USUAL * _usual(session, gate, now):
        return True
    kind = EventKind.ALARM_CALL_NUMBERS
    raise_alarm(session, gate.site_id, kind, now, gate_id=gate.gate_id, detail=str(len(homes)), once=True)
    return False


def _usual(session: Session, gate: Gate, now: datetime) -> int:
    """Return how many calls the gate had on its usual busiest day of the last weeks."""
    ends = [now - DAY * (1 + days) for days in range(DAYS_BEFORE + 1)]
    at = HomeCall.started_at
    by_day = [func.count().filter(at <= end, at > begin) for end, begin in pairwise(ends)]
    return usual_busiest_day(session.execute(select(*by_day).where(HomeCall.gate_id == gate.gate_id)).one())
