"""An alarm is acknowledged once, by the first of two members of staff."""

import pytest

from gate_controller.contract.event_kinds import EventKind
from tests.support.acting import manager
from web_admin.alarms.actions import acknowledge_alarm, raise_alarm
from web_admin.alarms.models import Alarm


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_the_second_of_two_who_saw_an_alarm_open_changes_nothing(database, sealer, site, now):
    with database.session() as session:
        raise_alarm(session, site, EventKind.ALARM_DOOR_HELD, now, gate_id=None)
    with database.session() as late:
        (alarm,) = late.query(Alarm).all()
        with database.session() as session:
            (same,) = session.query(Alarm).all()
            assert acknowledge_alarm(manager(session, sealer, site, now), same, "first")
        assert not acknowledge_alarm(manager(late, sealer, site, now), alarm, "second")
    with database.session() as session:
        assert [each.note for each in session.query(Alarm)] == ["first"]
