"""Table of the phones and browsers that get push messages (RFC 8030)."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class PushPhone(Base):
    """One browser in which a resident, or a member of staff, switched messages on.

    A resident's goes with the session in which it was switched on: a phone that is signed out gets nothing.
    One of staff, whose sessions last a working day, goes with the account. `service` is the host of the
    browser maker's push service; its address for this browser and the keys are sealed.
    """

    __tablename__ = "push_phone"
    phone_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    session_sha256: Mapped[bytes | None] = mapped_column(
        ForeignKey("account_session.session_sha256", ondelete="CASCADE"), index=True
    )
    service: Mapped[str]
    endpoint_sha256: Mapped[bytes]
    """By which the same browser of an owner is found again."""
    subscription_sealed: Mapped[bytes]
    kinds: Mapped[list[str]]
    created_at: Mapped[datetime]
