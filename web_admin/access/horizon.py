"""Find the weeks in which an act is felt: the next one, and later ones in which something begins or ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from web_admin.access.sent import GateSent, PersonSent, Sent

WEEK = timedelta(days=7)
MOST_WEEKS = 4
"""A sheet of two thousand ends is looked at in the weeks of its first ones."""


def weeks_felt(before: Sent, after: Sent, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return the week from an aware instant on, and those that begin when something else begins or ends."""
    weeks = [(now, now + WEEK)]
    for at in sorted({at for _whose, at in set(_turns(before)) ^ set(_turns(after)) if at >= now + WEEK}):
        if at >= weeks[-1][1] and len(weeks) < MOST_WEEKS:
            weeks.append((at, at + WEEK))
    return tuple(weeks)


def _turns(sent: Sent) -> Iterator[tuple[object, datetime]]:
    """Yield what begins or ends when, with whose it is; dates at the midnight in which they begin."""
    for part in sent.parts:
        for gate in part.gates:
            yield from ((what, at) for what, at in _turns_of_gate(gate) if at is not None)
        for person_id, person in part.people.items():
            yield from (((person_id, what), at) for what, at in turns_of_person(person) if at is not None)


def _turns_of_gate(gate: GateSent) -> Iterator[tuple[object, datetime | None]]:
    zone = ZoneInfo(gate.site.timezone)
    for day, kind in gate.calendar.exceptions.items() if gate.calendar is not None else ():
        yield (day, kind), datetime.combine(day, time(), zone).astimezone(UTC)
    for lane in gate.lanes.values():
        if lane.posture_override is not None:
            yield (lane.lane_id, lane.posture_override.posture), lane.posture_override.until


def turns_of_person(person: PersonSent) -> Iterator[tuple[object, datetime | None]]:
    """Yield what of a person's begins or ends when; None for what has no such moment."""
    for grant in person.record.grants:
        yield (grant.lanes, grant.hours_id, "from"), grant.valid_from
        yield (grant.lanes, grant.hours_id, "until"), grant.valid_until
    for credential in person.credentials:
        yield (credential.credential_id, "from"), credential.valid_from
        yield (credential.credential_id, "until"), credential.valid_until
    for one in person.passes:
        yield (one.pass_id, "from"), one.valid_from
        yield (one.pass_id, "until"), one.valid_until
    for gate_id, until in person.faces.items():
        yield (gate_id, "face"), until


def passing_turns(sent: Sent, now: datetime) -> Iterator[datetime]:
    """Yield when orders at lanes end, and the days within a week that count as another kind of day."""
    for part in sent.parts:
        for gate in part.gates:
            yield from (
                lane.posture_override.until
                for lane in gate.lanes.values()
                if lane.posture_override is not None
            )
            zone = ZoneInfo(gate.site.timezone)
            overs = (
                datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
                for day in (gate.calendar.exceptions if gate.calendar is not None else ())
            )
            yield from (over for over in overs if now < over <= now + WEEK + timedelta(days=1))
