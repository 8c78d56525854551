"""Build the policy records of one gate: its lanes, the people with grants there, and their credentials.

Pure functions over `SiteFacts`. A card or PIN is sent as a tag under that gate's own key, so what
leaks from one gate fits no other.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from gate_controller.contract.calendars import Span
from gate_controller.contract.credential_kinds import usable_methods
from gate_controller.contract.pins import card_tag, gate_pin_tag
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Credential,
    CredentialKind,
    CredentialState,
    EndedPassRecord,
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
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Hours, Lane, Person
from web_admin.core.sealing import SealBroken, Sealer, open_card_number, open_pin_tag
from web_admin.gates.rules import ANTIPASSBACKS
from web_admin.policy.face_records import face_offer, face_record
from web_admin.policy.facts import SiteFacts

KINDS_OF_ONE_PERSON = ("person", "face", "face_offer")
"""Kinds of record whose key names a person."""
PERSONAL_KINDS = (*KINDS_OF_ONE_PERSON, "credential", "home")
"""Kinds of record about a person or a home, which scoped publishing may leave alone."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GateKeys:
    """The keys of one gate, opened for the time of publishing."""

    card_key: bytes
    pin_key: bytes


def open_gate_keys(sealer: Sealer, gate: Gate) -> GateKeys:
    """Return a paired gate's keys; raise SealBroken."""
    return GateKeys(
        sealer.open(gate.card_key_sealed or b"", purpose="gate-key"),
        sealer.open(gate.pin_key_sealed or b"", purpose="gate-key"),
    )


# -- the site's own records ------------------------------------------------------------------------


def lane_record(lane: Lane, gate_number: int, now: datetime) -> LaneRecord:
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
        )
    except (ValueError, KeyError) as err:
        raise PolicyRefused(f"lane {lane.lane_id!r}: {err}") from err


def hours_record(hours: Hours) -> HoursRecord:
    """Return named hours as a gate knows them; raise PolicyRefused on spans that are none."""
    try:
        return HoursRecord(hours.hours_id, hours.name, msgspec.convert(hours.spans, tuple[Span, ...]))
    except (msgspec.ValidationError, ValueError) as err:
        raise PolicyRefused(f"the hours {hours.hours_id!r}: {err}") from err


def site_records(facts: SiteFacts, gate: Gate, now: datetime) -> Iterator[tuple[str, Record]]:
    """Give the records that are about no person: site, calendar, lanes, their hours, ended passes."""
    site = facts.site
    yield (
        "site",
        SiteRecord(
            site.site_id,
            site.name,
            site.timezone,
            24 if site.card_bits == 24 else 32,
            site.max_policy_age_days,
        ),
    )
    if facts.calendar:
        exceptions = {day.isoformat(): kind for day, kind in facts.calendar.items()}
        yield "calendar", msgspec.convert({"exceptions": exceptions}, CalendarRecord)
    used: set[str] = set()
    for lane in facts.lanes[gate.gate_id]:
        record = facts.live_lanes.fit(lane_record(lane, gate.number, now))
        yield f"lane:{lane.lane_id}", record
        used |= {*record.method_hours.values(), *record.posture_hours}
        used |= facts.hours_by_lane.get(lane.lane_id, frozenset())
    for hours_id in sorted(used & facts.hours.keys()):
        yield f"hours:{hours_id}", hours_record(facts.hours[hours_id])
    if any(facts.live_lanes.offers_face(lane) for lane in facts.lanes[gate.gate_id]):
        for notice in facts.face.notices:
            yield f"face_notice:{notice.language}", notice
    for row in facts.ended_passes:
        if gate.number in row.gate_numbers:
            yield f"ended_pass:{row.pass_id}", EndedPassRecord(row.pass_id, row.valid_until)


# -- people ----------------------------------------------------------------------------------------


def chosen_usable_methods(
    person: Person, credentials: Iterable[CredentialRow], now: datetime
) -> frozenset[Method]:
    """Return the methods besides face that this person chose and can use at this moment."""
    return frozenset(method for method in usable_methods(credentials, now) if method in person.methods)


def ways_end(person: Person, credentials: list[CredentialRow], now: datetime) -> datetime | None:
    """Return when the last of the chosen other methods expires; None when one of them does not.

    A face ends no later (promise 1), also at a gate that hears nothing from the server by then.
    """
    ends = [
        row.valid_until
        for row in credentials
        if chosen_usable_methods(person, [row], now)
    ]
    if not ends or None in ends:
        return None
    return max(end for end in ends if end is not None)


class PeopleRecords:
    """Makes the personal records of every gate; opens each sealed secret once."""

    def __init__(self, facts: SiteFacts, sealer: Sealer, now: datetime) -> None:
        """Open the secrets of all live credentials; one that cannot be opened is left out and logged."""
        self._facts = facts
        self._today = today_at(facts.site, now)
        self._ways = {
            person.person_id: chosen_usable_methods(person, facts.credentials.get(person.person_id, []), now)
            for person in facts.persons
        }
        self._ways_end = {
            person.person_id: ways_end(person, facts.credentials.get(person.person_id, []), now)
            for person in facts.persons
        }
        self._gate_of_lane = {lane.lane_id: gate for gate, lanes in facts.lanes.items() for lane in lanes}
        self._secrets: dict[str, int | bytes] = {}
        for rows in facts.credentials.values():
            for row in rows:
                self._open(row, sealer)

    def _open(self, row: CredentialRow, sealer: Sealer) -> None:
        if row.kind == CredentialKind.QR:
            return
        opener = open_card_number if row.kind == CredentialKind.CARD else open_pin_tag
        try:
            self._secrets[row.credential_id] = opener(sealer, row.secret_sealed or b"")
        except SealBroken:
            _log.error(
                "credential %s is left out of the policy: its secret cannot be opened", row.credential_id
            )

    def without_another_way(self) -> list[Person]:
        """Return those whose face must pause: chosen, live, and no other working way (promise 1)."""
        return [
            person
            for person in self._facts.persons
            if self._wants_face(person) and not self._ways[person.person_id]
        ]

    def _wants_face(self, person: Person) -> bool:
        return (
            Method.FACE in person.methods
            and not band_has_ended(person, self._today)
            and person.face_paused_reason is None
            and person.person_id in self._facts.consents
        )

    def records(self, gate: Gate, keys: GateKeys) -> Iterator[tuple[str, Record | Credential]]:
        """Give the people who may pass this gate, their credentials, homes and faces."""
        lanes = {lane.lane_id: lane for lane in self._facts.lanes[gate.gate_id]}
        listed_homes: set[str] = set()
        for person in self._facts.persons:
            grants = tuple(
                self._grant(grant, lanes) for grant in self._facts.grants.get(person.person_id, ())
            )
            grants = tuple(grant for grant in grants if grant.lanes)
            if not grants:
                continue
            ways = self._ways[person.person_id]
            face = None
            if self._wants_face(person):
                face = face_record(self._facts, person, gate, grants, ways, self._ways_end[person.person_id])
            requested = self._facts.two_method_requests.get(person.person_id)
            offer = face_offer(self._facts, person, gate, grants, ways, self._today)
            yield (
                f"person:{person.person_id}",
                PersonRecord(
                    person_id=person.person_id,
                    methods=tuple(
                        method
                        for method in Method
                        if method in person.methods and (method is not Method.FACE or face is not None)
                    ),
                    grants=grants,
                    home_id=person.home_id,
                    suspended=person.suspended,
                    slow_pass=person.slow_pass,
                    may_override=person.may_override and person.kind == "staff" and not person.suspended,
                    two_methods=(
                        TwoMethods(requested.from_minute, requested.until_minute)
                        if requested is not None else None
                    ),
                ),
            )
            if face is not None:
                yield f"face:{person.person_id}", face
            if offer is not None:
                yield f"face_offer:{person.person_id}", offer
            home = self._facts.homes.get(person.home_id or "")
            if home is not None and home.home_id not in listed_homes:
                listed_homes.add(home.home_id)
                yield f"home:{home.home_id}", HomeRecord(home.home_id, home.number, home.pin_salt)
            for row in self._facts.credentials.get(person.person_id, ()):
                credential = self._credential(row, person, keys, lanes)
                if credential is not None:
                    yield f"credential:{row.credential_id}", credential

    @staticmethod
    def _grant(grant: GrantRow, lanes: Mapping[str, Lane]) -> Grant:
        here = tuple(lane_id for lane_id in grant.lanes if lane_id in lanes)
        return Grant(here, grant.hours_id, grant.valid_from, grant.valid_until)

    def _credential(
        self, row: CredentialRow, person: Person, keys: GateKeys, lanes: Mapping[str, Lane]
    ) -> Credential | None:
        state = CredentialState(row.state)
        secret = self._secrets.get(row.credential_id)
        window = (row.valid_from, row.valid_until)
        if row.kind == CredentialKind.QR:
            return QrCredential(row.credential_id, person.person_id, state, *window, row.public_key)
        if isinstance(secret, int):
            tag = card_tag(secret, keys.card_key)
            return CardCredential(row.credential_id, person.person_id, state, *window, tag)
        if secret is None or person.home_id is None:
            return None
        tag = gate_pin_tag(secret, keys.pin_key)
        if row.kind == CredentialKind.PIN:
            return PinCredential(
                row.credential_id, person.person_id, state, *window, person.home_id, tag, row.duress
            )
        here = tuple(lane_id for lane_id in row.lanes or () if lane_id in lanes)
        # Gates count uses each for itself: a code that names another gate too would open once at each.
        if not here or len({self._gate_of_lane.get(lane_id) for lane_id in row.lanes or ()} - {None}) > 1:
            return None
        return VisitorCodeCredential(
            row.credential_id, person.person_id, state, *window, person.home_id, tag, here
        )
