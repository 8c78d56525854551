"""Tables of forgetting: wrapping keys, deletions published to gates, pauses of face, drills."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class WrapKeyRow(Base):
    """A key that shares of faces are sealed under, by its id; the key itself is never in the database.

    `state`: next (at most one: it goes round the machines), live (one), retired (nothing is sealed under it
    any more), destroyed, lost (this server came back from a backup without it, or a machine that had it is
    gone). `due_since`: since when a forgetting waits for its rotation.
    """

    __tablename__ = "wrap_key"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="live")
    made_at: Mapped[datetime]
    due_since: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]


class ForgettingRow(Base):
    """One face at one gate that ended: written in the transaction that destroyed its share.

    `gate_public_key` is the controller's of that moment: only its receipt counts. `fresh_receipt` says
    that the gate still had the permission, so only a receipt received later counts.
    `key_id` is that of the key the share was sealed under then; "" from before keys had ids.
    """

    __tablename__ = "forgetting"
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), primary_key=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    why: Mapped[str]
    share_made_at: Mapped[datetime]
    begun_at: Mapped[datetime]
    fresh_receipt: Mapped[bool]
    key_id: Mapped[str]
    gate_public_key: Mapped[bytes]


class FaceSuspension(Base):
    """Face is suspended at a site: no lease is given while this row is there; shares wait."""

    __tablename__ = "face_suspension"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    drill_id: Mapped[str]
    since: Mapped[datetime]


class IncidentDrill(Base):
    """An incident drill, or a real ending of all faces: what was done when, signed by the site."""

    __tablename__ = "breach_drill"
    drill_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    for_real: Mapped[bool]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    record: Mapped[str] = mapped_column(Text)


class FaceUse(Base):
    """When a face last opened something under a consent; outlives the passages, which are erased sooner."""

    __tablename__ = "face_use"
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), primary_key=True)
    last_used_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class FaceLook(Base):
    """A look that a gate reported; the look itself is in that gate alone. The row goes with it.

    `dropped_at`: the gate is to delete it and has not reported yet that it did.
    """

    __tablename__ = "face_look"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    look_id: Mapped[str] = mapped_column(primary_key=True)
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), index=True)
    taken_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]


class LookOffer(Base):
    """How often a face was missed of late, and the last offer of another look, under a consent."""

    __tablename__ = "look_offer"
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), primary_key=True)
    misses: Mapped[int]
    missed_at: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    is_off: Mapped[bool]


class GateFaceRow(Base):
    """One gate. `status` is the gate's last `FaceStatus` as JSON, None where face is off.

    `tampered_at` is set from the gate's report of tampering until the manager clears it; the
    gate gets no lease meanwhile. `tamper_id` stays afterwards: the word that clears is about that one.
    """

    __tablename__ = "gate_face"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    tamper_id: Mapped[str | None]
    tampered_at: Mapped[datetime | None]
    status: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Notice(Base):
    """Text shown before consent: of one purpose, version and language; it never changes."""

    __tablename__ = "notice"
    purpose: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, str]]
    sha256: Mapped[bytes]
    published_at: Mapped[datetime]


class Consent(Base):
    """One person, one purpose, one notice; never deleted, only withdrawn."""

    __tablename__ = "consent"
    consent_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    purpose: Mapped[str]
    notice_version: Mapped[int]
    notice_sha256: Mapped[bytes]
    language: Mapped[str]
    channel: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_channel: Mapped[str | None]
    withdrawn_why: Mapped[str | None]


class FaceShare(Base):
    """The server's half of one person's face at one gate; the row goes when consent does."""

    __tablename__ = "face_share"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"))
    share_sealed: Mapped[bytes]
    created_at: Mapped[datetime]


class ReceiptRow(Base):
    """A gate's signed word that a face is gone."""

    __tablename__ = "receipt"
    consent_id: Mapped[str] = mapped_column(ForeignKey("consent.consent_id"), primary_key=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    receipt: Mapped[bytes]
    signature: Mapped[bytes]
    received_at: Mapped[datetime]


class ServerMachine(Base):
    """A machine that serves this database; it holds wrapping keys, so their end needs its word.

    `run` names its newest start, by which a copy of its secrets shows. `transport_key` is the public key to
    which another machine seals a wrapping key for it; it is used once.
    """

    __tablename__ = "server_machine"
    machine_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    run: Mapped[str]
    transport_key: Mapped[bytes]
    joined_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    program: Mapped[str] = mapped_column(default="")
    disk_free_mib: Mapped[int | None]
    disk_total_mib: Mapped[int | None]
    clock_synchronised: Mapped[bool | None]


class WrapKeyCopy(Base):
    """A wrapping key at one machine. State: sent (sealed to it, not taken yet), held, destroyed, lost.

    Lost: its machine was taken out before it said that the key was destroyed.
    """

    __tablename__ = "wrap_key_copy"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    machine_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    sealed: Mapped[bytes | None]
    sealed_to_key: Mapped[bytes | None]
    changed_at: Mapped[datetime]
