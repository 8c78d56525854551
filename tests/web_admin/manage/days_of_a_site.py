"""Special days and weekly hours, as they are stored and removed."""

from datetime import timedelta

from sqlalchemy import select

from tests.support.compounds.desk import hidden_of, read
from web_admin.compound.models import CalendarDay

GATES = "/manage/gates/"


def day_of(compound):
    return compound.clock().date() + timedelta(days=30)


def days(compound):
    return read(compound, lambda s: [(r.day, r.kind, r.name) for r in s.scalars(select(CalendarDay))])


def remove(client, page, action=None):
    action = action or f"{page}/remove"
    return client.post(action, data=hidden_of(client.get(page).text, action))
