"""Tables of residents' two-method requests and guardians' agreements."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class TwoMethodRequest(Base):
    """A person's request for two methods within these minutes of the site's day; equal ends: always."""

    __tablename__ = "second_method_wish"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    from_minute: Mapped[int]
    until_minute: Mapped[int]


class ChildAgreement(Base):
    """A guardian agreed that gates keep a card and a PIN for a child under 14.

    `text` is exactly the text above the button, in `language`; None for agreements from before it was kept.
    """

    __tablename__ = "child_agreement"
    child_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    guardian_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    given_at: Mapped[datetime]
    channel: Mapped[str]
    language: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    text: Mapped[str | None] = mapped_column(String(1000))


class EmergencyCode(Base):
    """Eight digits for ambulance or fire brigade, of no person. `state`: active, ended (for good)."""

    __tablename__ = "emergency_code"
    credential_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    label: Mapped[str]
    lanes: Mapped[list[str]]
    hold_minutes: Mapped[int]
    secret_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime]
    author_id: Mapped[str]
    last_used_at: Mapped[datetime | None]
    last_used_lane_id: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]
