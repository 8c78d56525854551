"""API of alarms: for a control room that watches several compounds."""

from web_admin.alarms.actions import SILENT_KINDS, acknowledge_alarm
from web_admin.alarms.models import Alarm
from web_admin.alarms.queries import newest_alarms
from web_admin.api.access import acting, api_action, blueprint, found_or_404, needs_scope, refuse
from web_admin.api.schemas import PAGE_LIMIT, AlarmOut, AlarmSeen, AlarmsOut, AlarmsQuery

bp = blueprint("alarms", "What a guard should look at.")


@bp.get("/alarms")
@needs_scope("events:read")
@bp.arguments(AlarmsQuery, location="query")
@bp.response(200, AlarmsOut)
def list_alarms(query: dict[str, bool]) -> dict[str, object]:
    """List the alarms that nobody has seen yet, or the newest of all; never a silent one."""
    act = api_action()
    found = newest_alarms(act.session, act.site_id, only_open=query["open"], limit=PAGE_LIMIT)
    return {"alarms": found}


@bp.post("/alarms/<alarm_id>/acknowledge")
@needs_scope("alarms:write")
@bp.arguments(AlarmSeen)
@bp.response(200, AlarmOut)
@bp.alt_response(404, description="There is no such alarm.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
def see_alarm(body: dict[str, str], alarm_id: str) -> Alarm:
    """Write down that somebody has seen an alarm, and what was found; the first one to say so stays."""
    row = found_or_404(Alarm, alarm_id)
    if row.kind in SILENT_KINDS:
        refuse(404, "There is nothing under this id.")
    with acting() as act:
        acknowledge_alarm(act, row, body["note"])
    return row
