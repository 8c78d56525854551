"""What the server publishes and a gate obeys: records in, one frozen policy out.

A policy is a set of records, each with a key (`lane:north-in`, `person:9f…`). The wire form of a
record is JSON; `compile_policy` turns all of them into the indexes that the rules read. It refuses,
as a whole, a set that breaks promise 1: no lane may offer face without another way at the same hour.

Consent is kept apart on purpose: `FaceRecord`s go into the `face_roster`, which the rules never see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gate_controller.calendars import DAY_KINDS, SiteCalendar, Span, WeeklyHours

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+\Z")]
Name = Annotated[str, msgspec.Meta(max_length=120)]
Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Method(StrEnum):
    """A way in, in the fixed order in which pages show them."""

    CARD = "card"
    PIN = "pin"
    QR = "qr"
    FACE = "face"


NEEDS_NO_PHONE_OR_MEMORY = frozenset({Method.CARD})


class Posture(StrEnum):
    """How a lane stands towards everyone."""

    NORMAL = "normal"
    LOCKDOWN = "lockdown"
    HELD_OPEN = "held_open"
    DISABLED = "disabled"


class CredentialState(StrEnum):
    """Whether a credential may be used at all."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class PolicyRefused(Exception):
    """This set of records may not become the policy; says which record and why."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One part of a policy. Holds no cycles, so the collector need not walk 100,000 of them at a tap."""


class SiteRecord(Record, frozen=True):
    """The compound. `card_bits` is the canonical card form (24 or 32)."""

    site_id: Id
    name: Name
    timezone: Name
    card_bits: Literal[24, 32] = 32
    max_policy_age_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30


class CalendarRecord(Record, frozen=True):
    """Dates (ISO) that count as another kind of day."""

    exceptions: dict[date, Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]]


class HoursRecord(Record, frozen=True):
    """Named weekly hours."""

    hours_id: Id
    name: Name
    spans: tuple[Span, ...]


class PostureOverride(Record, frozen=True):
    """A posture set by someone, for a reason, until an end."""

    posture: Posture
    author_id: Id
    reason: Name
    until: Instant


class LaneRecord(Record, frozen=True):
    """One direction of one gate. `method_hours` narrows when a method is offered."""

    lane_id: Id
    gate_id: Id
    gate_number: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    name: Name
    direction: Literal["in", "out"]
    methods: tuple[Method, ...]
    pulse_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)]
    slow_pulse_seconds: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0
    method_hours: dict[Method, Id] = {}
    posture: Posture = Posture.NORMAL
    posture_hours: dict[Id, Posture] = {}
    posture_override: PostureOverride | None = None
    posture_author_id: Id | None = None
    """Who set `posture_hours`."""
    interlock_with: tuple[Id, ...] = ()
    """Lanes of the same gate of which this one may not be opened while one is open. Ways in only."""
    antipassback: Literal["off", "soft", "hard"] = "off"
    """What a second way in without a way out means: nothing, an event, or a refusal."""
    staff_hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=480)] = 30
    """How long a staff card shown twice holds the lane open."""


class HomeRecord(Record, frozen=True):
    """A household's unit; `pin_salt` is the one salt of all its PINs."""

    home_id: Id
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[0-9]+(-[0-9]+)*\Z")]
    pin_salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


class Grant(Record, frozen=True):
    """A person may pass these lanes, in these hours, within these dates."""

    lanes: tuple[Id, ...]
    hours_id: Id | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None

    @property
    def is_time_bound(self) -> bool:
        """Tell whether a sure clock is needed to judge it."""
        return bool(self.hours_id or self.valid_from or self.valid_until)


class PersonRecord(Record, frozen=True):
    """A person at this gate: the methods they chose and where they may pass; no name travels."""

    person_id: Id
    methods: tuple[Method, ...]
    grants: tuple[Grant, ...]
    home_id: Id | None = None
    suspended: bool = False
    slow_pass: bool = False
    may_override: bool = False
    """Staff whose card opens in any posture and, shown twice, holds the lane open."""


class CredentialRecord(Record, frozen=True):
    """What every credential has."""

    credential_id: Id
    person_id: Id
    state: CredentialState = CredentialState.ACTIVE
    valid_from: Instant | None = None
    valid_until: Instant | None = None

    @property
    def is_time_bound(self) -> bool:
        """Tell whether a sure clock is needed to judge it."""
        return bool(self.valid_from or self.valid_until)


class CardCredential(CredentialRecord, frozen=True, tag="card", tag_field="kind"):
    """A card; `tag` is HMAC-SHA-256 of its canonical number under this gate's card key."""

    tag: Digest = b""


class PinCredential(CredentialRecord, frozen=True, tag="pin", tag_field="kind"):
    """A PIN of a home; `tag` is what `pins.gate_pin_tag` makes of it."""

    home_id: Id = ""
    tag: Digest = b""
    duress: bool = False


class VisitorCodeCredential(CredentialRecord, frozen=True, tag="visitor_code", tag_field="kind"):
    """Eight digits for one visit, typed after a home's number; `person_id` is who issued it."""

    home_id: Id = ""
    tag: Digest = b""
    lanes: tuple[Id, ...] = ()
    uses: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1


class EmergencyCodeCredential(CredentialRecord, frozen=True, tag="emergency_code", tag_field="kind"):
    """Eight digits for ambulance and fire brigade, typed after home number 0; belongs to no person."""

    home_id: Id = ""
    tag: Digest = b""
    lanes: tuple[Id, ...] = ()
    hold_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] = 0
    """How long it holds the lane open; 0 opens it once."""


class QrCredential(CredentialRecord, frozen=True, tag="qr", tag_field="kind"):
    """A phone's P-256 public key (uncompressed point); None where the page shows online codes."""

    public_key: Annotated[bytes, msgspec.Meta(min_length=65, max_length=65)] | None = None


Credential = (
    CardCredential | PinCredential | VisitorCodeCredential | EmergencyCodeCredential | QrCredential
)


class FaceRecord(Record, frozen=True):
    """This person may keep a face in this gate, under this live consent."""

    person_id: Id
    consent_id: Id
    engine: Id
    valid_until: Instant | None = None


class EndedPassRecord(Record, frozen=True):
    """A visitor's pass that was withdrawn; kept until the pass would have ended."""

    pass_id: Id
    until: Instant


RECORD_TYPES: Mapping[str, type[Record] | type[Credential]] = {
    "site": SiteRecord,
    "calendar": CalendarRecord,
    "hours": HoursRecord,
    "lane": LaneRecord,
    "home": HomeRecord,
    "person": PersonRecord,
    "credential": Credential,  # type: ignore[dict-item]  # a union of tagged structs, which msgspec takes as a type
    "face": FaceRecord,
    "ended_pass": EndedPassRecord,
}
OTHER_ID_FIELDS = {"site": "", "calendar": "", "face": "person_id", "ended_pass": "pass_id"}
"""The field whose value stands after the colon of a record's key, where it is not `<kind>_id`."""
_DECODERS = {kind: msgspec.json.Decoder(type_) for kind, type_ in RECORD_TYPES.items()}
_ENCODER = msgspec.json.Encoder(order="sorted")


def typed_number(number: str) -> str:
    """Return a home's number as a keypad without dashes types it: `3-1203` is `31203`."""
    return "".join(c for c in number if c.isdigit())


def encode_record(record: Record) -> bytes:
    """Return a record's wire form: JSON with sorted keys."""
    if isinstance(record, CalendarRecord | LaneRecord):
        # Their tables have dates and methods as keys; the encoder sorts keys of plain text only.
        return _ENCODER.encode(msgspec.to_builtins(record, str_keys=True))
    return _ENCODER.encode(record)


def decode_record(key: str, value: bytes | msgspec.Raw) -> Record:
    """Return the record that `value` holds; raise PolicyRefused naming the key and what is wrong."""
    decoder = _DECODERS.get(key.partition(":")[0])
    if decoder is None:
        raise PolicyRefused(f"record {key!r}: no such kind of record")
    try:
        record: Record = decoder.decode(value)
    except (msgspec.MsgspecError, ValueError) as err:
        raise PolicyRefused(f"record {key!r}: {err}") from err
    return record


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
    typed_by_home: Mapping[str, tuple[PinCredential | VisitorCodeCredential, ...]]
    ended_passes: frozenset[str]
    gate_numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """The policy and, apart from it, who may keep a face here."""

    policy: Policy
    face_roster: Mapping[str, FaceRecord] = field(default_factory=dict)


def compile_policy(
    records: Mapping[str, bytes | msgspec.Raw], *, epoch: int, version: int, issued_at: datetime
) -> PolicySnapshot:
    """Index all records; raise PolicyRefused on a bad record, a dangling id or a broken promise 1."""
    kinds: dict[str, dict[str, Record]] = {kind: {} for kind in RECORD_TYPES}
    # In the order of keys, so that a delta and the whole make the same policy.
    for key in sorted(records):
        record = decode_record(key, records[key])
        kind, _, id_in_key = key.partition(":")
        if getattr(record, OTHER_ID_FIELDS.get(kind, f"{kind}_id"), "") != id_in_key:
            raise PolicyRefused(f"record {key!r} holds another one's id")
        kinds[kind][id_in_key] = record
    site = kinds["site"].get("")
    if not isinstance(site, SiteRecord):
        raise PolicyRefused("the policy has no record 'site'")
    policy = _index(kinds, site, epoch=epoch, version=version, issued_at=issued_at)
    _check_references(policy)
    check_promise_one(policy.lanes, policy.hours)
    roster = {r.person_id: r for r in kinds["face"].values() if isinstance(r, FaceRecord)}
    return PolicySnapshot(policy, roster)


def _index(
    kinds: Mapping[str, Mapping[str, Record]],
    site: SiteRecord,
    *,
    epoch: int,
    version: int,
    issued_at: datetime,
) -> Policy:
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
    cards: dict[bytes, CardCredential] = {}
    typed: dict[str, list[PinCredential | VisitorCodeCredential]] = {}
    # The last that fits counts: what ended must never hide the live one with the same number.
    for credential in sorted(credentials.values(), key=lambda c: c.state is not CredentialState.ENDED):
        if isinstance(credential, CardCredential):
            cards[credential.tag] = credential
        elif isinstance(credential, PinCredential | VisitorCodeCredential):
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
        persons={r.person_id: r for r in kinds["person"].values() if isinstance(r, PersonRecord)},
        credentials=credentials,
        cards_by_tag=cards,
        typed_by_home={home_id: tuple(parts) for home_id, parts in typed.items()},
        ended_passes=frozenset(
            r.pass_id for r in kinds["ended_pass"].values() if isinstance(r, EndedPassRecord)
        ),
        gate_numbers=frozenset(lane.gate_number for lane in lanes.values()),
    )


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
