"""What is known of staff accounts beside how they sign in, how they were invited, and who looked at them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


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
    """A one-time code with which somebody sets a password of their own; only the newest one works."""

    __tablename__ = "staff_invitation"
    invitation_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccessReview(Base):
    """Somebody looked at every account and its rights; `accounts` is how many there were."""

    __tablename__ = "access_review"
    review_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    reviewed_at: Mapped[datetime]
    reviewer_id: Mapped[str]
    accounts: Mapped[int]
    note: Mapped[str] = mapped_column(String(500), default="")
