"""The table of security incidents: what happened, from when the clocks run, what people were told."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class Incident(Base):
    """One incident with personal data; every text may be empty while it is looked into.

    `large`: one that has to be reported to the authority within hours. `told_people_at` stays None where
    `untold_reason` says why nobody was told.
    """

    __tablename__ = "incident"
    incident_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    known_at: Mapped[datetime]
    large: Mapped[bool]
    data_kinds: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    harm: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    advice: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    reported_at: Mapped[datetime | None]
    told_people_at: Mapped[datetime | None]
    untold_reason: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None]
