"""Alarms through the interface: seen once, and silent ones are not there."""

from datetime import UTC, datetime

from sqlalchemy import select

from tests.web_admin.api.whole_lists import LATER
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm


def test_an_alarm_is_acknowledged_once_and_a_silent_one_is_not_there(caller, compound, act):
    raise_alarm(act.session, act.site_id, "alarm_duress", compound.clock(), gate_id="north")
    act.session.commit()
    silent = act.session.scalars(select(Alarm.alarm_id).where(Alarm.kind == "alarm_duress")).one()
    act.session.commit()
    held = caller.get("/alarms")["alarms"][0]["alarm_id"]
    seen = caller.post(f"/alarms/{held}/acknowledge", {"note": "closed it"}, status=200)
    assert datetime.fromisoformat(seen["acknowledged_at"]).astimezone(UTC) == compound.clock()
    compound.clock.now += LATER
    assert caller.post(f"/alarms/{held}/acknowledge", {}, status=200) == seen
    assert caller.get("/alarms")["alarms"] == []
    assert caller.call("POST", f"/alarms/{silent}/acknowledge", {}).status_code == 404
