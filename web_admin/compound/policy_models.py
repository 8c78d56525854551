"""Tables of what the server sent to gates: the records of their policy and orders to open."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from web_admin.compound.models import Gate
from web_admin.core.orm import Base


class PolicyRecordRow(Base):
    """What a gate was last given under one key, and since which version; `value` None is deleted."""

    __tablename__ = "policy_record"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes | None]
    digest: Mapped[bytes]
    version: Mapped[int]


class PolicySumsRow(Base):
    """The sums of a gate's records at a version (`record_sums.py`), and their digest.

    They count while the gate is at that version. Without them it is answered by the older kind of digest.
    """

    __tablename__ = "policy_sums"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    version: Mapped[int]
    sums: Mapped[bytes]
    digest: Mapped[bytes]


class OrderRow(Base):
    """An order to open once."""

    __tablename__ = "open_order"
    order_id: Mapped[str] = mapped_column(primary_key=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), index=True)
    lane_id: Mapped[str]
    issued_at: Mapped[datetime]
    valid_seconds: Mapped[int]
    author_id: Mapped[str]
    reason: Mapped[str]
    delivered_at: Mapped[datetime | None]


ENDED_PUBLISHED_FOR = timedelta(days=60)
"""How long the end of a credential is published to gates; longer than backups are kept (30 days)."""


def forget_published(session: Session, gate: Gate) -> None:
    """Delete the records published to a gate, as when another controller replaces it."""
    session.execute(delete(PolicyRecordRow).where(PolicyRecordRow.gate_id == gate.gate_id))
    session.execute(delete(PolicySumsRow).where(PolicySumsRow.gate_id == gate.gate_id))
    gate.published_version = 0
    gate.published_digest = None
