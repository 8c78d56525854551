"""Policy records, each with a key (`lane:north-in`, `person:9f…`), and their wire form.

The wire form is JSON with sorted keys. `policy.py` turns a whole set of records into one policy and
offers every name of this module, so that others import from there alone.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.calendars import Span
from gate_controller.contract.languages import Language

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+\Z")]
Name = Annotated[str, msgspec.Meta(max_length=120)]
Digest = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


MAX_LOOKS = 5
"""Of one person at one gate; one more takes the place of the oldest."""
MAX_DROPPED_LOOKS = 100
"""In one record: those of which the gate has not yet reported that they are gone."""


class Method(StrEnum):
    """A way in, in the fixed order in which pages show them."""

    CARD = "card"
    PIN = "pin"
    QR = "qr"
    FACE = "face"


NEEDS_NO_PHONE_OR_MEMORY = frozenset({Method.CARD})
EMERGENCY_HOME_NUMBER = "0"
"""Home number that is typed before the emergency code."""


class Posture(StrEnum):
    """Mode of a lane towards everyone."""

    NORMAL = "normal"
    LOCKDOWN = "lockdown"
    HELD_OPEN = "held_open"
    DISABLED = "disabled"


class CredentialKind(StrEnum):
    """Kind of a credential; `credential_kinds.py` says what each kind means."""

    CARD = "card"
    PIN = "pin"
    QR = "qr"
    VISITOR_CODE = "visitor_code"
    EMERGENCY_CODE = "emergency_code"


class CredentialState(StrEnum):
    """State of a credential; only an active one may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class PolicyRefused(Exception):
    """This set of records may not become the policy; says which record and why."""


class RecordNotUnderstood(PolicyRefused):
    """A later version wrote this record: it has a field, a kind or a word that this one does not know."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One part of a policy. Holds no cycles, so the collector need not walk 100,000 of them at a tap."""


class SiteRecord(Record, frozen=True):
    """The compound. `card_bits` is the canonical card form (24 or 32)."""

    site_id: Id
    name: Name
    timezone: Name
    card_bits: Literal[24, 32] = 32
    max_policy_age_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    face_pause_hours: Annotated[int, msgspec.Meta(ge=0)] = 48
    """How long a way in may be without a reader before face counts it as none; a gate takes 48 at most."""


class CalendarRecord(Record, frozen=True):
    """Dates (ISO) that count as another kind of day."""

    exceptions: dict[date, Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]]


class HoursRecord(Record, frozen=True):
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
    """Id of the staff account that set `posture_hours`."""
    interlock_with: tuple[Id, ...] = ()
    """Lanes of the same gate of which this one may not be opened while one is open. Ways in only."""
    antipassback: Literal["off", "soft", "hard"] = "off"
    """Effect of a second way in without a way out: none, an event, or a refusal."""
    staff_hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=480)] = 30
    """How long a staff card shown twice holds the lane open."""
    place_numbers: tuple[Annotated[int, msgspec.Meta(ge=1, le=65535)], ...] = ()
    """The numbers in visitors' passes for all gates of this one's place, and for all gates (`passes.py`)."""

    def is_named_in(self, numbers: Collection[int]) -> bool:
        """Return whether a visitor's pass with these numbers is for this lane's gate."""
        return self.gate_number in numbers or any(number in numbers for number in self.place_numbers)


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
        """Return whether a sure clock is needed to judge it."""
        return bool(self.hours_id or self.valid_from or self.valid_until)


class TwoMethods(Record, frozen=True):
    """A person's own two-method request, for these minutes of the site's day; equal ends mean always."""

    from_minute: Annotated[int, msgspec.Meta(ge=0, lt=1440)]
    until_minute: Annotated[int, msgspec.Meta(ge=0, lt=1440)]


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
    two_methods: TwoMethods | None = None


class CredentialRecord(Record, frozen=True):
    """Fields of every credential; its kind is its tag on the wire."""

    credential_id: Id
    person_id: Id
    state: CredentialState = CredentialState.ACTIVE
    valid_from: Instant | None = None
    valid_until: Instant | None = None

    @property
    def kind(self) -> CredentialKind:
        return CredentialKind(str(self.__struct_config__.tag))

    @property
    def works_without_server(self) -> bool:
        """Return whether its holder can show it while the server is away."""
        return True

    @property
    def duress(self) -> bool:
        """Tell whether it calls for help in silence; a PIN can."""
        return False

    @property
    def is_time_bound(self) -> bool:
        """Return whether a sure clock is needed to judge it."""
        return bool(self.valid_from or self.valid_until)


class CardCredential(CredentialRecord, frozen=True, tag=CredentialKind.CARD.value, tag_field="kind"):
    """A card; `tag` is HMAC-SHA-256 of its canonical number under this gate's card key."""

    tag: Digest = b""


class PinCredential(CredentialRecord, frozen=True, tag=CredentialKind.PIN.value, tag_field="kind"):
    """A PIN of a home; `tag` is what `pins.gate_pin_tag` makes of it."""

    home_id: Id = ""
    tag: Digest = b""
    duress: bool = False


class VisitorCodeCredential(
    CredentialRecord, frozen=True, tag=CredentialKind.VISITOR_CODE.value, tag_field="kind"
):
    """Eight digits for one visit, typed after a home's number; `person_id` is who issued it."""

    home_id: Id = ""
    tag: Digest = b""
    lanes: tuple[Id, ...] = ()
    uses: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1


class EmergencyCodeCredential(
    CredentialRecord, frozen=True, tag=CredentialKind.EMERGENCY_CODE.value, tag_field="kind"
):
    """Eight digits for ambulance and fire brigade, typed after home number 0; belongs to no person."""

    home_id: Id = ""
    tag: Digest = b""
    lanes: tuple[Id, ...] = ()
    hold_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] = 0
    """How long it holds the lane open; 0 opens it once."""


class QrCredential(CredentialRecord, frozen=True, tag=CredentialKind.QR.value, tag_field="kind"):
    """A phone's P-256 public key (uncompressed point); None where the server signs the code."""

    public_key: Annotated[bytes, msgspec.Meta(min_length=65, max_length=65)] | None = None
    printed: bool = False

    @property
    def works_without_server(self) -> bool:
        """Return whether its holder can show it while the server is away."""
        return self.public_key is not None or self.printed


TypedCredential = PinCredential | VisitorCodeCredential | EmergencyCodeCredential
Credential = CardCredential | TypedCredential | QrCredential


class FaceRecord(Record, frozen=True):
    """This person may keep a face in this gate, under this live consent: one to five looks."""

    person_id: Id
    consent_id: Id
    engine: Id
    valid_until: Instant | None = None
    guardian_ids: tuple[Id, ...] = ()
    """For ages 14 to 17: of whom one has to be there when the face is taken."""
    dropped_looks: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_DROPPED_LOOKS)] = ()
    """Looks that the person dropped, or that are too old: the gate deletes them and keeps the others."""

    def is_valid(self, now: datetime) -> bool:
        """Return whether the face may be kept and matched at this moment."""
        return self.valid_until is None or now < self.valid_until


class FaceOfferRecord(Record, frozen=True):
    """This person has no live consent and may give one at this gate, by keypad; or on their phone alone."""

    person_id: Id
    guardian_ids: tuple[Id, ...] = ()
    on_phone: bool = False
    """The site asks for what no keypad takes: a signature, or both guardians."""


class FaceNoticeRecord(Record, frozen=True):
    """The newest notice about face in one language, to be shown and read aloud before consent."""

    language: Language
    version: Annotated[int, msgspec.Meta(ge=1)]
    sha256: Digest
    fields: dict[str, Annotated[str, msgspec.Meta(max_length=4000)]]


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
    "face_offer": FaceOfferRecord,
    "face_notice": FaceNoticeRecord,
    "ended_pass": EndedPassRecord,
}
OTHER_ID_FIELDS = {
    "site": "",
    "calendar": "",
    "face": "person_id",
    "face_offer": "person_id",
    "face_notice": "language",
    "ended_pass": "pass_id",
}
"""The field whose value follows the colon of a record's key, where it is not `<kind>_id`."""
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


_OF_A_LATER_VERSION = ("Object contains unknown field", "Invalid enum value", "Invalid value")
"""How msgspec's words begin where a record has a field, a word or a tag that is not in our types."""


def decode_record(key: str, value: bytes | msgspec.Raw) -> Record:
    """Return the record that `value` holds; raise PolicyRefused naming the key and what is wrong.

    It is a RecordNotUnderstood where a later version may have written the record.
    """
    decoder = _DECODERS.get(key.partition(":")[0])
    if decoder is None:
        raise RecordNotUnderstood(f"record {key!r}: no such kind of record")
    try:
        record: Record = decoder.decode(value)
    except msgspec.ValidationError as err:
        later = str(err).startswith(_OF_A_LATER_VERSION)
        refused = RecordNotUnderstood if later else PolicyRefused
        raise refused(f"record {key!r}: {err}") from err
    except (msgspec.MsgspecError, ValueError, RecursionError) as err:
        raise PolicyRefused(f"record {key!r}: {err}") from err
    return record
