"""Compile the records that the server publishes into one frozen policy that a gate obeys.

`compile_policy` turns a set of records into the indexes that the rules read. It refuses, as a whole, a
set that breaks promise 1 (no lane may offer face without another way at the same hour) or that could
not be kept at the gate.

Consent is kept apart on purpose: `FaceRecord`s go into the `face_roster`, which the rules never see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gate_controller.contract.calendars import DAY_KINDS, SiteCalendar, WeeklyHours
from gate_controller.contract.records import (
    NEEDS_NO_PHONE_OR_MEMORY,
    OTHER_ID_FIELDS,
    RECORD_TYPES,
    CalendarRecord,
    CardCredential,
    Credential,
    CredentialState,
    EndedPassRecord,
    FaceNoticeRecord,
    FaceOfferRecord,
    FaceRecord,
    HomeRecord,
    HoursRecord,
    LaneRecord,
    Method,
    PersonRecord,
    PolicyRefused,
    Record,
    SiteRecord,
    TypedCredential,
    typed_number,
)
from gate_controller.contract.unread_records import (
    ReadRecords,
    read_records,
    shut_lanes,
    without_unread_hours,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """All that the rules know; frozen, swapped whole."""

    epoch: int
    version: int
    issued_at: datetime
    site: SiteRecord
    calendar: SiteCalendar
    hours: Mapping[str, WeeklyHours]
    lanes: Mapping[str, LaneRecord]
    homes: Mapping[str, HomeRecord]
    home_ids_by_number: Mapping[str, str]
    persons: Mapping[str, PersonRecord]
    credentials: Mapping[str, Credential]
    cards_by_tag: Mapping[bytes, CardCredential]
    typed_by_home: Mapping[str, tuple[TypedCredential, ...]]
    ended_passes: frozenset[str]
    gate_numbers: frozenset[int]
    credentials_for_ways: Mapping[str, tuple[Credential, ...]] = field(default_factory=dict)
    """By person: credentials of those who chose face or asked for two methods, to find their other ways."""


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """The policy and, apart from it, who may keep a face here."""

    policy: Policy
    face_roster: Mapping[str, FaceRecord] = field(default_factory=dict)
    face_offers: Mapping[str, FaceOfferRecord] = field(default_factory=dict)
    face_notices: Mapping[str, FaceNoticeRecord] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    """Records that a later version wrote, and why this one does not understand them: they open nothing."""


def compile_policy(
    records: Mapping[str, bytes | msgspec.Raw], *, epoch: int, version: int, issued_at: datetime
) -> PolicySnapshot:
    """Index all records; raise PolicyRefused on a bad record, a dangling id or a broken promise 1.

    What a later version wrote opens nothing (`unread_records`).
    """
    kinds: dict[str, dict[str, Record]] = {kind: {} for kind in RECORD_TYPES}
    read = read_records(records)
    # In the order of keys, so that a delta and the whole make the same policy.
    for key, record in read.records.items():
        kind, _, id_in_key = key.partition(":")
        if getattr(record, OTHER_ID_FIELDS.get(kind, f"{kind}_id"), "") != id_in_key:
            raise PolicyRefused(f"record {key!r} holds another one's id")
        kinds[kind][id_in_key] = record
    site = kinds["site"].get("")
    if not isinstance(site, SiteRecord):
        raise PolicyRefused("the policy has no record 'site'")
    if read.unread:
        _close_unread(kinds, read)
    policy = index_records(kinds, site, epoch=epoch, version=version, issued_at=issued_at)
    _check_references(policy)
    _check_interlocks(policy.lanes)
    _check_antipassback(policy.lanes)
    check_promise_one(policy.lanes, policy.hours)
    return PolicySnapshot(
        policy,
        {r.person_id: r for r in kinds["face"].values() if isinstance(r, FaceRecord)},
        {r.person_id: r for r in kinds["face_offer"].values() if isinstance(r, FaceOfferRecord)},
        {r.language: r for r in kinds["face_notice"].values() if isinstance(r, FaceNoticeRecord)},
        read.unread,
    )


def _close_unread(kinds: dict[str, dict[str, Record]], read: ReadRecords) -> None:
    lanes = {lane.lane_id: lane for lane in kinds["lane"].values() if isinstance(lane, LaneRecord)}
    kinds["lane"] = {**shut_lanes(lanes, read)}
    for person in kinds["person"].values():
        if isinstance(person, PersonRecord):
            kinds["person"][person.person_id] = without_unread_hours(person, read)


def index_records(
    kinds: Mapping[str, Mapping[str, Record]],
    site: SiteRecord,
    *,
    epoch: int,
    version: int,
    issued_at: datetime,
) -> Policy:
    """Index records that were checked, by kind and id; raise PolicyRefused on an unknown time zone."""
    try:
        zone = ZoneInfo(site.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise PolicyRefused(f"record 'site': unknown time zone {site.timezone!r}") from err
    calendar = kinds["calendar"].get("")
    exceptions = dict(calendar.exceptions) if isinstance(calendar, CalendarRecord) else {}
    hours = [r for r in kinds["hours"].values() if isinstance(r, HoursRecord)]
    lanes = {r.lane_id: r for r in kinds["lane"].values() if isinstance(r, LaneRecord)}
    homes = {r.home_id: r for r in kinds["home"].values() if isinstance(r, HomeRecord)}
    credentials = {r.credential_id: r for r in kinds["credential"].values() if isinstance(r, Credential)}
    persons = {r.person_id: r for r in kinds["person"].values() if isinstance(r, PersonRecord)}
    cards: dict[bytes, CardCredential] = {}
    typed: dict[str, list[TypedCredential]] = {}
    # The last that fits counts: what ended must never hide the live one with the same number.
    for credential in sorted(credentials.values(), key=lambda c: c.state is not CredentialState.ENDED):
        if isinstance(credential, CardCredential):
            cards[credential.tag] = credential
        elif isinstance(credential, TypedCredential):
            typed.setdefault(credential.home_id, []).append(credential)
    return Policy(
        epoch=epoch,
        version=version,
        issued_at=issued_at,
        site=site,
        calendar=SiteCalendar(zone, exceptions),
        hours={r.hours_id: WeeklyHours.from_spans(r.spans) for r in hours},
        lanes=lanes,
        homes=homes,
        home_ids_by_number={typed_number(h.number): h.home_id for h in homes.values()},
        persons=persons,
        credentials=credentials,
        cards_by_tag=cards,
        typed_by_home={home_id: tuple(parts) for home_id, parts in typed.items()},
        ended_passes=frozenset(
            r.pass_id for r in kinds["ended_pass"].values() if isinstance(r, EndedPassRecord)
        ),
        gate_numbers=frozenset(lane.gate_number for lane in lanes.values()),
        credentials_for_ways=_held_for_ways(persons, credentials),
    )


def _held_for_ways(
    persons: Mapping[str, PersonRecord], credentials: Mapping[str, Credential]
) -> dict[str, tuple[Credential, ...]]:
    held: dict[str, list[Credential]] = {
        p.person_id: [] for p in persons.values() if p.two_methods or Method.FACE in p.methods
    }
    if held:
        for credential in credentials.values():
            if credential.person_id in held:
                held[credential.person_id].append(credential)
    return {person_id: tuple(parts) for person_id, parts in held.items()}


def _check_references(policy: Policy) -> None:
    for lane in policy.lanes.values():
        for hours_id in (*lane.method_hours.values(), *lane.posture_hours):
            if hours_id not in policy.hours:
                raise PolicyRefused(f"lane {lane.lane_id!r} names the hours {hours_id!r}, which do not exist")
    for person in policy.persons.values():
        for grant in person.grants:
            if grant.hours_id is not None and grant.hours_id not in policy.hours:
                where = f"person {person.person_id!r} has a grant in the hours {grant.hours_id!r}"
                raise PolicyRefused(f"{where}, which do not exist")


def _check_interlocks(lanes: Mapping[str, LaneRecord]) -> None:
    for lane in lanes.values():
        for other_id in lane.interlock_with:
            other = lanes.get(other_id)
            if other is None or other.gate_id != lane.gate_id:
                raise PolicyRefused(
                    f"record 'lane:{lane.lane_id}' is interlocked with {other_id!r}, which is no lane of the "
                    "same gate"
                )
            if other_id == lane.lane_id:
                raise PolicyRefused(
                    f"record 'lane:{lane.lane_id}' is interlocked with itself: it could never be opened again"
                )


def _check_antipassback(lanes: Mapping[str, LaneRecord]) -> None:
    """Raise PolicyRefused where a person could leave uncounted and then be refused as still inside."""
    for lane in lanes.values():
        if lane.antipassback != "hard":
            continue
        exits = [one for one in lanes.values() if one.gate_id == lane.gate_id and one.direction == "out"]
        uncounted = [one.lane_id for one in exits if one.antipassback == "off"]
        if not exits or uncounted:
            why = f"{uncounted[0]!r} lets people out uncounted" if uncounted else "the gate has no lane out"
            raise PolicyRefused(
                f"record 'lane:{lane.lane_id}' asks for hard anti-passback, but {why}: give every way out a "
                "reader that counts, or choose soft"
            )


def offered_methods(
    lane: LaneRecord, hours: Mapping[str, WeeklyHours], day_kind: str, eve_kind: str, minute: int
) -> tuple[Method, ...]:
    """Return what the lane offers at a minute of such a day after such an eve."""
    return tuple(
        method
        for method in lane.methods
        if method not in lane.method_hours
        or hours[lane.method_hours[method]].cover(day_kind, eve_kind, minute)
    )


def check_promise_one(lanes: Mapping[str, LaneRecord], hours: Mapping[str, WeeklyHours]) -> None:
    """Raise PolicyRefused when any lane, at any hour, would leave face as the only way in.

    A lane must offer a way that needs neither phone nor memory (E7), and wherever face is offered
    another way must be offered in the very same minute (E1).
    """
    for lane in lanes.values():
        if not NEEDS_NO_PHONE_OR_MEMORY & set(lane.methods):
            raise PolicyRefused(
                f"lane {lane.lane_id!r} offers {', '.join(lane.methods) or 'nothing'}: every lane must offer "
                "the card, the way in that needs neither phone nor memory (promise 1, E1, E7)"
            )
        if Method.FACE not in lane.methods:
            continue
        tables = [hours[hours_id] for hours_id in lane.method_hours.values()]
        edges = sorted({0, *(edge for table in tables for edge in table.edges())})
        for day_kind in DAY_KINDS:
            for eve_kind in DAY_KINDS:
                for minute in edges:
                    # As a set: a record may name face twice.
                    if set(offered_methods(lane, hours, day_kind, eve_kind, minute)) == {Method.FACE}:
                        raise PolicyRefused(
                            f"lane {lane.lane_id!r} offers only face on {day_kind} at "
                            f"{minute // 60:02d}:{minute % 60:02d}: offer another way at that hour too "
                            "(promise 1, E1)"
                        )
