"""Table of background jobs."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.claims import ClaimColumns
from web_admin.core.orm import Base, Fact

JOBS_KEPT_FOR = timedelta(days=7)
"""How long it can be read what became of a work that is over."""


class LongJob(ClaimColumns, Base):
    """One such work. State: waiting, running, done, refused, failed.

    `payload_sealed` is what it needs, names among it; it goes with the end of the work.
    """

    __tablename__ = "long_job"
    job_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    kind: Mapped[str]
    author_id: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    total: Mapped[int]
    payload_sealed: Mapped[bytes | None]
    result: Mapped[dict[str, Fact]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
