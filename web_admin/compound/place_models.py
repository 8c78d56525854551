"""Table of places: what gates lead into, and where homes are."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class Place(Base):
    """The outer gates, a building, a unit of one, a garage or shared rooms; `kind` is one of these.

    With `code` the numbers of a building's or unit's homes begin: 3, or 3-1. `number` stands in the codes of
    visitors for the gates of the place and is never given out again: one that ended keeps its row.
    """

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("site_id", "number"),)
    place_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(default="", server_default="")
    """Empty of the outer gates, of which a compound has one place."""
    code: Mapped[str] = mapped_column(default="", server_default="")
    parent_id: Mapped[str | None]
    """The building of a unit. No foreign key: a backup has the rows of a table in any order."""
    number: Mapped[int]
    ended_at: Mapped[datetime | None]
