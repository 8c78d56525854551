"""Tables of alarms, and of hand-overs between shifts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class Alarm(Base):
    """Something the guard has to see, until someone has."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index("ix_alarm_open", "site_id", "acknowledged_at", "raised_at"),
        UniqueConstraint("site_id", "lasting_key"),
    )
    alarm_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    gate_id: Mapped[str | None]
    lane_id: Mapped[str | None]
    kind: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    raised_at: Mapped[datetime]
    over_at: Mapped[datetime | None]
    """When its cause ended, of an alarm about the server or about what a gate needs."""
    lasting_key: Mapped[str | None]
    """Of what Health finds, kind and gate while it lasts: two machines over one database raise it once."""
    mailed_at: Mapped[datetime | None]
    """When mails about it were put down for managers."""
    residents_notified_at: Mapped[datetime | None]
    """When messages about it were put down for the residents of its lane."""
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    note: Mapped[str | None]


class HandoverRow(Base):
    """A guard's word to the next one; `open_alarm_ids` were open then. Taken over at most once."""

    __tablename__ = "shift_handover"
    handover_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    author_id: Mapped[str]
    note: Mapped[str] = mapped_column(String(500), default="")
    open_alarm_ids: Mapped[list[str]]
    taken_over_at: Mapped[datetime | None]
    taken_over_by: Mapped[str | None]
