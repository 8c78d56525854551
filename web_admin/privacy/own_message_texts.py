"""Say each message to a person in one or two short sentences, in the language of who reads it."""

from collections.abc import Mapping
from typing import Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Page = Literal[
    "ways_in", "visitors", "my_home", "face", "records", "home_review", "request", "consent", "password"
]

ENTRIES: Mapping[tuple[str, str], str] = {
    ("credential_suspended", ""): "card_suspended",
    ("credential_resumed", ""): "card_resumed",
    ("credential_ended", ""): "card_ended",
    ("card_issued", ""): "card_new",
    ("person_suspended", ""): "suspended",
    ("person_resumed", ""): "resumed",
    ("locked_out", ""): "locked_out",
    ("pin_issued", ""): "pin_new",
    ("grants_set", ""): "hours_changed",
    ("helper_changed", ""): "hours_changed",
    ("home_number_changed", ""): "home_number",
    ("named_lookup", ""): "looked_at",
    ("named_lookup", "access"): "looked_at_access",
    ("card_looked_up", ""): "card_looked_up",
    ("card_looked_up", "system"): "card_looked_up_by_system",
    ("desk_asked", ""): "desk_asked",
    ("desk_opened", ""): "desk_opened",
    ("password_set", ""): "password",
    ("passkey_added", ""): "passkey",
    ("call_number_proved", ""): "telephone",
    ("face_consent_given", ""): "face_on",
    ("face_withdrawn", ""): "face_off",
    ("face_ended_at_gate", ""): "face_off_at_gate",
    ("access_review_decided", "keep"): "review_keep",
    ("access_review_decided", "suspend"): "review_suspend",
    ("request_acknowledged", ""): "request_seen",
    ("request_closed", "answered"): "request_answered",
    ("request_closed", "refused"): "request_refused",
    ("pass_withdrawn", ""): "pass_taken_back",
    ("weekly_pass_withdrawn", ""): "pass_taken_back",
}
"""The message of an entry of the ledger, by its kind and the fact that tells more; "" is any other."""

TEXTS: Mapping[str, tuple[LazyString, Page]] = {
    "card_suspended": (_l("Your card was suspended. It opens no gate until it is resumed."), "ways_in"),
    "card_resumed": (_l("Your card works again."), "ways_in"),
    "card_ended": (_l("Your card has ended. It opens no gate any more."), "ways_in"),
    "card_new": (_l("You have a new card."), "ways_in"),
    "suspended": (_l("All your ways in were suspended. You can object."), "ways_in"),
    "resumed": (_l("Your ways in work again."), "ways_in"),
    "locked_out": (_l("You have almost no way home now. See what changed, and object there."), "ways_in"),
    "pin_new": (_l("You were given a new PIN. The old one no longer opens."), "ways_in"),
    "hours_changed": (_l("Where or when you may pass was changed."), "ways_in"),
    "home_number": (_l("The number of your home has changed. Type your PIN after the new one."), "my_home"),
    "looked_at": (_l("Staff looked at when you passed the gates."), "records"),
    "looked_at_access": (_l("Staff looked at where and when you may pass."), "records"),
    "card_looked_up": (_l("Staff looked up whose card yours is."), "records"),
    "card_looked_up_by_system": (_l("Another system looked up whose card yours is."), "records"),
    "desk_asked": (
        _l("Someone used your card or PIN at the office's desk. Not you? Suspend the card."),
        "ways_in",
    ),
    "desk_opened": (_l("Your page was opened at the office's desk. Not you? Ask the office."), "records"),
    "password": (_l("Your page has a new password. Not you? End it under Ways in."), "ways_in"),
    "passkey": (_l("Your page has a new passkey. Not you? End it under Ways in."), "ways_in"),
    "telephone": (
        _l("A telephone number of yours can open when a gate calls it. Not you? Remove it."),
        "my_home",
    ),
    "signed_in": (_l("Your page was opened with an invitation. Not you? Ask the office."), "ways_in"),
    "signed_in_elsewhere": (
        _l("Your page was opened on another phone or computer. Not you? Sign it out."),
        "password",
    ),
    "face_on": (_l("Face was switched on for you. Not you? Switch it off."), "face"),
    "face_off": (_l("Your face was switched off. The gates delete it."), "consent"),
    "face_off_at_gate": (_l("Your face no longer opens %(gate)s. That gate deletes it."), "face"),
    "review_asks": (
        _l("The office asks what you still need. Nothing is suspended if you do not answer."),
        "home_review",
    ),
    "review_keep": (_l("The office checked what you have at the gates. You keep it."), "ways_in"),
    "review_suspend": (_l("The office checked what you have at the gates and suspended it."), "ways_in"),
    "request_seen": (_l("The office has your request."), "request"),
    "request_answered": (_l("The office answered your request."), "request"),
    "request_refused": (_l("The office refused your request and says why."), "request"),
    "pass_taken_back": (_l("A pass for a visitor of yours was taken back."), "visitors"),
    "visitor_named": (_l("Your visitor %(label)s passed at %(place)s."), "visitors"),
    "visitor": (_l("A visitor of yours passed at %(place)s."), "visitors"),
    "reader_lost": (_l("A reader is out of order at %(place)s. See what works instead."), "ways_in"),
}
"""The sentence of each message, and the page that helps."""
