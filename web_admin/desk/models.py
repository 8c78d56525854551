"""Table of visits at the desk: the person, the account, the times."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base

HOME_PIN = "home_pin"
"""How a visit was opened whose PIN an adult of the home gave out: it shows no records."""
REFUSED = "refused"
"""End of a row that was never a visit: digits that match no PIN."""


class DeskVisitRow(Base):
    """A person served at the desk by one account, or a number that was typed there.

    A row begins with a card's number or a PIN and shows nothing. It becomes a visit with `proved_at`, when
    the person proved that they are there; `proved_by` is card, pin, gate or phone. An unknown number
    makes a row without a person, so that an answer says nothing about numbers.

    `opened_by` is card, pin or home_pin; `ended_why` is button, another, signed_out, not_me or refused, None
    while it may go on or ended by time. Nothing here says whether it was the duress PIN.
    """

    __tablename__ = "desk_visit"
    visit_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    account_id: Mapped[int] = mapped_column(index=True)
    role: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    credential_id: Mapped[str | None]
    """The credential that was typed or tapped first."""
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    proved_by: Mapped[str | None]
    proved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]
