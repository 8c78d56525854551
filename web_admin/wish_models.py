"""What residents wish for themselves beyond the rules of the compound."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class SecondMethodWish(Base):
    """A person wants two of their ways in within these minutes of the site's day; equal ends: always."""

    __tablename__ = "second_method_wish"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    from_minute: Mapped[int]
    until_minute: Mapped[int]
