"""Forms of the import of people, and the sheet kept in the page between check and confirmation.

Between the check and the yes the sheet travels in the page itself, signed with the time and for the
account that saw it. So the server keeps no half-imported names, no other file can be slipped in, and
staff need not find the same file twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from itsdangerous import BadSignature, URLSafeSerializer
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import Length, Optional

from web_admin.core.csv_text import MAX_BYTES, TOO_LARGE
from web_admin.credentials.card_formats import AS_PRINTED, FORMS
from web_admin.people_import.check import SheetOptions
from web_admin.web.context import actor_id
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.site import current_site, request_now

SHOWN_FOR = timedelta(hours=1)
"""How long a checked sheet may wait for its yes; shorter than a form's token is kept."""

TAPS = (1, 2, 3)


class SheetForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    file = FileField(
        _l("Sheet as a CSV file or Excel workbook"),
        description=_l(
            "CSV in UTF-8, UTF-16 or GB18030, or .xlsx; 2 MB and 10000 rows at most. "
            "Reading it changes nothing yet."
        ),
        validators=[FileRequired(_l("Choose a file."))],
        render_kw={
            "accept": ".csv,.txt,.xlsx,text/csv,"
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "data-max-bytes": MAX_BYTES,
            "data-too-large": TOO_LARGE,
        },
    )
    card_form = SelectField(
        _l("How the sheet writes card numbers"),
        description=_l("Not sure? Leave it. After the check two tapped cards prove it."),
        choices=options((form, label) for form, (label, _reader) in FORMS.items()),
        default=AS_PRINTED,
    )
    is_complete = BooleanField(
        _l("This sheet is complete"),
        description=_l("Who lives in a home and is not in the sheet moves out. You see first who."),
    )


class ConfirmForm(OnceForm):
    """The yes to a sheet that was shown, which may be one that was planned."""

    sheet = HiddenField()
    planned_act = HiddenField()


def _tap_field(label: LazyString) -> StringField:
    return StringField(label, validators=[Length(max=40)], render_kw={"autocomplete": "off"})


class ProofForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Rows of a sheet that was shown, and what the desk reader says of their cards."""

    sheet = HiddenField()
    row1 = IntegerField(_l("Row"), validators=[Optional()])
    tap1 = _tap_field(_l("Tap this row's card"))
    row2 = IntegerField(_l("Row"), validators=[Optional()])
    tap2 = _tap_field(_l("Tap this row's card"))
    row3 = IntegerField(_l("Row"), validators=[Optional()])
    tap3 = _tap_field(_l("Tap this row's card (may stay empty)"))


@dataclass(frozen=True, slots=True)
class ShownSheet:
    """A sheet that was checked, as it travels; `does` is the digest of what its reader saw that it does."""

    text: str
    options: SheetOptions
    does: str = ""


def signed(sheet: ShownSheet) -> str:
    """Return a sheet with its options, time and account under the server's signature."""
    said = [
        current_site().site_id,
        actor_id(),
        int(request_now().timestamp()),
        sheet.text,
        sheet.options.card_form,
        sheet.options.is_complete,
        sheet.does,
    ]
    made = _serializer().dumps(said)
    return made if isinstance(made, str) else made.decode()


def shown(text: str) -> ShownSheet | None:
    """Return a sheet that this account was shown lately; None for anything else."""
    said = _loaded(text)
    if said is None or said[:2] != [current_site().site_id, actor_id()]:
        return None
    waited_seconds = request_now().timestamp() - int(str(said[2]))
    return _sheet_of(said) if waited_seconds <= SHOWN_FOR.total_seconds() else None


def planned(text: str) -> ShownSheet | None:
    """Return a sheet that waited for its time, however long and with whom; None for one of another key."""
    said = _loaded(text)
    return None if said is None else _sheet_of(said)


def _loaded(text: str) -> Sequence[object] | None:
    try:
        said: Sequence[object] = _serializer().loads(text)
    except BadSignature:
        return None
    return said


def _sheet_of(said: Sequence[object]) -> ShownSheet:
    _site_id, _actor, _shown_at, sheet, card_form, is_complete, does = said
    return ShownSheet(str(sheet), SheetOptions(str(card_form), bool(is_complete)), str(does))


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="people-import")
