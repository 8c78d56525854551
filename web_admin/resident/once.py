"""A resident's form that makes something carries a token, so that sending it twice makes one thing."""

from flask import flash
from flask_babel import gettext

from web_admin.acts import Act
from web_admin.form_once import OnceForm, sent_before


def once_token() -> str:
    """Return the token for a form that is about to be shown."""
    return str(OnceForm(formdata=None).once.data)


def done_before(act: Act) -> bool:
    """Claim the token of the form that was sent; when an earlier sending has it, say so."""
    if not sent_before(act.session, OnceForm(), act.now):
        return False
    flash(gettext("This was done a moment ago already. It was not done twice."), "done")
    return True
