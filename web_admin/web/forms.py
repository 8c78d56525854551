"""Run a form that was sent twice once.

Every form that makes something carries a random token. The token is stored in the same transaction
as the work; a second sending finds it and does nothing.
"""

import secrets

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import Length


class OnceForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    once = HiddenField(default=lambda: secrets.token_urlsafe(18), validators=[Length(min=16, max=60)])


class AgainForm(OnceForm):
    """A button that does its work once."""
