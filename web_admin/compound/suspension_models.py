"""Tables of suspensions (of whom or what, why, by which party, since and until when) and of lock-outs."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class Suspension(Base):
    """One suspension of a whole person, or of one of their credentials where `credential_id` names it.

    `reason` is one of `suspension_reasons.SuspensionReason`. It waits for a second account while `began_at`
    and `ended_at` are None, is in force while only `ended_at` is, and over once that is set. `reference` is
    the number of a court's or police order, or the words that an older release took.
    """

    __tablename__ = "suspension"
    __table_args__ = (Index("ix_suspension_open", "site_id", "ended_at"),)
    suspension_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credential.credential_id"), index=True)
    reason: Mapped[str]
    reference: Mapped[str | None]
    party: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    until: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class LockOut(Base):
    """One resident whom an act kept out of their home, and why: what it was, by which party, and when.

    `act` is the act's kind in the ledger, `reason` one of `suspension_reasons.SuspensionReason`.
    """

    __tablename__ = "lock_out"
    __table_args__ = (Index("ix_lock_out_at", "site_id", "at"),)
    lock_out_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    act: Mapped[str]
    reason: Mapped[str]
    party: Mapped[str]
    given_by: Mapped[str]
    at: Mapped[datetime]
