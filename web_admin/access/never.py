"""Find hours that never occur: on public holidays alone, where the calendar has none."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import SiteCalendar
from web_admin.access.sent import GateSent, Sent

LOOKED_AHEAD_DAYS = 366


def newly_never(before: Sent, after: Sent, now: datetime) -> tuple[str, ...]:
    """Return the names of hours that no day of the next year has, and that an act changes or newly uses."""
    known = set(_uses(before))
    found = {
        name
        for part in after.parts
        for gate in part.gates
        for hours_id, name in _never(gate, now)
        if (hours_id, gate.hours[hours_id].spans) not in known
    }
    found |= {name for use, name in _never_used(after, now) if use not in known}
    return tuple(sorted(found))


def _never(gate: GateSent, now: datetime) -> Iterator[tuple[str, str]]:
    zone = ZoneInfo(gate.site.timezone)
    calendar = SiteCalendar(zone, {} if gate.calendar is None else gate.calendar.exceptions)
    today = now.astimezone(zone).date()
    kinds = {calendar.day_kind(today + timedelta(days=number)) for number in range(LOOKED_AHEAD_DAYS)}
    for hours_id, hours in gate.hours.items():
        if not any(kinds & set(span.days) for span in hours.spans):
            yield hours_id, hours.name


def _never_used(sent: Sent, now: datetime) -> Iterator[tuple[object, str]]:
    for part in sent.parts:
        never = {hours_id: name for gate in part.gates for hours_id, name in _never(gate, now)}
        for person_id, person in part.people.items() if never else ():
            for grant in person.record.grants:
                if grant.hours_id in never:
                    yield (person_id, grant.hours_id), never[grant.hours_id]


def _uses(sent: Sent) -> Iterator[object]:
    for part in sent.parts:
        for gate in part.gates:
            yield from ((hours_id, hours.spans) for hours_id, hours in gate.hours.items())
        for person_id, person in part.people.items():
            yield from ((person_id, grant.hours_id) for grant in person.record.grants)
