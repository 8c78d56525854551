"""Tables of visitors: weekly invitations, their signed visits, passes and uses."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class VisitorSeriesRow(Base):
    """A weekly invitation: on `days` (mon … sun), between two minutes of the site's day, first to last day.

    Each visit is a pass of its own, signed shortly before it begins. `author_id` is the member of staff
    where the issuer is the property manager (None).
    """

    __tablename__ = "visitor_series"
    series_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    issuer_person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    author_id: Mapped[str | None]
    label: Mapped[str]
    gate_numbers: Mapped[list[int]]
    """Of gates, and of the places whose gates it is for, as they stand in the code."""
    gate_set: Mapped[str] = mapped_column(default="", server_default="")
    """The way to a home, or all gates; empty: those of the list alone (`gate_sets.py`)."""
    place_id: Mapped[str | None] = mapped_column(ForeignKey("place.place_id"))
    days: Mapped[list[str]]
    starts_minute: Mapped[int]
    ends_minute: Mapped[int]
    first_day: Mapped[date]
    last_day: Mapped[date]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class VisitorVisit(Base):
    """The pass that was signed for one day of a weekly invitation; no day is signed twice."""

    __tablename__ = "visitor_visit"
    __table_args__ = (UniqueConstraint("series_id", "day"),)
    pass_id: Mapped[str] = mapped_column(ForeignKey("visitor_pass.pass_id"), primary_key=True)
    series_id: Mapped[str] = mapped_column(ForeignKey("visitor_series.series_id"), index=True)
    day: Mapped[date]


class VisitorUse(Base):
    """A gate opened for a visitor: `shown_id` is the pass, or the visitor code's credential."""

    __tablename__ = "visitor_use"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    journal_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    shown_id: Mapped[str] = mapped_column(index=True)
    lane_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(index=True)


class VisitorPassRow(Base):
    """A visitor's signed pass; `issuer_person_id` None is the property manager, then `author_id` says who."""

    __tablename__ = "visitor_pass"
    __table_args__ = (Index("ix_visitor_pass_newest", "site_id", "created_at"),)
    pass_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    issuer_person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    label: Mapped[str]
    gate_numbers: Mapped[list[int]]
    """Of gates, and of the places whose gates it is for, as they stand in the code."""
    gate_set: Mapped[str] = mapped_column(default="", server_default="")
    place_id: Mapped[str | None] = mapped_column(ForeignKey("place.place_id"))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    uses: Mapped[int]
    text: Mapped[str] = mapped_column(String(400))
    author_id: Mapped[str | None]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
