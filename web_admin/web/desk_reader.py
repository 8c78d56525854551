"""The card reader at the desk: it types into the browser like a keyboard, in a form of its own.

The form is the browser's, not the compound's: each desk may have another reader. It is kept in the
session of the account that set it; until then numbers are read as printed on cards.
"""

from flask import session
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from web_admin.credentials.card_formats import AS_PRINTED, FORMS, read_card
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.site import current_site

_KEY = "desk_reader_form"


class ReaderForm(OnceForm):
    """How this desk's reader writes a card."""

    form = SelectField(
        _l("My desk reader types"),
        choices=options((name, label) for name, (label, _reader) in FORMS.items()),
    )


def desk_form() -> str:
    form = str(session.get(_KEY))
    return form if form in FORMS else AS_PRINTED


def declare_desk_form(form: str) -> None:
    """Remember in which form this desk's reader types."""
    session[_KEY] = form


def read_tap(text: str) -> int:
    """Return the site's own number of a card that was typed or read at this desk; raise ActionRefused."""
    return read_card(text, desk_form(), current_site())
