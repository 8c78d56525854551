"""Build the policy records of one gate: its lanes, the people with grants there, and their credentials.

Pure functions over `SiteFacts`. A card or PIN is sent as a tag under that gate's own key, so what
leaks from one gate fits no other.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from gate_controller.contract.calendars import SiteCalendar, Span, WeeklyHours
from gate_controller.contract.credential_kinds import methods_beside_face
from gate_controller.contract.pins import card_tag, gate_pin_tag
from gate_controller.contract.policy import check_promise_one
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Credential,
    CredentialKind,
    CredentialState,
    EndedPassRecord,
    FaceRecord,
    Grant,
    HomeRecord,
    HoursRecord,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    PolicyRefused,
    Posture,
    PostureOverride,
    QrCredential,
    Record,
    SiteRecord,
    TwoMethods,
    VisitorCodeCredential,
)
from web_admin.compound.age_bands import band_has_ended, today_at
from web_admin.compound.models import Gate, Hours, Lane
from web_admin.core.sealing import SealBroken, Sealer, open_card_number, open_pin_tag
from web_admin.gates.rules import ANTIPASSBACKS
from web_admin.policy.face_records import face_offer, face_record
from web_admin.policy.face_times import FaceTimes, Place, Way, place_of, ways_of
from web_admin.policy.facts import GateFacts, SiteFacts
from web_admin.policy.people_facts import CredentialFacts, GrantFacts, PersonFacts

KINDS_OF_ONE_PERSON = ("person", "face", "face_offer")
"""Kinds of record whose key names a person."""
PERSONAL_KINDS = (*KINDS_OF_ONE_PERSON, "credential", "home")
"""Kinds of record about a person or a home, which scoped publishing may leave alone."""
SOLE_KEYS = ("site", "calendar")
"""Keys of the records of which a gate has one."""
IMPERSONAL_KINDS = ("hours", "lane", "ended_pass", "face_notice")
"""Kinds of record that every publication compares, besides those two."""
SAME_FOR_ALL_GATES = frozenset({*SOLE_KEYS, "hours", "ended_pass", "face_notice", "home"})
"""Kinds of record that differ between two gates by what these know of the contract alone."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GateKeys:
    """The keys of one gate, opened for the time of publishing."""

    card_key: bytes
    pin_key: bytes


def open_gate_keys(sealer: Sealer, gate: Gate | GateFacts) -> GateKeys:
    """Return a paired gate's keys; raise SealBroken."""
    return GateKeys(
        sealer.open(gate.card_key_sealed or b"", purpose="gate-key"),
        sealer.open(gate.pin_key_sealed or b"", purpose="gate-key"),
    )


# -- the site's own records ------------------------------------------------------------------------


def lane_record(
    lane: Lane, gate_number: int, now: datetime, place_numbers: tuple[int, ...] = ()
) -> LaneRecord:
    """Return a lane as a gate knows it; raise PolicyRefused on words the gate would not know."""
    override = None
    if lane.override_posture and lane.override_until is not None and lane.override_until > now:
        override = PostureOverride(
            Posture(lane.override_posture),
            lane.override_author_id or "system",
            lane.override_reason or "",
            lane.override_until,
        )
    try:
        return LaneRecord(
            lane_id=lane.lane_id,
            gate_id=lane.gate_id,
            gate_number=gate_number,
            name=lane.name,
            direction="in" if lane.direction == "in" else "out",
            methods=tuple(Method(word) for word in lane.methods),
            pulse_seconds=lane.pulse_seconds,
            slow_pulse_seconds=lane.slow_pulse_seconds,
            method_hours={Method(word): hours_id for word, hours_id in lane.method_hours.items()},
            posture=Posture(lane.posture),
            posture_hours={hours_id: Posture(word) for hours_id, word in lane.posture_hours.items()},
            posture_override=override,
            posture_author_id=lane.posture_author_id if lane.posture_hours else None,
            interlock_with=tuple(lane.interlock_with),
            antipassback=ANTIPASSBACKS[lane.antipassback],
            staff_hold_minutes=lane.staff_hold_minutes,
            place_numbers=place_numbers,
        )
    except (ValueError, KeyError) as err:
        raise PolicyRefused(f"lane {lane.lane_id!r}: {err}") from err


def hours_record(hours: Hours) -> HoursRecord:
    """Return named hours as a gate knows them; raise PolicyRefused on spans that are none."""
    try:
        return HoursRecord(hours.hours_id, hours.name, msgspec.convert(hours.spans, tuple[Span, ...]))
    except (msgspec.ValidationError, ValueError) as err:
        raise PolicyRefused(f"the hours {hours.hours_id!r}: {err}") from err


class SiteRecords:
    """Makes the records that are about no person: site, calendar, lanes, their hours, ended passes."""

    def __init__(self, facts: SiteFacts, now: datetime) -> None:
        """Work out every lane once; raise PolicyRefused on words that no gate would know."""
        self.facts = facts
        self._lanes = {
            gate.gate_id: [
                facts.live_lanes.fit(lane_record(lane, gate.number, now, gate.place_numbers))
                for lane in facts.lanes[gate.gate_id]
            ]
            for gate in facts.gates
        }
        self._hours: dict[str, HoursRecord] = {}

    def check(self) -> None:
        """Raise PolicyRefused when any lane of the site breaks promise 1 or names hours that do not exist."""
        lanes = {lane.lane_id: lane for lanes in self._lanes.values() for lane in lanes}
        hours = {
            hours_id: WeeklyHours.from_spans(self._hours_record(hours_id).spans)
            for hours_id in self.facts.hours
        }
        for lane in lanes.values():
            for hours_id in (*lane.method_hours.values(), *lane.posture_hours):
                if hours_id not in hours:
                    raise PolicyRefused(
                        f"lane {lane.lane_id!r} names the hours {hours_id!r}, which do not exist"
                    )
        check_promise_one(lanes, hours)

    def records(self, gate: GateFacts) -> Iterator[tuple[str, Record]]:
        facts, site = self.facts, self.facts.site
        yield (
            "site",
            SiteRecord(
                site.site_id,
                site.name,
                site.timezone,
                24 if site.card_bits == 24 else 32,
                site.max_policy_age_days,
                site.face_pause_hours,
            ),
        )
        if facts.calendar:
            exceptions = {day.isoformat(): kind for day, kind in facts.calendar.items()}
            yield "calendar", msgspec.convert({"exceptions": exceptions}, CalendarRecord)
        used: set[str] = set()
        for record in self._lanes[gate.gate_id]:
            yield f"lane:{record.lane_id}", record
            used |= {*record.method_hours.values(), *record.posture_hours}
            used |= facts.hours_by_lane.get(record.lane_id, frozenset())
        for hours_id in sorted(used & facts.hours.keys()):
            yield f"hours:{hours_id}", self._hours_record(hours_id)
        if any(facts.live_lanes.offers_face(lane) for lane in facts.lanes[gate.gate_id]):
            for notice in facts.face.notices:
                yield f"face_notice:{notice.language}", notice
        named = {gate.number, *gate.place_numbers}
        for row in facts.ended_passes:
            if not named.isdisjoint(row.gate_numbers):
                yield f"ended_pass:{row.pass_id}", EndedPassRecord(row.pass_id, row.valid_until)

    def _hours_record(self, hours_id: str) -> HoursRecord:
        if hours_id not in self._hours:
            self._hours[hours_id] = hours_record(self.facts.hours[hours_id])
        return self._hours[hours_id]


# -- people ----------------------------------------------------------------------------------------


def chosen_beside_face(
    person: PersonFacts, credentials: Iterable[CredentialFacts], now: datetime
) -> frozenset[Method]:
    """Return the methods that this person chose and can use at this moment, beside which a face may stand."""
    return frozenset(method for method in methods_beside_face(credentials, now) if method in person.methods)


@dataclass(frozen=True, slots=True)
class PublishedPerson:
    """A person as published to any gate; `record` has neither grants nor face, credentials no tags.

    `ways_at` has the ways beside a face that they want, nothing where they want none.
    """

    person: PersonFacts
    key: str
    record: PersonRecord
    methods_with_face: tuple[Method, ...]
    ways_at: tuple[Way, ...]
    wants_face: bool
    grants: Sequence[tuple[GrantFacts, Mapping[str, tuple[str, ...]]]]
    home: HomeRecord | None
    credentials: Sequence[tuple[str, CredentialFacts, Credential]]

    def grants_at(self, gate_id: str) -> tuple[Grant, ...]:
        """Return the grants at a gate's live lanes."""
        return tuple(
            Grant(here, grant.hours_id, grant.valid_from, grant.valid_until)
            for grant, by_gate in self.grants
            if (here := by_gate.get(gate_id))
        )


class PeopleRecords:
    """Makes the personal records of every gate; opens each sealed secret once."""

    def __init__(self, facts: SiteFacts, sealer: Sealer, now: datetime) -> None:
        """Open the secrets of all live credentials; one that cannot be opened is left out and logged."""
        self._facts = facts
        self._today = today_at(facts.site, now)
        self._now = now
        self._ways: dict[str, frozenset[Method]] = {}
        self._times = FaceTimes(
            SiteCalendar(ZoneInfo(facts.site.timezone), facts.calendar),
            {name: WeeklyHours.from_spans(hours_record(row).spans) for name, row in facts.hours.items()},
            now,
        )
        self._gate_of_lane = {lane.lane_id: gate for gate, lanes in facts.lanes.items() for lane in lanes}
        self._places: dict[tuple[str, ...], Mapping[str, tuple[str, ...]]] = {}
        self.secrets: dict[str, int | bytes] = {}
        """By credential its card number or its PIN's hash, opened; it never leaves the server."""
        for rows in facts.credentials.values():
            for row in rows:
                self._open(row, sealer)
        self._homes = {
            home.home_id: HomeRecord(home.home_id, home.number, home.pin_salt)
            for home in facts.homes.values()
        }
        self._paused: Collection[str] = frozenset()
        self._people: list[PublishedPerson] | None = None

    def _open(self, row: CredentialFacts, sealer: Sealer) -> None:
        if row.kind == CredentialKind.QR:
            return
        opener = open_card_number if row.kind == CredentialKind.CARD else open_pin_tag
        try:
            self.secrets[row.credential_id] = opener(sealer, row.secret_sealed or b"")
        except SealBroken:
            _log.error(
                "credential %s is left out of the policy: its secret cannot be opened", row.credential_id
            )

    def pause_without_another_way(self) -> Sequence[str]:
        """Leave out the faces that must pause from now on, and return whose they are (promise 1).

        They are chosen and live, and no other way of their person works.
        """
        paused_ids = [
            person.person_id
            for person in self._facts.persons
            if self._wants_face(person) and not self._ways_now(person)
        ]
        self._paused = frozenset(paused_ids)
        return paused_ids

    def _ways_now(self, person: PersonFacts) -> frozenset[Method]:
        if person.person_id not in self._ways:
            credentials = self._facts.credentials.get(person.person_id, ())
            self._ways[person.person_id] = chosen_beside_face(person, credentials, self._now)
        return self._ways[person.person_id]

    def _wants_face(self, person: PersonFacts) -> bool:
        return (
            Method.FACE in person.methods
            and not band_has_ended(person, self._today)
            and person.face_paused_reason is None
            and person.person_id in self._facts.consents
            and person.person_id not in self._paused
        )

    def records(self, gate: GateFacts, keys: GateKeys) -> Iterator[tuple[str, Record | Credential]]:
        """Give the people who may pass this gate, their credentials, homes and faces."""
        lanes = {lane.lane_id: lane for lane in self._facts.lanes[gate.gate_id]}
        listed_homes: set[str] = set()
        places = self.places_of_face(gate)
        for one in self.people():
            grants = one.grants_at(gate.gate_id)
            if not grants:
                continue
            face = self.face_at(one, gate, grants, places)
            offer = None
            if places:
                offer = face_offer(
                    self._facts, one.person, gate, grants, self._ways_now(one.person), self._today
                )
            methods = one.record.methods if face is None else one.methods_with_face
            yield one.key, msgspec.structs.replace(one.record, methods=methods, grants=grants)
            if face is not None:
                yield f"face:{one.record.person_id}", face
            if offer is not None:
                yield f"face_offer:{one.record.person_id}", offer
            if one.home is not None and one.home.home_id not in listed_homes:
                listed_homes.add(one.home.home_id)
                yield f"home:{one.home.home_id}", one.home
            for key, row, record in one.credentials:
                credential = self._credential(row, record, keys, lanes)
                if credential is not None:
                    yield key, credential

    def people(self) -> Sequence[PublishedPerson]:
        """Return what is the same at all gates, worked out at first use: until then faces may be paused."""
        if self._people is None:
            self._people = [self._same_everywhere(person) for person in self._facts.persons]
        return self._people

    def places_of_face(self, gate: GateFacts) -> Mapping[str, Place]:
        """Return by lane, where a gate offers face, which ways it takes."""
        return {
            lane.lane_id: place_of(lane.methods, lane.method_hours)
            for lane in self._facts.lanes[gate.gate_id]
            if self._facts.live_lanes.offers_face(lane)
        }

    def face_at(
        self, one: PublishedPerson, gate: GateFacts, grants: Sequence[Grant], places: Mapping[str, Place]
    ) -> FaceRecord | None:
        """Return the right to keep a person's face at a gate; None where there is none."""
        if not one.wants_face:
            return None
        return face_record(self._facts, one.person, gate, grants, one.ways_at, self._times, places)

    def _same_everywhere(self, person: PersonFacts) -> PublishedPerson:
        """Return what does not differ from gate to gate."""
        person_id, facts = person.person_id, self._facts
        requested = facts.two_method_requests.get(person_id)
        wants_face = self._wants_face(person)
        chosen = tuple(method for method in Method if method in person.methods)
        made = [(row, self._untagged(row, person)) for row in facts.credentials.get(person_id, ())]
        return PublishedPerson(
            person=person,
            key=f"person:{person_id}",
            record=PersonRecord(
                person_id=person_id,
                methods=tuple(method for method in chosen if method is not Method.FACE),
                grants=(),
                home_id=person.home_id,
                suspended=person.suspended,
                slow_pass=person.slow_pass,
                may_override=person.may_override and person.kind == "staff" and not person.suspended,
                two_methods=(
                    TwoMethods(requested.from_minute, requested.until_minute)
                    if requested is not None
                    else None
                ),
            ),
            methods_with_face=chosen,
            ways_at=(
                ways_of(chosen, [record for _, record in made if record is not None], self._now)
                if wants_face
                else ()
            ),
            wants_face=wants_face,
            grants=[(grant, self._lanes_by_gate(grant)) for grant in facts.grants.get(person_id, ())],
            home=self._homes.get(person.home_id or ""),
            credentials=[
                (f"credential:{row.credential_id}", row, record) for row, record in made if record is not None
            ],
        )

    def _lanes_by_gate(self, grant: GrantFacts) -> Mapping[str, tuple[str, ...]]:
        """Return a grant's live lanes by gate; most grants of a compound name the same lanes."""
        named = tuple(grant.lanes)
        known = self._places.get(named)
        if known is None:
            found: dict[str, list[str]] = {}
            for lane_id in named:
                if lane_id in self._gate_of_lane:
                    found.setdefault(self._gate_of_lane[lane_id], []).append(lane_id)
            known = self._places[named] = {gate_id: tuple(lanes) for gate_id, lanes in found.items()}
        return known

    def _untagged(self, row: CredentialFacts, person: PersonFacts) -> Credential | None:
        """Return a credential without what differs from gate to gate: its tag and its lanes."""
        state = CredentialState(row.state)
        secret = self.secrets.get(row.credential_id)
        window = (row.valid_from, row.valid_until)
        if row.kind == CredentialKind.QR:
            return QrCredential(
                row.credential_id, person.person_id, state, *window, row.public_key, row.printed
            )
        if isinstance(secret, int):
            return CardCredential(row.credential_id, person.person_id, state, *window)
        if secret is None or person.home_id is None:
            return None
        if row.kind == CredentialKind.PIN:
            return PinCredential(
                row.credential_id, person.person_id, state, *window, person.home_id, duress=row.duress
            )
        return VisitorCodeCredential(row.credential_id, person.person_id, state, *window, person.home_id)

    def _credential(
        self, row: CredentialFacts, record: Credential, keys: GateKeys, lanes: Mapping[str, Lane]
    ) -> Credential | None:
        secret = self.secrets.get(row.credential_id)
        if secret is None:
            return record
        if isinstance(secret, int):
            return msgspec.structs.replace(record, tag=card_tag(secret, keys.card_key))
        tag = gate_pin_tag(secret, keys.pin_key)
        if not isinstance(record, VisitorCodeCredential):
            return msgspec.structs.replace(record, tag=tag)
        here = tuple(lane_id for lane_id in row.lanes or () if lane_id in lanes)
        # Gates count uses each for itself: a code that names another gate too would open once at each.
        gates = {self._facts.gate_of_lane.get(lane_id) for lane_id in row.lanes or ()} - {None}
        if not here or len(gates) > 1:
            return None
        return msgspec.structs.replace(record, tag=tag, lanes=here)
