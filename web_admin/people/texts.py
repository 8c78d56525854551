"""Name kinds of persons, age bands and print runs for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.action.suspension_reasons import RULES
from web_admin.compound.models import UNASSIGNED
from web_admin.messages.subscriptions import BY_PARTY, LOCKED_OUT_BY

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
BULK_ACTS: Mapping[str, LazyString] = {
    "invite": _l("Invite"),
    "print_invitations": _l("Print invitations"),
    "print_pins": _l("Print PIN slips"),
    "hours": _l("Grant hours"),
    "suspend": _l("Suspend"),
}
WHY_LEFT_OUT: Mapping[str, LazyString] = {
    "moved_out": _l("Has moved out"),
    "suspended": _l("Is suspended"),
    "cards": _l("Cards of the home without a holder"),
    "joined": _l("Has opened the phone page already"),
    "invited": _l("Has an invitation that still works"),
    "no_home": _l("Has no home to print on the slip"),
    "has_pin": _l("Has a PIN already"),
    "child_waits": _l("A child whose guardian has not agreed yet"),
    "waits": _l("Waits for your agreement"),
    "helper": _l("A helper: the home sets the hours"),
    "passes": _l("Passes there at these hours already"),
    "has_way": _l("Still has a way in: suspend one person at a time"),
    "again": _l("Was suspended within the last 30 days"),
}
AFTER_BULK_ACT: Mapping[str, LazyString] = {
    "in_force": _l("In force"),
    "undone": _l("Undone"),
    "changed": _l("Changed since"),
    "used": _l("Used already"),
    "moved_out": _l("Moved out"),
}
RUN_STATES: Mapping[str, LazyString] = {
    "making": _l("In preparation"),
    "ready": _l("Ready to print"),
    "shown": _l("Shown, not yet handed out"),
    "handed_out": _l("Handed out"),
    "cancelled": _l("Cancelled"),
}

SUSPENSION_REASONS: Mapping[str, LazyString] = {reason.value: rule.word for reason, rule in RULES.items()}
SUSPENSION_SENTENCES: Mapping[str, LazyString] = {
    reason.value: rule.sentence for reason, rule in RULES.items()
}
KEPT_OUT_BY = {act: _l(text) for act, text in LOCKED_OUT_BY.items()}
"""Acts that keep people out, as these read of them on their own page."""
SUSPENDED_BY = {party: _l(text) for party, text in BY_PARTY.items()}
