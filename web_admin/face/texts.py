"""Name the parts of a notice for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

NOTICE_HEADINGS: Mapping[str, LazyString] = {
    "handler_name": _l("Who handles it"),
    "handler_contact": _l("How to reach them"),
    "purpose": _l("What it is for"),
    "method": _l("How it works"),
    "retention": _l("How long it is kept"),
    "necessity": _l("Do you need it?"),
    "effect": _l("What it means for you"),
    "rights": _l("Your rights"),
    "complaints": _l("Where to complain"),
}
"""By the fields of a notice (`notices.NOTICE_FIELDS`): the same wherever one is written, read or kept."""
