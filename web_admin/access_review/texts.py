"""Name what an access review lists, why, and what was decided."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.access_review.rules import HIGH, LOW, MEDIUM, Kind, Why

KINDS: Mapping[str, LazyString] = {
    Kind.ACCOUNT: _l("Account of staff"),
    Kind.KEY: _l("Key of another system"),
    Kind.CODE: _l("Emergency code"),
    Kind.OVERRIDE: _l("Card that opens in lockdown"),
    Kind.GRANT: _l("Right to pass"),
    Kind.CARD: _l("Card"),
    Kind.WEBHOOK: _l("Webhook"),
    Kind.HELPER: _l("Helper"),
    Kind.CHILD: _l("Child"),
}
WHYS: Mapping[str, LazyString] = {
    Why.MANAGER: _l("May do everything that staff may do"),
    Why.STAFF: _l("Rights of the role"),
    Why.NOT_SIGNED_IN: _l("Not signed in for 90 days"),
    Why.KEY_WRITES: _l("Changes people, cards or passes"),
    Why.KEY_READS: _l("Reads"),
    Why.KEY_UNUSED: _l("Not used for 90 days"),
    Why.CODE: _l("Opens in any state of a gate"),
    Why.CODE_USED: _l("Was used, so others know it"),
    Why.OVERRIDE: _l("Opens lanes during a lockdown and holds them open"),
    Why.NO_END: _l("Has no end"),
    Why.NO_ONE_ANSWERS: _l("A helper without a responsible adult in the home"),
    Why.OVER: _l("The right to pass is over, and a card or PIN is left"),
    Why.UNUSED: _l("Not used for 90 days"),
    Why.UNUSED_NO_HOLDER: _l("Not used for 90 days, and without a recorded holder"),
    Why.SENDS_OUT: _l("Sends messages to another system"),
    Why.HELPS: _l("The home confirms"),
    Why.CHILD: _l("The home confirms"),
}
RISKS: Mapping[str, LazyString] = {
    str(HIGH): _l("High risk"),
    str(MEDIUM): _l("Medium risk"),
    str(LOW): _l("Low risk"),
}
DECISIONS: Mapping[str, LazyString] = {
    "keep": _l("Kept"),
    "suspend": _l("Suspended or ended"),
    "gone": _l("Ended meanwhile"),
    "unanswered": _l("Without an answer"),
}
ANSWERS: Mapping[str, LazyString] = {
    "needed": _l("Answer: still needed"),
    "not_needed": _l("Answer: no longer needed"),
    "office": _l("The home asks you to decide"),
}
