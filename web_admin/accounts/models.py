"""Define the tables of accounts, roles, staff, passkeys and API keys."""

from datetime import date, datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web_admin.core.orm import Base


class ApiKey(Base):
    """Another system's right to call the interface; the secret itself is kept nowhere, only its SHA-256."""

    __tablename__ = "api_key"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]]
    secret_sha256: Mapped[bytes]
    author_id: Mapped[str]
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    last_used_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    """When a restore suspended it: it counts for nothing until the manager lets it."""


class Passkey(Base):
    """One passkey of one person; `sign_count` is what its phone counted, 0 where it counts nothing."""

    __tablename__ = "passkey"
    passkey_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class StaffProfile(Base):
    """One member of staff. `shown_name` is what residents read, such as "the guard at the north gate".

    `last_sign_in_on` is a day of the site's calendar, kept for the review of rights and no finer.
    """

    __tablename__ = "staff_profile"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    shown_name: Mapped[str] = mapped_column(default="")
    language: Mapped[str | None]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    last_sign_in_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]


class StaffInvitation(Base):
    """A one-time code with which an account's owner sets a password; only the newest one works."""

    __tablename__ = "staff_invitation"
    invitation_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccessReview(Base):
    """A review of every account and its rights; `accounts` is their number."""

    __tablename__ = "access_review"
    review_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    reviewed_at: Mapped[datetime]
    reviewer_id: Mapped[str]
    accounts: Mapped[int]
    note: Mapped[str] = mapped_column(String(500), default="")


account_role = Table(
    "account_role",
    Base.metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Base, RoleMixin):
    """A row of the permission table, by name."""

    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class User(Base, UserMixin):
    """Someone who may sign in. A resident's account has `person_id`, a member of staff an e-mail.

    `tf_totp_secret` is encrypted by the library under `totp.key`. `last_totp_counter` is the newest
    30-second step whose code was used: no code works twice.
    """

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(unique=True)  # type: ignore[assignment]  # residents have none
    username: Mapped[str | None] = mapped_column(unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None] = mapped_column(String(400))
    tf_phone_number: Mapped[str | None]
    last_totp_counter: Mapped[int | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), unique=True)
    roles: Mapped[list[Role]] = relationship(secondary=account_role, lazy="selectin")  # type: ignore[assignment]  # a list of our own roles
