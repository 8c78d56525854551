"""Claim a form's token so that its work is done once."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from web_admin.core.orm import Base

KEPT_FOR = timedelta(days=2)
"""Longer than a page stays open; then a token is forgotten."""


def claimed_before(session: Session, token: str, now: datetime) -> bool:
    """Claim a token in this transaction; return whether it was claimed before."""
    session.execute(delete(FormOnce).where(FormOnce.at < now - KEPT_FOR))
    try:
        with session.begin_nested():
            session.add(FormOnce(token=token, at=now))
    except IntegrityError:
        return True
    return False


def is_claimed(session: Session, token: str) -> bool:
    """Return whether a token was claimed, without a claim."""
    return session.get(FormOnce, token) is not None


class FormOnce(Base):
    """A form that has done its work, so that a second sending of it does nothing."""

    __tablename__ = "form_once"
    token: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
