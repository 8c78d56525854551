"""Read the open alarms, for the page of now and the page of alarms; no routes."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length

from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import current_may
from web_admin.alarms import queries as alarms_queries
from web_admin.alarms.actions import ABOUT_STAFF, FOR_THE_MANAGER, SILENT_KINDS
from web_admin.core.database import request_session
from web_admin.events import details
from web_admin.events.alarm_groups import grouped
from web_admin.operations.watch import WATCHED
from web_admin.web.fields import MAX_REASON_CHARS
from web_admin.web.places import recorded_names, site_lanes
from web_admin.web.site import current_site, request_now


class AlarmForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    note = StringField(_l("Note"), validators=[Length(max=MAX_REASON_CHARS)])


def open_alarm_parts() -> dict[str, object]:
    """Return the list of open alarms for this page and the page of now."""
    session, site_id = request_session(), current_site().site_id
    answers = current_may("acknowledge_alarm")
    alarms = alarms_queries.open_alarms(session, site_id, with_silent=answers)
    entries = details.events_of_alarms(session, alarms)
    return {
        "alarms": alarms,
        "alarm_groups": grouped(session, alarms),
        "alarm_count": alarms_queries.open_count(session, site_id, with_silent=answers),
        "alarm_entries": entries,
        "labels": details.emergency_labels(session, entries.values()),
        "details": details,
        "tried_accounts": shown_names(
            session, [alarm.detail for alarm in alarms if alarm.kind in ABOUT_STAFF]
        ),
        "where": recorded_names(),
        "lanes_in_use": {lane.lane_id for lane in site_lanes()},
        "is_overdue": lambda alarm: alarms_queries.is_overdue(alarm, request_now()),
        "silent_kinds": SILENT_KINDS,
        "watched_kinds": WATCHED,
        "for_manager": FOR_THE_MANAGER,
        "alarm_form": AlarmForm(formdata=None),
    }
