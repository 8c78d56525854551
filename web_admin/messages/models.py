"""Tables of messages, receivers of signed messages, and recipients of mail."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.claims import ClaimColumns
from web_admin.core.orm import Base, Fact


class OutboxMessage(ClaimColumns, Base):
    """One message to one receiver. State: waiting, sent, failed (for good, unless staff try again).

    `target` is a mail address or a `webhook_id`. `body` and a mail's `target` go as soon as it was sent.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_due", "state", "next_at"),
        Index("ix_outbox_message_route", "channel", "target", "created_at"),
    )
    message_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    channel: Mapped[str]
    target: Mapped[str] = mapped_column(String(320))
    kind: Mapped[str]
    body: Mapped[dict[str, Fact]]
    state: Mapped[str] = mapped_column(default="waiting")
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    trouble: Mapped[str | None]


class Webhook(Base):
    """An address of another system that takes signed messages; `ended_at` says when it was removed.

    `old_signing_key_sealed` signs beside the new key until `old_until`, so that a receiver can change over.
    """

    __tablename__ = "webhook"
    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    name: Mapped[str]
    url: Mapped[str] = mapped_column(String(500))
    kinds: Mapped[list[str]]
    signing_key_sealed: Mapped[bytes]
    old_signing_key_sealed: Mapped[bytes | None]
    old_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    """When a restore suspended it: nothing is sent there until the manager lets it."""


class MailServer(Base):
    """Server that takes the site's mail. `security`: tls, starttls, none (this machine only); no password."""

    __tablename__ = "mail_server"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    host: Mapped[str]
    port: Mapped[int]
    security: Mapped[str]
    username: Mapped[str] = mapped_column(default="")
    sender: Mapped[str] = mapped_column(String(320))
