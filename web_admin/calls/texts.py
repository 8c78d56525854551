"""Say in words how a home is called, and what its monthly test call came to."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

TEST_RESULTS: Mapping[str, LazyString] = {
    "reached": _("Someone picked up and pressed a key."),
    "not_reached": _("No one picked up."),
    "failed": _("The gate could not call."),
    "no_way": _("No telephone, and no phone or page that rings."),
    "on_pages": _("It rings on pages and phones; there is no telephone to test."),
}
