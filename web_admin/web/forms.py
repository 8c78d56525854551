"""Run a form that was sent twice once.

Every form that makes something carries a random token. The token is stored in the same transaction
as the work; a second sending finds it and does nothing.
"""

import secrets
from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import Length

from web_admin.core.database import DatabaseSession
from web_admin.core.once import claimed_before


class OnceForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A form with a token of its own."""

    once = HiddenField(default=lambda: secrets.token_urlsafe(18), validators=[Length(min=16, max=60)])


class AgainForm(OnceForm):
    """A button that does its work once."""


def sent_before(session: DatabaseSession, form: OnceForm, now: datetime) -> bool:
    """Claim the form's token in this transaction; return whether an earlier sending has it."""
    return claimed_before(session, str(form.once.data), now)
