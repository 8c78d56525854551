"""Tables of the compound. No table has room for a picture or a face template.

Secrets (card numbers, PIN hashes, gate keys, face shares, signing keys) are sealed under keys that
live outside the database: `*_sealed` columns hold what `sealing.Sealer` made. Times are aware UTC.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gate_controller.contract.languages import DEFAULT_LANGUAGE
from gate_controller.contract.records import CredentialKind
from web_admin.compound.ordering import building_of, sort_key
from web_admin.core.orm import Base


class Site(Base):
    __tablename__ = "site"
    site_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    timezone: Mapped[str]
    language: Mapped[str] = mapped_column(default=DEFAULT_LANGUAGE.value)
    card_bits: Mapped[int] = mapped_column(default=32)
    max_policy_age_days: Mapped[int] = mapped_column(default=30)
    face_pause_hours: Mapped[int] = mapped_column(default=48, server_default="48")
    """How long a way in may be without a reader before face counts it as none."""
    ask_again_seconds: Mapped[float] = mapped_column(default=2.0)
    face_enabled: Mapped[bool] = mapped_column(default=False)
    root_public_key: Mapped[bytes]
    emergency_salt: Mapped[bytes | None]
    epoch: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=0)
    restoring: Mapped[bool] = mapped_column(default=False)
    restored_at: Mapped[datetime | None]
    backup_epoch: Mapped[int | None]
    """With `backup_version`: the policy that the backup had when it was restored."""
    backup_version: Mapped[int | None]
    created_at: Mapped[datetime]


class SiteKey(Base):
    """A signing key that the root certified; `role` is policy, pass, order or anchor."""

    __tablename__ = "site_key"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    private_key_sealed: Mapped[bytes]
    certificate: Mapped[bytes]
    certificate_signature: Mapped[bytes]


class Gate(Base):
    """A controller and what the server last heard from it. State: new, paired, retired, stolen."""

    __tablename__ = "gate"
    __table_args__ = (UniqueConstraint("site_id", "number"),)
    gate_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    number: Mapped[int]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="new")
    place_id: Mapped[str | None] = mapped_column(ForeignKey("place.place_id"))
    """The place that it leads into (`place_models.Place`); None: not sorted yet, so no way leads over it."""
    map_x: Mapped[int | None]
    """With `map_y`: where it is on the map, per mille from the left and from the top; None: on no map yet."""
    map_y: Mapped[int | None]
    public_key: Mapped[bytes | None]
    card_key_sealed: Mapped[bytes | None]
    pin_key_sealed: Mapped[bytes | None]
    request_counter: Mapped[int] = mapped_column(default=0)
    request_digest: Mapped[bytes | None]
    said_digest: Mapped[bytes | None]
    """Of its last check-in that was noted here, without what differs each time (`last_answers.py`)."""
    forked_at: Mapped[datetime | None]
    published_version: Mapped[int] = mapped_column(default=0)
    published_digest: Mapped[bytes | None]
    have_epoch: Mapped[int] = mapped_column(default=0)
    have_version: Mapped[int] = mapped_column(default=0)
    journal_id: Mapped[str | None]
    acknowledged_seq: Mapped[int] = mapped_column(default=0)
    head_digest: Mapped[bytes | None]
    last_seen_at: Mapped[datetime | None]
    clock_sure: Mapped[bool] = mapped_column(default=True)
    clock_behind_seconds: Mapped[float | None]
    told_seq: Mapped[int | None]
    tombstones_taken: Mapped[bool] = mapped_column(default=True)
    policy_withheld: Mapped[bool] = mapped_column(default=False, server_default=false())
    """After a restore: the gate could not say what it forbids, so it keeps the policy it has."""
    lane_states: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    device_states: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    program: Mapped[str] = mapped_column(default="", server_default="")
    """The version of its program, as it says."""
    without_face: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if the program has no code for faces: it was installed from the package without."""
    knows: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """The features of the contract that it has."""
    published_knows: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Those for which its records were last published as a whole."""
    policy_trouble: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it does not take the policy, or the whole of it, as it says."""
    behind_since: Mapped[datetime | None]
    """Since when it asks with rules that are not the newest."""
    disk_free_mib: Mapped[int | None]
    disk_total_mib: Mapped[int | None]
    disk_reserve_in_use: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True while it writes into the room that it keeps for a full disk."""
    update_step: Mapped[str] = mapped_column(default="", server_default="")
    """How far the update of its program is, as it says; empty of a gate that takes none."""
    update_version: Mapped[str] = mapped_column(default="", server_default="")
    update_order_id: Mapped[str] = mapped_column(default="", server_default="")
    update_why: Mapped[str] = mapped_column(Text, default="", server_default="")
    ordered_version: Mapped[str] = mapped_column(default="", server_default="")
    """The version that it should run; empty: the one it has."""
    ordered_id: Mapped[str] = mapped_column(default="", server_default="")
    """The roll-out and attempt of its newest order."""
    lanes: Mapped[list["Lane"]] = relationship(back_populates="gate", order_by="Lane.lane_id")

    @property
    def is_trusted(self) -> bool:
        """Return whether what it writes counts: it is paired, and its key is in one place."""
        return self.state == "paired" and self.forked_at is None


class Lane(Base):
    """One direction of one gate, with its posture and a possible override."""

    __tablename__ = "lane"
    lane_id: Mapped[str] = mapped_column(primary_key=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), index=True)
    name: Mapped[str]
    direction: Mapped[str]
    methods: Mapped[list[str]]
    method_hours: Mapped[dict[str, str]] = mapped_column(default=dict)
    pulse_seconds: Mapped[float] = mapped_column(default=5.0)
    slow_pulse_seconds: Mapped[float] = mapped_column(default=15.0)
    posture: Mapped[str] = mapped_column(default="normal")
    posture_hours: Mapped[dict[str, str]] = mapped_column(default=dict)
    posture_author_id: Mapped[str | None]
    schedule_authors: Mapped[dict[str, dict[str, str]]] = mapped_column(
        JSON(none_as_null=True), default=dict, server_default="{}"
    )
    """By hours: `author_id` and `set_at` (ISO 8601) of what `posture_hours` says."""
    interlock_with: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    antipassback: Mapped[str] = mapped_column(default="off", server_default="off")
    area_is_closed: Mapped[bool] = mapped_column(default=False, server_default=false())
    held_after_restore: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The gate no longer had this lane when the server was lost: it is published to no gate."""
    staff_hold_minutes: Mapped[int] = mapped_column(default=30, server_default="30")
    override_posture: Mapped[str | None]
    override_author_id: Mapped[str | None]
    override_reason: Mapped[str | None]
    override_until: Mapped[datetime | None]
    gate: Mapped[Gate] = relationship(back_populates="lanes")


class Hours(Base):
    """Named weekly hours; `spans` are `calendars.Span` as JSON."""

    __tablename__ = "hours"
    hours_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    name: Mapped[str]
    spans: Mapped[list[dict[str, Any]]]


class CalendarDay(Base):
    """A date that counts as another kind of day."""

    __tablename__ = "calendar_day"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(default="")


def _sort_key(context: DefaultExecutionContext) -> str:
    return sort_key(_number(context))


def _building(context: DefaultExecutionContext) -> str:
    return building_of(_number(context))


def _number(context: DefaultExecutionContext) -> str:
    return str(context.get_current_parameters()["number"])  # type: ignore[no-untyped-call]  # theirs


class Home(Base):
    """A household's unit."""

    __tablename__ = "home"
    __table_args__ = (
        UniqueConstraint("site_id", "number"),
        Index("ix_home_site_id_sort_key", "site_id", "sort_key"),
    )
    home_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    number: Mapped[str]
    sort_key: Mapped[str] = mapped_column(
        String(200).with_variant(String(200, collation="C"), "postgresql"), default=_sort_key
    )
    """Sorts homes as people count them, byte by byte (`ordering.sort_key`)."""
    building: Mapped[str] = mapped_column(default=_building)
    place_id: Mapped[str | None] = mapped_column(ForeignKey("place.place_id"))
    """The building or unit that the manager chose; None: the one that the number says (`ways.Places`)."""
    pin_salt: Mapped[bytes]
    persons: Mapped[list["Person"]] = relationship(back_populates="home", order_by="Person.person_id")


UNASSIGNED = "unnamed"
"""The `Person.kind` of the unrecorded holders of a home's cards."""


class Person(Base):
    """Someone who may pass. `kind`: resident, helper, staff; `age_band`: adult, 14_17, under_14 (until).

    Kind `UNASSIGNED` is no particular person: it holds a home's cards and can have nothing else.
    """

    __tablename__ = "person"
    person_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    home_id: Mapped[str | None] = mapped_column(ForeignKey("home.home_id"), index=True)
    display_name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="resident")
    age_band: Mapped[str] = mapped_column(default="adult")
    age_band_until: Mapped[date | None]
    language: Mapped[str] = mapped_column(default=DEFAULT_LANGUAGE.value)
    methods: Mapped[list[str]] = mapped_column(default=lambda: ["card"])
    face_paused_reason: Mapped[str | None]
    phone_unproven: Mapped[str | None]
    """The invitation that opened a phone whose holder showed nothing since: `INVITED`, `INVITED_AGAIN`."""
    suspended: Mapped[bool] = mapped_column(default=False)
    suspended_by: Mapped[str] = mapped_column(default="", server_default="")
    """The parties that suspended, by `suspensions.PARTIES`; of an older suspension: none."""
    slow_pass: Mapped[bool] = mapped_column(default=False)
    may_override: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    home: Mapped[Home | None] = relationship(back_populates="persons")
    grants: Mapped[list["GrantRow"]] = relationship(back_populates="person", cascade="all, delete-orphan")
    credentials: Mapped[list["CredentialRow"]] = relationship(back_populates="person")


class GrantRow(Base):
    """A person may pass these lanes in these hours within these dates."""

    __tablename__ = "grant_row"
    grant_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    lanes: Mapped[list[str]]
    hours_id: Mapped[str | None] = mapped_column(ForeignKey("hours.hours_id"))
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    person: Mapped[Person] = relationship(back_populates="grants")


class CredentialRow(Base):
    """A card, pin, qr or visitor_code. State: active, suspended, ended (never active again).

    `lookup` is an HMAC under the server's key: of the card number (unique among live cards), so a
    duplicate is found without a readable number. `secret_sealed` holds the card number or the
    Argon2id tag of a PIN or visitor code; a qr has its public key and nothing secret.
    """

    __tablename__ = "credential"
    credential_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")
    label: Mapped[str] = mapped_column(default="")
    lookup: Mapped[bytes | None] = mapped_column(index=True)
    secret_sealed: Mapped[bytes | None]
    public_key: Mapped[bytes | None]
    printed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A qr on paper, which has no key of its own."""
    duress: Mapped[bool] = mapped_column(default=False)
    known_to_home: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A PIN that an adult of the home gave out and therefore knows."""
    seen_by: Mapped[str | None]
    """Others who have seen it: `STAFF` on the office's screen, or `GUARDIAN` while its person was a
    minor; None for no one. It opens gates all the same, and says yes to nothing (`own_credentials`)."""
    in_hand: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True once its person surely has it: they made it themselves, or it has opened a gate."""
    suspended_by: Mapped[str] = mapped_column(default="", server_default="")
    """As in `Person`."""
    lanes: Mapped[list[str] | None]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]
    person: Mapped[Person] = relationship(back_populates="credentials")

    @property
    def works_without_server(self) -> bool:
        """Return whether its holder can show it while the server is away."""
        return self.kind != CredentialKind.QR or self.public_key is not None or self.printed


class Invitation(Base):
    """A one-time code with which a person opens their phone page.

    `proof_asked_at` is when the phone that it opened last announced that its holder is at a gate.
    """

    __tablename__ = "invitation"
    invitation_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    code_digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    made_by_home: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An adult of the home read the code, and may have opened the phone page with it."""
    proved_at: Mapped[datetime | None]
    """When its person showed something of their own after they had opened it."""
    proof_asked_at: Mapped[datetime | None]
    proofs_asked: Mapped[int] = mapped_column(default=0, server_default="0")


class GuardianRow(Base):
    """The office checked once that this adult is a guardian of this minor; no document is kept.

    `is_only`: it saw that there is no other, so that one yes is enough where both are asked for. With
    `ended_at` they are none any more; the row stays, so that no other adult counts in their place unchecked.
    """

    __tablename__ = "guardian"
    minor_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    guardian_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    checked_by: Mapped[str]
    checked_at: Mapped[datetime]
    is_only: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
