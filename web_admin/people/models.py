"""Tables of a home's own actions: people whom it added, and guardians' agreements for a child."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class HomeAddition(Base):
    """Someone whom a home added itself; `added_by` answers for them.

    `state`: agreed, or waiting until the office agrees. `hours_id` are a helper's own hours.
    """

    __tablename__ = "home_addition"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    home_id: Mapped[str] = mapped_column(ForeignKey("home.home_id"), index=True)
    added_by: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    added_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="agreed")
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    hours_id: Mapped[str | None] = mapped_column(ForeignKey("hours.hours_id"))
