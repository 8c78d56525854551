"""Reasons of staff for looking up a card's holder: short choices, so that a guard at 3 a.m. types nothing.

The holder reads who looked, when, and the reason; so each look-up has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web_admin.action.base import Action, record
from web_admin.core.refusal import ActionRefused

HANDED_IN, LOST, OTHER = "handed_in", "lost", "other"
CARD_LOOKED_UP = "card_looked_up"
MIN_CHARS, MAX_CHARS = 4, 120

LOOK_REASONS: Mapping[str, LazyString] = {
    HANDED_IN: _l("The card was handed in"),
    LOST: _l("The card was reported lost"),
    "does_not_work": _l("The card does not work"),
    OTHER: _l("Another reason"),
}
"""Stored words and what they say; added to and never renamed."""


@dataclass(frozen=True, slots=True)
class Look:
    """Role and reason of a look-up: a word of `LOOK_REASONS` and, where there are any, words of their own."""

    role: str
    why: str
    in_own_words: str = ""


def checked_look(look: Look) -> Look:
    """Return a look with its words tidied; raise ActionRefused where the reason says nothing."""
    words = " ".join(look.in_own_words.split())
    if look.why not in LOOK_REASONS:
        raise ActionRefused("why", _l("Choose why you look."))
    if len(words) > MAX_CHARS or not (words.isprintable() or not words):
        raise ActionRefused("in_own_words", _l("Write the reason in a few words."))
    if look.why == OTHER and len(words) < MIN_CHARS:
        raise ActionRefused("in_own_words", _l("Write the reason in a few words."))
    return Look(look.role, look.why, words)


def record_look(act: Action, person_id: str, credential_id: str, look: Look) -> None:
    """Record that staff looked up a card, where its holder reads it."""
    facts = {"credential_id": credential_id, "role": look.role, "why": look.why}
    personal = {"reason": look.in_own_words} if look.in_own_words else None
    record(act, CARD_LOOKED_UP, facts, personal=personal, person_id=person_id)


def reason_text(why: str, in_own_words: str) -> str:
    """Return the reason of a look as its person reads it, in their language; "" where none was given."""
    chosen = str(LOOK_REASONS[why]) if why in LOOK_REASONS and why != OTHER else ""
    if chosen and in_own_words:
        text: str = _("%(chosen)s: %(words)s", chosen=chosen, words=in_own_words)
        return text
    return chosen or in_own_words
