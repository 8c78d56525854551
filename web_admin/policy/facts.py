"""Read all facts of a site that publishing needs, in a few queries for any number of people."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from typing import cast as as_type

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from gate_controller.contract.passes import ALL_GATES
from gate_controller.contract.records import Method
from web_admin.compound.age_bands import MINOR
from web_admin.compound.models import (
    CalendarDay,
    Gate,
    Hours,
    Lane,
    Site,
)
from web_admin.compound.place_models import Place
from web_admin.core.database import among
from web_admin.credentials.models import EmergencyCode
from web_admin.custody.models import FaceShare
from web_admin.custody.shares import live_face_consents
from web_admin.face.queries import NO_FACE, FaceFacts, load_face_facts
from web_admin.gates.sheet_status import sheet_statuses
from web_admin.policy.lanes import LiveLanes, find_live
from web_admin.policy.people_facts import (
    Bound,
    CredentialFacts,
    GrantFacts,
    HomeFacts,
    PersonFacts,
    TwoMethodFacts,
    bound_to_hours,
    credentials_of_live,
    grants_of_live,
    homes_of,
    live_people,
    others_bound_to_hours,
    two_method_requests,
)
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import ends_after

PUBLISHED_STATES = frozenset({"paired", "stolen"})
"""States of gates to which anything is published."""

LANE_OF_PEOPLE = ("lane_id", "gate_id", "direction", "methods", "method_hours", "held_after_restore")
"""Columns of a lane on which people's records depend, and whether it is live."""


class GateFacts(NamedTuple):
    """Columns of a gate that publishing needs; these alone are read several times as fast as whole rows."""

    gate_id: str
    number: int
    state: str
    knows: list[str]
    published_version: int
    published_knows: list[str]
    card_key_sealed: bytes | None
    pin_key_sealed: bytes | None
    place_number: int | None = None
    """Of the place that it leads into."""

    @property
    def place_numbers(self) -> tuple[int, ...]:
        """Return what stands in a visitor's pass for this gate besides its own number."""
        return (ALL_GATES,) if self.place_number is None else (self.place_number, ALL_GATES)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Rows of one site, grouped as publishing asks for them; `persons` and `gates` may be a part of the site.

    `gates` are those to which anything is published, `lanes` theirs that are live: no others are published.
    `gate_of_lane` has all lanes of all gates, where any credential names lanes.
    """

    site: Site
    gates: Sequence[GateFacts]
    lanes: Mapping[str, list[Lane]]
    gate_of_lane: Mapping[str, str]
    live_lanes: LiveLanes
    hours: Mapping[str, Hours]
    hours_by_lane: Mapping[str, frozenset[str]]
    calendar: Mapping[date, str]
    homes: Mapping[str, HomeFacts]
    persons: Sequence[PersonFacts]
    grants: Mapping[str, list[GrantFacts]]
    credentials: Mapping[str, list[CredentialFacts]]
    consents: Mapping[str, str]
    shares: Mapping[tuple[str, str], str]
    ended_passes: Sequence[VisitorPassRow]
    emergency_codes: Sequence[EmergencyCode]
    face: FaceFacts
    two_method_requests: Mapping[str, TwoMethodFacts]


def load_facts(
    session: Session,
    site_id: str,
    now: datetime,
    person_ids: Collection[str] | None = None,
    gate_ids: Collection[str] | None = None,
    *,
    with_others: bool = True,
    bound_elsewhere: Bound | None = None,
) -> SiteFacts:
    """Read a site in this transaction; None means everyone, and all gates.

    Without others only what the records of these people are made of: no homes, ended passes and emergency
    codes, and hours and calendar only where one of them chose face. `bound_elsewhere` is what
    `others_bound_to_hours` returned, for who has it: to read it takes all grants of the site.
    """
    session.flush()
    site = session.get_one(Site, site_id)
    gates = published_gates(session, site_id, gate_ids)
    lanes: dict[str, list[Lane]] = {gate.gate_id: [] for gate in gates}
    every_lane = _lanes(session, lanes, whole=with_others)
    persons = live_people(session, site_id, person_ids)
    takes_face = any(Method.FACE in lane.methods for lane in every_lane)
    chose_face = any(Method.FACE in person.methods for person in persons)
    consents = live_face_consents(session, site_id, person_ids) if takes_face or chose_face else {}
    face = NO_FACE
    if takes_face:
        minor_ids = [person.person_id for person in persons if person.age_band == MINOR]
        face = load_face_facts(session, site_id, now, minor_ids, any_consent=bool(consents))
    live_lanes = find_live(every_lane, sheet_statuses(session, lanes), face.assessed)
    for lane in every_lane:
        if lane.lane_id in live_lanes.live:
            lanes[lane.gate_id].append(lane)
    grants = grants_of_live(session, site_id, person_ids)
    credentials = credentials_of_live(session, site_id, person_ids)
    common = _Common()
    if not with_others and chose_face:
        # Until when a face may be kept depends on them.
        common = _Common(hours=_hours(session, site_id), calendar=_calendar(session, site_id))
    elif with_others:
        if bound_elsewhere is None:
            bound_elsewhere = others_bound_to_hours(session, site_id, person_ids)
        common = _common(session, site_id, now)._replace(
            hours_by_lane=_by_lane(bound_to_hours(grants) | bound_elsewhere),
            homes=homes_of(session, site_id, None if person_ids is None else persons),
        )
    return SiteFacts(
        site=site,
        gates=gates,
        lanes=lanes,
        gate_of_lane=_gate_of_lane(session, site_id, credentials),
        live_lanes=live_lanes,
        **common._asdict(),
        persons=persons,
        grants=grants,
        credentials=credentials,
        consents=consents,
        shares=_shares(session, lanes, person_ids) if consents else {},
        face=face,
        two_method_requests=two_method_requests(session, site_id, person_ids),
    )


class _Common(NamedTuple):
    """Facts for the site's own records, its homes' and its emergency codes'."""

    hours: Mapping[str, Hours] = {}
    hours_by_lane: Mapping[str, frozenset[str]] = {}
    calendar: Mapping[date, str] = {}
    homes: Mapping[str, HomeFacts] = {}
    ended_passes: Sequence[VisitorPassRow] = ()
    emergency_codes: Sequence[EmergencyCode] = ()


def _common(session: Session, site_id: str, now: datetime) -> _Common:
    """Return what does not depend on whose records are worked out."""
    ended_passes = select(VisitorPassRow).where(
        VisitorPassRow.site_id == site_id, VisitorPassRow.withdrawn_at.is_not(None), ends_after(now)
    )
    codes = select(EmergencyCode).where(EmergencyCode.site_id == site_id)
    return _Common(
        hours=_hours(session, site_id),
        calendar=_calendar(session, site_id),
        ended_passes=session.scalars(ended_passes).all(),
        emergency_codes=session.scalars(codes.order_by(EmergencyCode.credential_id)).all(),
    )


def _hours(session: Session, site_id: str) -> dict[str, Hours]:
    return {h.hours_id: h for h in session.scalars(select(Hours).where(Hours.site_id == site_id))}


def _calendar(session: Session, site_id: str) -> dict[date, str]:
    days = session.scalars(select(CalendarDay).where(CalendarDay.site_id == site_id))
    return {day.day: day.kind for day in days}


def published_gates(
    session: Session, site_id: str, gate_ids: Collection[str] | None = None
) -> Sequence[GateFacts]:
    """Return the gates of a site to which anything is published, or those of them that are among these."""
    columns = (getattr(Gate, name) for name in GateFacts._fields if name != "place_number")
    query = select(*columns, Place.number).outerjoin(Place, Place.place_id == Gate.place_id)
    query = query.where(Gate.site_id == site_id, Gate.state.in_(PUBLISHED_STATES))
    if gate_ids is not None:
        query = query.where(Gate.gate_id.in_(gate_ids))
    return [GateFacts._make(row) for row in session.execute(query.order_by(Gate.gate_id))]


def _lanes(session: Session, gate_ids: Collection[str], *, whole: bool) -> Sequence[Lane]:
    """Return the lanes of gates as plain rows: with the columns of a lane, at a part of an object's cost.

    Not whole: with those that decide whether a lane is live and how people may pass it.
    """
    table = as_type(Table, Lane.__table__)
    these = among(session, Lane.gate_id, gate_ids)
    columns = table.columns if whole else [table.c[name] for name in LANE_OF_PEOPLE]
    rows = select(*columns).where(these).order_by(table.c.lane_id)
    return as_type(Sequence[Lane], session.execute(rows).all())


def _gate_of_lane(
    session: Session, site_id: str, credentials: Mapping[str, Sequence[CredentialFacts]]
) -> dict[str, str]:
    """Return the gate of each lane, live or not, if any of these credentials names lanes; else nothing."""
    if not any(row.lanes for rows in credentials.values() for row in rows):
        return {}
    query = select(Lane.lane_id, Lane.gate_id).join(Gate).where(Gate.site_id == site_id)
    return dict(session.execute(query).all())


def _by_lane(bound: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, frozenset[str]]:
    """Return by lane the hours to which any grant there is bound."""
    found: dict[str, set[str]] = {}
    for hours_id, lanes in bound:
        for lane_id in lanes:
            found.setdefault(lane_id, set()).add(hours_id)
    return {lane_id: frozenset(ids) for lane_id, ids in found.items()}


def _shares(
    session: Session, gate_ids: Collection[str], person_ids: Collection[str] | None
) -> dict[tuple[str, str], str]:
    """Return the consents of the shares of faces at these gates, by person and gate."""
    query = select(FaceShare.person_id, FaceShare.gate_id, FaceShare.consent_id).where(
        among(session, FaceShare.gate_id, gate_ids)
    )
    if person_ids is not None:
        query = query.where(among(session, FaceShare.person_id, person_ids))
    return {(person_id, gate_id): consent_id for person_id, gate_id, consent_id in session.execute(query)}
