"""Tables of a restored server until staff have decided: what gates handed over, and what it held back."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from web_admin.core.orm import Base


class GateHandover(Base):
    """How far a gate has handed over what it holds; `manifest` is the lost server's signed word on it."""

    __tablename__ = "gate_handover"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    manifest: Mapped[bytes | None]
    epoch: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]


class HandedRecord(Base):
    """One record of the policy that a gate holds; `value` is None where the gate gave its digest alone."""

    __tablename__ = "handed_record"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes | None]
    digest: Mapped[bytes]


class RestoreReview(Base):
    """Something that the backup allowed and that stays forbidden until staff decide.

    `kind` says what `subject_id` names; `before` is what the backup had, `after` what holds meanwhile.
    `decision` is allowed or kept.
    """

    __tablename__ = "restore_review"
    __table_args__ = (Index("ix_restore_review_open", "site_id", "decided_at"),)
    review_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    kind: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    gate_id: Mapped[str | None]
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision: Mapped[str | None]


def is_held(session: Session, kind: str, subject_id: str) -> bool:
    """Return whether a restore holds this back and staff have not decided yet."""
    undecided = select(RestoreReview.review_id).where(
        RestoreReview.kind == kind,
        RestoreReview.subject_id == subject_id,
        RestoreReview.decided_at.is_(None),
    )
    return session.scalars(undecided).first() is not None
