"""Open a lane once from a gate's tile: the form, the reasons of its buttons, the way back; no routes."""

from flask_babel import lazy_gettext as _l

from web_admin.web.fields import reason_field
from web_admin.web.forms import OnceForm

OPEN_REASONS = (
    (_l("No card"), _l("A resident without card")),
    (_l("Delivery"), _l("A delivery")),
    (_l("Visitor"), _l("An announced visitor")),
    (_l("Assist"), _l("Someone needs help")),
)
"""Why a guard opens most often: the word on the button that opens, and the reason that is recorded."""

OPENED_FROM = {"now": "now.show", "map": "gate_map.show"}
"""The pages that have tiles, by what their forms say."""


class OpenForm(OnceForm):
    """Why a lane is opened once."""

    reason = reason_field()
