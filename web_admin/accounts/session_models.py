"""Table of open sessions: a cookie without a row here signs no one in."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class AccountSession(Base):
    """One sign-in of one account. The cookie holds the id, this row only its SHA-256."""

    __tablename__ = "account_session"
    session_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    begun_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
