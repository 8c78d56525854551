"""Table of roll-outs. How far each gate is, is in its own row (`compound.models.Gate`)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class Rollout(Base):
    """Staff bring the gates to a version. `stage`: one, tenth, all. State: running, halted, stopped, done."""

    __tablename__ = "rollout"
    rollout_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    version: Mapped[str]
    stage: Mapped[str] = mapped_column(default="one")
    state: Mapped[str] = mapped_column(default="running")
    attempt: Mapped[int] = mapped_column(default=1)
    """Counts resumptions: gates that went back try once more."""
    kept_since: Mapped[datetime | None]
    """Since when every gate of the stage has kept the version."""
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The report of a gate that halted it."""
    halted_by: Mapped[str | None]
    """The gate that did."""
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    @property
    def order_id(self) -> str:
        """Return what gates name this attempt by."""
        return f"{self.rollout_id}.{self.attempt}"
