"""Parts of every page of staff: how many alarms wait, and a lockdown that is in force."""

from dataclasses import replace

from flask import g

from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import current_may
from web_admin.alarms.queries import WaitingAlarms, waiting_alarms
from web_admin.core.database import request_session
from web_admin.gates.guard_calls import count_ringing
from web_admin.gates.lockdowns import Lockdown, lockdown_now
from web_admin.web.site import current_site, request_now


def alarms_of_page() -> WaitingAlarms | None:
    """Return the alarm line of a page of staff, None for accounts without that permission; read once."""
    if not current_may("see_now"):
        return None
    if "menjin_waiting_alarms" not in g:
        session, site_id = request_session(), current_site().site_id
        alarms = waiting_alarms(session, site_id, with_silent=current_may("acknowledge_alarm"))
        visitors = count_ringing(session, site_id, request_now())
        g.menjin_waiting_alarms = replace(alarms, visitors=visitors)
    waiting: WaitingAlarms = g.menjin_waiting_alarms
    return waiting


def lockdown_of_page() -> tuple[Lockdown, str] | None:
    """Return the lockdown in force and who ordered it, for every page of staff; None without one."""
    lockdown = lockdown_now(request_session(), current_site().site_id, request_now())
    if lockdown is None:
        return None
    names = shown_names(request_session(), [lockdown.author_id])
    return lockdown, names.get(lockdown.author_id, "")
