"""Tables of print runs of invitations or PIN slips for whole buildings."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class PrintRun(Base):
    """One run. `kind`: invitations, pins. `state`: making, ready, shown, handed_out, cancelled.

    Only while it is ready can its secrets be opened; what was shown is not kept.
    """

    __tablename__ = "print_run"
    run_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    kind: Mapped[str]
    buildings: Mapped[str]
    author_id: Mapped[str]
    state: Mapped[str] = mapped_column(default="making")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(index=True)
    shown_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PrintSlip(Base):
    """One person's page of a run. `secret_sealed`: code or digits, gone once shown.

    `tag_sealed` is the Argon2id tag of a new PIN, which becomes a credential when it was handed out.
    """

    __tablename__ = "print_slip"
    run_id: Mapped[str] = mapped_column(ForeignKey("print_run.run_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    secret_sealed: Mapped[bytes | None]
    tag_sealed: Mapped[bytes | None]
