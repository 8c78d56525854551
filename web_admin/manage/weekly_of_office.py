"""Read the office's weekly invitations as rows, for the pages of visitors; no routes."""

from dataclasses import dataclass
from datetime import datetime

from web_admin.core.database import request_session
from web_admin.visitors.models import VisitorSeriesRow
from web_admin.visitors.queries import series_of_office
from web_admin.visitors.weekly import next_visit, series_state
from web_admin.web.site import current_site, request_now, site_zone

SHOWN = 50


@dataclass(frozen=True, slots=True)
class ShownWeekly:
    """A weekly invitation of the office; `begins` is its running or next visit."""

    row: VisitorSeriesRow
    state: str
    begins: datetime | None


def weekly_of_office() -> list[ShownWeekly]:
    """Return the office's weekly invitations that have not ended, newest first."""
    today = request_now().astimezone(site_zone()).date()
    rows = series_of_office(request_session(), current_site().site_id, today, SHOWN)
    return [shown_weekly(row) for row in rows]


def shown_weekly(row: VisitorSeriesRow) -> ShownWeekly:
    """Return a weekly invitation with its state and its running or next visit."""
    visit = next_visit(row, site_zone(), request_now()) if row.withdrawn_at is None else None
    return ShownWeekly(row, series_state(row, site_zone(), request_now()), visit[1] if visit else None)
