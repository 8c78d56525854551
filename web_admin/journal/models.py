"""Tables of the journals: those of gates and the server's own."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from gate_controller.contract.event_kinds import EventKind
from web_admin.core.orm import Base, Fact


def _fact_of_access(name: str) -> Callable[[DefaultExecutionContext], str | None]:
    """Return a default that takes a passage's fact from its facts, so that the two never differ."""

    def take(context: DefaultExecutionContext) -> str | None:
        row = context.get_current_parameters()  # type: ignore[no-untyped-call]  # the library has no types
        fact = row["facts"].get(name) if row["kind"] == EventKind.ACCESS else None
        return fact if isinstance(fact, str) else None

    return take


class GateEvent(Base):
    """An entry of a gate's journal; `personal` and `salt` go when the retention rule says so.

    `method` and `reason` repeat the facts of a passage, so that lists find the rare ones at once.
    """

    __tablename__ = "gate_event"
    __table_args__ = (
        Index("ix_gate_event_newest", "at", "gate_id", "seq"),
        Index("ix_gate_event_gate_newest", "gate_id", "at", "seq"),
        Index("ix_gate_event_lane_newest", "lane_id", "at", "gate_id", "seq"),
        Index("ix_gate_event_kind_newest", "kind", "at", "gate_id", "seq"),
        Index("ix_gate_event_method_newest", "method", "at", "gate_id", "seq"),
        Index("ix_gate_event_reason_newest", "reason", "at", "gate_id", "seq"),
        Index("ix_gate_event_person_newest", "person_id", "at"),
        Index("ix_gate_event_received", "received_at", "gate_id", "journal_id", "seq"),
    )
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    journal_id: Mapped[str] = mapped_column(primary_key=True, default="")
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    lane_id: Mapped[str | None]
    person_id: Mapped[str | None]
    method: Mapped[str | None] = mapped_column(default=_fact_of_access("method"))
    reason: Mapped[str | None] = mapped_column(default=_fact_of_access("reason"))
    facts: Mapped[dict[str, Fact]]
    personal: Mapped[dict[str, Fact] | None]
    salt: Mapped[bytes | None]
    personal_digest: Mapped[bytes]
    previous: Mapped[bytes]
    digest: Mapped[bytes]
    received_at: Mapped[datetime]


class QuarantinedEntry(Base):
    """An entry of a gate's journal that counts for nothing: it keeps its place in the chain, and `body`.

    It cannot be read or stored, was changed, or came from a gate that was cloned or stolen. No list, figure
    or proof reads this table; `body` is the entry in the contract's fields, None for what is no entry, and
    goes when passages lose their names.
    """

    __tablename__ = "set_aside_entry"
    __table_args__ = (Index("ix_set_aside_entry_newest", "gate_id", "received_at"),)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    journal_id: Mapped[str] = mapped_column(primary_key=True, default="")
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    previous: Mapped[bytes]
    is_whole: Mapped[bool]
    why: Mapped[str]
    body: Mapped[bytes | None]
    received_at: Mapped[datetime]
    ledger_seq: Mapped[int]


class LedgerEnd(Base):
    """Where a site's ledger ends, kept apart from it, so that entries cut off at its end are missed."""

    __tablename__ = "ledger_end"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    seq: Mapped[int]
    digest: Mapped[bytes]


class AuditEntry(Base):
    """The server's own journal: who did what, look-ups of named records included."""

    __tablename__ = "audit_entry"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(index=True)
    facts: Mapped[dict[str, Fact]]
    personal: Mapped[dict[str, Fact] | None]
    salt: Mapped[bytes | None]
    personal_digest: Mapped[bytes]
    previous: Mapped[bytes]
    digest: Mapped[bytes]
