"""Fields that several forms share."""

from collections.abc import Iterable, Mapping

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from web_admin.compound.gate_names import full_name
from web_admin.compound.models import Lane

MAX_REASON_CHARS = 120


class LengthOrAsStored(Length):
    """A length that does not concern what is stored already and comes back as it is.

    Names of before may be longer; they must not keep the other fields of their form from being saved.
    """

    def __call__(self, form: BaseForm, field: StringField) -> None:
        """Raise ValidationError where the text is another one and too long."""
        if field.data != field.object_data:
            super().__call__(form, field)


class CheckList(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def options(
    pairs: Iterable[tuple[object, str | LazyString]] | Mapping[str, LazyString] | Mapping[str, str],
) -> list[SelectChoice]:
    """Return choices for a field from (stored value, word) pairs."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return [SelectChoice(value, label) for value, label in items]


def lane_options(lanes: Iterable[Lane]) -> list[SelectChoice]:
    """Return lanes to choose from, each as *gate · lane*."""
    return options((lane.lane_id, full_name(lane)) for lane in lanes)


def hours_options(rows: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return hours to choose from, as (id, name); the first choice is at all hours."""
    return options([("", _("At all hours")), *rows])


def reason_field(element_id: str | None = None) -> StringField:
    """Return a field for the reason that journals keep; a second one on a page has an id of its own."""
    return StringField(
        _l("Reason"), validators=[InputRequired(_l("Say why.")), Length(max=MAX_REASON_CHARS)], id=element_id
    )


def lookup_reason_field() -> StringField:
    """Return a field for the reason of looking at a named person, who can read it."""
    return StringField(
        _l("Reason for looking"),
        description=_l("The person sees that you looked, when, and this reason."),
        validators=[
            InputRequired(_l("A reason is needed.")),
            Length(min=4, max=MAX_REASON_CHARS, message=_l("Write the reason in a few words.")),
        ],
    )


def own_words_field() -> StringField:
    """Return a field for details of a chosen reason."""
    return StringField(
        _l("In your own words"),
        description=_l("Needed for another reason only. The holder reads it."),
        validators=[Length(max=MAX_REASON_CHARS)],
        render_kw={"autocomplete": "off"},
    )
