"""Say when of a week something is so, in the page's language."""

from collections.abc import Sequence
from datetime import datetime

from babel.dates import format_skeleton, get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _

from gate_controller.contract.calendars import MINUTES_A_DAY
from web_admin.access.patterns import Pattern

MOST_PARTS = 3
_WHOLE_DAY = (0, MINUTES_A_DAY)


def week_words(pattern: Pattern) -> str:
    """Return when it is so as the end of a sentence; "" for always."""
    parts = []
    if pattern.until is not None:
        parts.append(_("until %(time)s", time=_moment(pattern.until)))
    for minutes, days in pattern.weekly:
        if minutes == _WHOLE_DAY:
            parts.append(_("all day %(days)s", days=_days(days)))
        else:
            span = f"{clock_of(minutes[0])}–{clock_of(minutes[1])}"
            parts.append(_("%(days)s %(hours)s", days=_days(days), hours=span))
    if pattern.since is not None:
        parts.append(_("from %(time)s on", time=_moment(pattern.since)))
    if len(parts) > MOST_PARTS:
        parts[MOST_PARTS - 1 :] = [_("at other times")]
    text: str = _(", ").join(parts)
    return text


def _days(days: Sequence[int]) -> str:
    known = {
        (0, 1, 2, 3, 4, 5, 6): _("every day"),
        (0, 1, 2, 3, 4): _("on weekdays"),
        (5, 6): _("at weekends"),
    }
    if tuple(days) in known:
        return str(known[tuple(days)])
    names = get_day_names("abbreviated", locale=get_locale())
    text: str = _("on %(days)s", days=_(", ").join(names[day] for day in days))
    return text


def _moment(at: datetime) -> str:
    return f"{format_skeleton('MMMEd', at, locale=get_locale())} {at:%H:%M}"


def clock_of(minute: int) -> str:
    """Return a minute of the day as a clock shows it."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
