"""Say where a person's face does not work at every hour, since at times no other way of theirs is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import SiteCalendar, Span, WeeklyHours
from gate_controller.contract.credential_kinds import own_method
from gate_controller.contract.records import CredentialState, LaneRecord, Method, decode_record
from web_admin.compound.models import CalendarDay, Gate, Hours, Person, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import among
from web_admin.policy.face_times import FOREVER, FaceTimes, Place, Way, place_of


@dataclass(frozen=True, slots=True)
class FaceLimit:
    """One gate: the names of the hours that bind all other ways there, and their last end."""

    gate_name: str
    hours_names: tuple[str, ...]
    until: datetime | None

    @property
    def is_never(self) -> bool:
        """Return whether no other way works there at any time to come."""
        return self.until is None and not self.hours_names


def face_limits(session: Session, person: Person, now: datetime) -> Sequence[FaceLimit]:
    """Return the gates at which the face of a person works at some hours, until an end or never, by name.

    By the lanes as they are published. Where one of them takes a lasting way at every hour there is no limit.
    """
    granted = sorted({lane_id for grant in person.grants for lane_id in grant.lanes})
    rows = session.execute(
        select(PolicyRecordRow.key, PolicyRecordRow.value).where(
            among(session, PolicyRecordRow.key, [f"lane:{lane_id}" for lane_id in granted]),
            PolicyRecordRow.value.is_not(None),
        )
    )
    lanes = [decode_record(key, value or b"") for key, value in rows]
    by_gate: dict[str, dict[str, Place]] = {}
    for lane in lanes:
        if isinstance(lane, LaneRecord) and Method.FACE in lane.methods:
            by_gate.setdefault(lane.gate_id, {})[lane.lane_id] = place_of(lane.methods, lane.method_hours)
    if not by_gate:
        return ()
    gates = session.scalars(select(Gate).where(among(session, Gate.gate_id, sorted(by_gate)))).all()
    of_site = select(Hours).where(Hours.site_id == person.site_id)
    hours = {row.hours_id: row for row in session.scalars(of_site)}
    times, ways = _times(session, person, hours, now), _ways(person, now)
    found = (_limit(gate.name, person, by_gate[gate.gate_id], times, ways, hours) for gate in gates)
    return sorted((one for one in found if one is not None), key=lambda one: one.gate_name)


def _limit(
    gate_name: str,
    person: Person,
    places: dict[str, Place],
    times: FaceTimes,
    ways: tuple[Way, ...],
    hours: dict[str, Hours],
) -> FaceLimit | None:
    last = times.last_end(ways, person.grants, places)
    if last is None:
        return FaceLimit(gate_name, (), None)
    bound: set[str] = set()
    for place in places.values():
        here = [place.hours_of(way.method) for way in ways if way.method in place.methods]
        if not here or all(here):
            bound.update(name for table in here for name in table)
    names = tuple(sorted(hours[name].name for name in bound if name in hours))
    until = None if last == FOREVER else last
    return FaceLimit(gate_name, names, until) if names or until is not None else None


def _ways(person: Person, now: datetime) -> tuple[Way, ...]:
    return tuple(
        Way(method, max(now, row.valid_from or now), row.valid_until or FOREVER)
        for row in person.credentials
        if row.state == CredentialState.ACTIVE
        and (method := own_method(row)) is not None
        and method in person.methods
        and (row.valid_until is None or row.valid_until > now)
    )


def _times(session: Session, person: Person, hours: dict[str, Hours], now: datetime) -> FaceTimes:
    site = session.get_one(Site, person.site_id)
    days = session.scalars(select(CalendarDay).where(CalendarDay.site_id == person.site_id))
    spans = {name: msgspec.convert(row.spans, tuple[Span, ...]) for name, row in hours.items()}
    tables = {name: WeeklyHours.from_spans(of_one) for name, of_one in spans.items()}
    calendar = SiteCalendar(ZoneInfo(site.timezone), {day.day: day.kind for day in days})
    return FaceTimes(calendar, tables, now)
