"""The table of keys for other systems."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class ApiKey(Base):
    """Another system's right to call the interface; the secret itself is kept nowhere, only its SHA-256."""

    __tablename__ = "api_key"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]]
    secret_sha256: Mapped[bytes]
    author_id: Mapped[str]
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    last_used_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    """When a restore suspended it: it counts for nothing until the manager lets it."""
