"""Timestamps of the server's unattended work."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class ServerMark(Base):
    """One kind of work: housekeeping, backup, certificate.

    `note` says what went wrong, or until when a certificate holds.
    """

    __tablename__ = "server_mark"
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
