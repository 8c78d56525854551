"""Name rights requests, their subjects and outcomes for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

REQUESTS: Mapping[str, LazyString] = {
    "access": _l("See what is held"),
    "correction": _l("Correct something"),
    "deletion": _l("Delete something"),
    "restriction": _l("Stop using something"),
    "complaint": _l("Complaint"),
}
SUBJECTS: Mapping[str, LazyString] = {
    "name": _l("The name"),
    "home": _l("The home"),
    "gates": _l("The gates and hours"),
    "other": _l("Something else"),
}
OUTCOMES: Mapping[str, LazyString] = {
    "answered": _l("Answered"),
    "refused": _l("Refused"),
    "withdrawn": _l("Taken back"),
}


REPORT_TERMS = {
    "passages_with_names": _l("Names in passages"),
    "log": _l("Personal parts of the ledger"),
    "evidence": _l("Evidence of consents and requests"),
    "moved_out": _l("Names after moving out"),
    "unused_face": _l("An unused face"),
    "backups": _l("Backups"),
}
"""The terms of the report to the public."""


ASKING = {
    "access": _l("Tell me what you hold about me"),
    "correction": _l("Something is wrong"),
    "deletion": _l("Delete something"),
    "restriction": _l("Stop using something for now"),
    "complaint": _l("I want to complain"),
}
