"""Ask why an act may keep residents out: a part of the page that says what the act takes (`preview`)."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import InputRequired

from web_admin.accounts.permissions import current_may
from web_admin.action.lock_outs import FIELD, LockOutRefused
from web_admin.action.suspension_reasons import NO_SUCH_REASON, RULES
from web_admin.compound.models import Person
from web_admin.compound.queries import persons_by_id
from web_admin.core.database import request_session
from web_admin.web.fields import options

MOST_NAMED = 20


class WhyForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """The reason for which residents are kept out."""

    lock_out = SelectField(
        _l("Reason"),
        description=_l("They read it, and it is counted in the public report. A debt is never a reason."),
        validators=[InputRequired(_l("Choose a reason."))],
    )


class Why(NamedTuple):
    """The question, and whom the act keeps out: how many they are, and some of them."""

    form: WhyForm
    number: int
    people: Sequence[Person]


def ask_why(refusal: LockOutRefused) -> Why:
    """Return the question for a reason; staff who may not see people read how many they are."""
    form = WhyForm(formdata=None)
    form.lock_out.choices = options(
        [("", _l("Choose")), *((one.value, RULES[one].word) for one in refusal.reasons)]
    )
    if request.form.get(FIELD):
        form.lock_out.errors = [NO_SUCH_REASON]  # one was sent, and it is not of the list
    named = refusal.person_ids[:MOST_NAMED] if current_may("see_people") else ()
    people = persons_by_id(request_session(), set(named))
    return Why(form, len(refusal.person_ids), [people[person_id] for person_id in named])
