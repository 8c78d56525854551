"""API of alarms: for a control room that watches several compounds."""

from collections.abc import Mapping

from web_admin.alarms.actions import SILENT_KINDS, acknowledge_alarm
from web_admin.alarms.models import Alarm
from web_admin.alarms.queries import newest_alarms
from web_admin.api.access import acting, api_action, blueprint, found_or_404, needs_scope, refuse
from web_admin.api.schemas import PAGE_LIMIT, AlarmOut, AlarmSeen, AlarmsOut, AlarmsQuery
from web_admin.compound.queries import names_by_place, names_of_place

bp = blueprint("alarms", "What a guard should look at.")


@bp.get("/alarms")
@needs_scope("events:read")
@bp.arguments(AlarmsQuery, location="query")
@bp.response(200, AlarmsOut)
def list_alarms(query: dict[str, bool]) -> dict[str, object]:
    """List the alarms that nobody has seen yet, or the newest of all; never a silent one."""
    act = api_action()
    found = newest_alarms(act.session, act.site_id, only_open=query["open"], limit=PAGE_LIMIT)
    names = names_by_place(act.session, act.site_id)
    return {"alarms": [_shown(row, names(row.gate_id, row.lane_id)) for row in found]}


@bp.post("/alarms/<alarm_id>/acknowledge")
@needs_scope("alarms:write")
@bp.arguments(AlarmSeen)
@bp.response(200, AlarmOut)
@bp.alt_response(404, description="There is no such alarm.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
def see_alarm(body: dict[str, str], alarm_id: str) -> dict[str, object]:
    """Write down that somebody has seen an alarm, and what was found; the first one to say so stays."""
    row = found_or_404(Alarm, alarm_id)
    if row.kind in SILENT_KINDS:
        refuse(404, "There is nothing under this id.")
    with acting() as act:
        acknowledge_alarm(act, row, body["note"])
    return _shown(row, names_of_place(act.session, row.gate_id, row.lane_id))


def _shown(row: Alarm, names: Mapping[str, str | None]) -> dict[str, object]:
    fields = ("alarm_id", "kind", "gate_id", "lane_id", "raised_at", "acknowledged_at")
    return {**{field: getattr(row, field) for field in fields}, **names}
