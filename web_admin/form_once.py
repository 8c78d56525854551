"""A form that was sent twice does its work once.

Every form that makes something carries a random token. The token is stored in the same transaction
as the work; a second sending finds it and does nothing.
"""

import secrets
from datetime import datetime

from flask_wtf import FlaskForm
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from wtforms import HiddenField
from wtforms.validators import Length

from web_admin.models import Base


class FormOnce(Base):
    """A form that has done its work."""

    __tablename__ = "form_once"
    token: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class OnceForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A form with a token of its own."""

    once = HiddenField(default=lambda: secrets.token_urlsafe(18), validators=[Length(min=16, max=60)])


def sent_before(session: Session, form: OnceForm, now: datetime) -> bool:
    """Claim the form's token in this transaction; tell whether an earlier sending has it."""
    try:
        with session.begin_nested():
            session.add(FormOnce(token=str(form.once.data), at=now))
    except IntegrityError:
        return True
    return False
