"""Claim the token of a form that was sent, so that sending it twice creates one thing."""

from collections.abc import Callable

from flask import current_app, flash, request
from flask_babel import gettext
from flask_wtf import FlaskForm

from web_admin.action.base import Action
from web_admin.core.once import claimed_before, is_claimed
from web_admin.web.forms import OnceForm
from web_admin.web.later import PLANNED_FIELD
from web_admin.web.one_time_secrets import OneTimeSecrets


def once_token() -> str:
    """Return the token for a form that is about to be shown."""
    return str(OnceForm(formdata=None).once.data)


def done_before(act: Action, form: OnceForm | None = None, *, category: str = "done") -> bool:
    """Claim the token of the form that was sent; show a message when an earlier sending has it."""
    if not _sent_before(act, form or OnceForm()):
        return False
    _say_done(category)
    return True


def planned_before(act: Action, form: FlaskForm) -> bool:
    """Claim the token of a form whose act begins later; show a message when it was planned already.

    The token itself stays free: the form is sent again at its time. One that waited for a person may be
    planned for another time.
    """
    if not isinstance(form, OnceForm):
        return False
    waited = request.form.get(PLANNED_FIELD, "")
    if not claimed_before(act.session, f"later {waited}{form.once.data}", act.now):
        return False
    _say_done("info")
    return True


def made_once(act: Action, person_id: str, make: Callable[[], str]) -> str | None:
    """Return the secret that a form asks for: made by its first sending, the same for a second.

    None, with a sentence about it, when the second comes more than a minute later or reaches another
    process: the secret is nowhere any more, and no second one is made. Raises what `make` raises.
    """
    form = OnceForm()
    token = str(form.once.data)
    kept: OneTimeSecrets = current_app.extensions["menjin_one_time_secrets"]
    whose = (person_id, act.actor_id, request.path)
    # The claim waits for the first sending's transaction, so what that one made is there by then.
    if _sent_before(act, form):
        secret = kept.again(token, whose, act.now)
        if secret is None:
            _say_done("done")
        return secret
    secret = make()
    kept.keep(token, whose, secret, act.now)
    return secret


def was_sent(act: Action) -> bool:
    """Return whether the form was sent before: its second sending is asked nothing that its first was not."""
    return is_claimed(act.session, str(OnceForm().once.data))


def _sent_before(act: Action, form: OnceForm) -> bool:
    return claimed_before(act.session, str(form.once.data), act.now)


def _say_done(category: str) -> None:
    flash(gettext("This was already done a moment ago. It was not done twice."), category)
