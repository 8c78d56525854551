"""A time of day and a day, as people type them into a form."""

from datetime import date, time

from flask import request
from flask_babel import lazy_gettext as _l

from web_admin.core import parameters
from web_admin.core.refusal import ActionRefused


def minute_of(field: str) -> int:
    """Return the minute of the day that was typed into a field such as 09:30; raise ActionRefused."""
    try:
        typed = time.fromisoformat(request.form.get(field, ""))
    except ValueError:
        raise ActionRefused(field, _l("Choose a time.")) from None
    return typed.hour * 60 + typed.minute


def day_of(field: str) -> date:
    """Return the day that was typed into a field; raise ActionRefused."""
    day = parameters.day_of(request.form.get(field, ""))
    if day is None:
        raise ActionRefused(field, _l("Choose a day."))
    return day
