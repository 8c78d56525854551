"""Table of counted tries: digests of what was tried, and when."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class LimitCount(Base):
    """Tries of one thing: `counted` holds a unix second and a number, and so on, oldest first.

    `key` is a keyed digest of what was tried, so neither names nor addresses can be read from it.
    """

    __tablename__ = "limit_count"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    limit_name: Mapped[str] = mapped_column(String(40))
    counted: Mapped[list[int]]
    forget_at: Mapped[datetime] = mapped_column(index=True)
