"""Tables of what the server sent to gates: the records of their policy and orders to open."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import DDL, ForeignKey, Index, delete, event
from sqlalchemy.orm import Mapped, Session, mapped_column

from gate_controller.contract.messages import PolicyChange
from web_admin.compound.models import Gate
from web_admin.core.orm import Base


class PolicyRecordRow(Base):
    """A record as a gate was last given it, and since which version; `value` None is deleted."""

    __tablename__ = "policy_record"
    __table_args__ = (Index("ix_policy_record_gate_id_version", "gate_id", "version"),)
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


_IN_THE_ROW = DDL(  # type: ignore[no-untyped-call]  # the library has no types
    "ALTER TABLE policy_sums ALTER COLUMN sums SET STORAGE PLAIN"
)
event.listen(PolicySumsRow.__table__, "after_create", _IN_THE_ROW.execute_if(dialect="postgresql"))
"""PostgreSQL would try in vain to compress them, and keep them outside of the row."""


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


def change_of(records: Iterable[tuple[str, bytes | None]], base: tuple[int, int]) -> PolicyChange:
    """Return records as the change that leads on from a base (epoch, version); None is a deleted record."""
    puts: dict[str, msgspec.Raw] = {}
    deletes: list[str] = []
    for key, value in records:
        if value is None:
            deletes.append(key)
        else:
            puts[key] = msgspec.Raw(value)
    return PolicyChange(base_epoch=base[0], base_version=base[1], puts=puts, deletes=tuple(deletes))
