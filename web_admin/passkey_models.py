"""The passkeys with which residents sign in: public keys, made and kept by their phones."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class Passkey(Base):
    """One passkey of one person; `sign_count` is what its phone counted, 0 where it counts nothing."""

    __tablename__ = "passkey"
    passkey_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
