"""What the server knows of face at a gate: its numbers, and whether the gate was tampered with."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class GateFaceRow(Base):
    """One gate. `status` is the gate's last `FaceStatus` as JSON, None where face is off.

    `tampered_at` is set from the moment the gate told of tampering until somebody has cleared it; the
    gate gets no lease meanwhile. `tamper_id` stays afterwards: the word that clears is about that one.
    """

    __tablename__ = "gate_face"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"), primary_key=True)
    tamper_id: Mapped[str | None]
    tampered_at: Mapped[datetime | None]
    status: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
