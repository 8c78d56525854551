"""Count alarms by week and by what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from web_admin.alarms.actions import SILENT_KINDS
from web_admin.alarms.models import Alarm
from web_admin.events.alarm_groups import DOORS, PEOPLE

WEEKS = 12


@dataclass(frozen=True, slots=True)
class AlarmWeek:
    """Alarms raised in the week from this Monday on: about people, doors and devices."""

    monday: date
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return how many alarms the week had."""
        return sum(self.counts.values())


def alarms_by_week(
    session: Session, site_id: str, now: datetime, zone: ZoneInfo, *, with_silent: bool
) -> list[AlarmWeek]:
    """Return the last twelve weeks, the current one last; silent alarms only for those who answer them."""
    today = now.astimezone(zone).date()
    this_monday = today - timedelta(days=today.weekday())
    mondays = [this_monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    ends = [*mondays, this_monday + timedelta(weeks=1)]
    starts = [datetime.combine(monday, time(), zone) for monday in ends]
    of_site = Alarm.site_id == site_id
    shown = (of_site,) if with_silent else (of_site, Alarm.kind.not_in(SILENT_KINDS))
    each = [
        select(literal(number), Alarm.kind, func.count())
        .where(*shown, Alarm.raised_at >= starts[number], Alarm.raised_at < starts[number + 1])
        .group_by(Alarm.kind)
        for number in range(WEEKS)
    ]
    counts: list[dict[str, int]] = [{"people": 0, "doors": 0, "devices": 0} for _week in mondays]
    for number, kind, count in session.execute(union_all(*each)):
        about = "people" if kind in PEOPLE else "doors" if kind in DOORS else "devices"
        counts[number][about] += count
    return [AlarmWeek(monday, count) for monday, count in zip(mondays, counts, strict=True)]
