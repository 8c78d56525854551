"""Table of residents' subscriptions: address, messages, and a code that proves the address."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class NotificationSubscription(Base):
    """One person's subscription: address and chosen messages; nothing is sent before `confirmed_at`."""

    __tablename__ = "asked_messages"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    channel: Mapped[str]
    address: Mapped[str] = mapped_column(String(320))
    kinds: Mapped[list[str]]
    code_digest: Mapped[bytes | None]
    code_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None]
