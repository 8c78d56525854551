"""Tables of gates and lanes. No table has room for a picture or a face template.

Secrets (card numbers, PIN hashes, gate keys, face shares, signing keys) are sealed under keys that
live outside the database: `*_sealed` columns hold what `sealing.Sealer` made. Times are aware UTC.
"""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class PairAttempt(Base):
    """A gate that asked to be paired. State: code, committed, waiting, approved, refused, done."""

    __tablename__ = "pair_attempt"
    pair_id: Mapped[str] = mapped_column(primary_key=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"))
    code_digest: Mapped[bytes]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="code")
    gate_public_key: Mapped[bytes | None]
    sealing_public_key: Mapped[bytes | None]
    commitment_digest: Mapped[bytes | None]
    server_nonce: Mapped[bytes | None]
    nonce: Mapped[bytes | None]
    """The gate's own, from when it has shown it."""
    phrase: Mapped[str | None]
    hardware_name: Mapped[str | None]
