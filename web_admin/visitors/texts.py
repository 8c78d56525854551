"""Name the states of a pass for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

PASS_STATES: Mapping[str, LazyString] = {
    "live": _l("Valid"),
    "not_yet": _l("Not yet valid"),
    "used": _l("Used"),
    "ended": _l("Ended"),
    "withdrawn": _l("Withdrawn"),
}
