"""Read what pages of lanes say about weekly schedules; no routes."""

from collections.abc import Mapping
from functools import cached_property

from web_admin.accounts.names import staff_names
from web_admin.accounts.queries import staff_emails
from web_admin.compound.models import Lane
from web_admin.core.database import request_session
from web_admin.gates.rules import is_overridden
from web_admin.gates.schedules import (
    Schedule,
    ScheduledNow,
    SiteHours,
    read_site_hours,
    scheduled_now,
    schedules_of,
)
from web_admin.web.forms import OnceForm
from web_admin.web.site import current_site, request_now


class RemoveForm(OnceForm):
    """A button that takes a schedule away."""


class LaneSchedules:
    """Schedules for the pages of one request; each fact is read once, when first asked for."""

    def of(self, lane: Lane) -> tuple[Schedule, ...]:
        return schedules_of(lane, self._hours, request_now()) if lane.posture_hours else ()

    def now(self, lane: Lane) -> ScheduledNow | None:
        """Return the schedule that decides the lane's posture now, unless an override does."""
        if not lane.posture_hours or is_overridden(lane, request_now()):
            return None
        return scheduled_now(lane, self._hours, request_now())

    def named(self, author_id: str | None) -> str:
        """Return the name under which a schedule's author is shown on every page, as a lockdown's is."""
        return self._names.get(author_id or "") or self.set_by(author_id)

    def set_by(self, author_id: str | None) -> str:
        return self._emails.get(author_id or "", author_id or "—")

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return staff_names(request_session())

    @cached_property
    def _emails(self) -> Mapping[str, str]:
        return staff_emails(request_session())

    @cached_property
    def _hours(self) -> SiteHours:
        return read_site_hours(request_session(), current_site())
