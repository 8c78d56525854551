"""The visits at the desk that the server stores: whom a member of staff served, and until when."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.model_base import Base

HOME_PIN = "home_pin"
"""How a visit was opened whose PIN an adult of the home gave out: it shows no records."""


class DeskVisitRow(Base):
    """A person served at the desk by one account, opened with the person's own card or PIN.

    `opened_by` is card, pin or home_pin; `ended_why` is button, another or signed_out, None while it may go
    on or ended by time. Nothing here says whether it was the duress PIN.
    """

    __tablename__ = "desk_visit"
    visit_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    account_id: Mapped[int] = mapped_column(index=True)
    role: Mapped[str]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]
