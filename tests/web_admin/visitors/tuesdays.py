"""Weekly visitors on Tuesdays, at whatever time."""

from dataclasses import replace
from datetime import UTC, date, datetime

from web_admin.action.base import Action
from web_admin.visitors.models import VisitorSeriesRow
from web_admin.visitors.weekly import issue_series


def at(act: Action, moment: datetime) -> Action:
    """Return the same action at another time."""
    return replace(act, now=moment.astimezone(UTC))


def tuesdays(act: Action, issuer: str | None, **changes: object) -> VisitorSeriesRow:
    wanted = {
        "label": "Piano teacher",
        "gate_numbers": [1],
        "days": ["tue"],
        "starts_minute": 9 * 60,
        "ends_minute": 12 * 60,
        "last_day": date(2026, 4, 28),
        **changes,
    }
    return issue_series(act, issuer_person_id=issuer, **wanted)  # type: ignore[arg-type]
