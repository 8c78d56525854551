"""The form of a grant: where, in which hours and within which dates someone may pass."""

from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, SelectField
from wtforms.validators import Optional

from web_admin.people.actions import GrantSpec
from web_admin.web.context import from_local
from web_admin.web.fields import CheckList
from web_admin.web.forms import OnceForm


class GrantForm(OnceForm):
    """Where, in which hours and within which dates someone may pass."""

    lanes = CheckList(_l("May pass"))
    hours_id = SelectField(_l("Hours"))
    valid_from = DateTimeLocalField(_l("From"), validators=[Optional()])
    valid_until = DateTimeLocalField(_l("Until"), validators=[Optional()])

    def spec(self) -> GrantSpec:
        return GrantSpec(
            tuple(self.lanes.data or ()),
            self.hours_id.data or None,
            from_local(self.valid_from.data),
            from_local(self.valid_until.data),
        )
