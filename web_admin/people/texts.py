"""Name kinds of persons, age bands and print runs for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.compound.models import UNASSIGNED

KINDS_OF_PERSON: Mapping[str, LazyString] = {
    "resident": _l("Resident"),
    "helper": _l("Helper"),
    "staff": _l("Staff"),
    UNASSIGNED: _l("Card of the home"),
}
AGE_BANDS: Mapping[str, LazyString] = {
    "adult": _l("Adult"),
    "14_17": _l("14 to 17 years"),
    "under_14": _l("Under 14 years"),
}
PRINT_RUNS: Mapping[str, LazyString] = {"invitations": _l("Invitations"), "pins": _l("PIN slips")}
RUN_STATES: Mapping[str, LazyString] = {
    "making": _l("Being made"),
    "ready": _l("Ready to print"),
    "shown": _l("Shown, not yet handed out"),
    "handed_out": _l("Handed out"),
    "cancelled": _l("Cancelled"),
}
