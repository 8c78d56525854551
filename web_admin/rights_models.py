"""Tables around people's rights: who answers for personal data, and what people asked for."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class PrivacyContact(Base):
    """Who answers for personal data at a site, and where to complain about them; published."""

    __tablename__ = "privacy_contact"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    responsible_name: Mapped[str]
    responsible_contact: Mapped[str]
    channels: Mapped[dict[str, str]]
    """By language: the authorities to complain to, and how to reach them."""
    changed_at: Mapped[datetime]


class RightsRequest(Base):
    """One thing that a person asked of the office, with its due dates and what came of it.

    `kind`: access, correction, deletion, restriction, complaint. `outcome`: answered, refused, withdrawn;
    None while open. `subject`, `wanted`, `value_before` and `value_after` are of corrections. `further` is
    where the person was told to complain when they were refused. `late`: "" or the newest due date that
    passed and was told to the office, acknowledge or answer.
    """

    __tablename__ = "rights_request"
    request_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str] = mapped_column(Text)
    wanted: Mapped[str | None]
    channel: Mapped[str]
    filed_at: Mapped[datetime] = mapped_column(index=True)
    acknowledge_by: Mapped[datetime]
    answer_by: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]
    answer: Mapped[str] = mapped_column(Text)
    further: Mapped[str] = mapped_column(Text)
    value_before: Mapped[str | None]
    value_after: Mapped[str | None]
    late: Mapped[str]
