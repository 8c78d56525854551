"""Notify residents by the messages that they subscribed to, and no others.

Every switch is off until its owner turns it on, and nothing leaves before the address was proved by a
code sent there. A message says what happened, never where, when or to whom beside its reader; of
duress, and of other people's passages, there is none.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.languages import html_tag
from gate_controller.contract.records import CredentialKind
from web_admin.compound.models import Person, Site
from web_admin.core.orm import Fact
from web_admin.messages.models import Webhook
from web_admin.messages.outbox import EVERY_WEBHOOK, mail_is_set_up, put_message, takes
from web_admin.messages.push_delivery import CALL
from web_admin.messages.push_models import PushPhone
from web_admin.messages.subscription_models import NotificationSubscription

RESIDENT_MESSAGE = "resident_message"
"""The kind under which a webhook takes messages for phones: `to` and `text`."""
CODE_LIVES = timedelta(minutes=30)
MAX_TRIES = 5
MAIL_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
PHONE_NUMBER = re.compile(r"\+?[0-9]{6,15}")


def N_(text: str) -> str:  # noqa: N802 - the name that the extractor looks for
    """Mark a text for translation; it is translated for its reader when it is sent."""
    return text


TEXTS: Mapping[str, str] = {
    "visitor_came": N_("Your visitor has come in. Visitors shows who and when."),
    "card_stopped": N_("Your card was suspended or ended. If that was not you, ask the property office."),
    "signed_in": N_(
        "A new sign-in to your page. If that was not you, sign out your other phones under Help."
    ),
    "looked_at": N_("Staff looked at your passages. My records shows who and why."),
    "reader_lost": N_(
        "The readers at one of your gates are out of order. Ways in shows which gate, and what works instead."
    ),
    "access_review": N_(
        "The property office asks which cards, helpers and children should still pass. Answer "
        "under My home. If you do not, nothing is suspended."
    ),
}
"""Kinds of messages that can be asked for, in the order in which pages show them, and their texts."""
CARD_TEXT = N_("Staff looked up who holds your card. My records shows who and why.")
SYSTEM_CARD_TEXT = N_(
    "Another system of the compound looked up who holds your card. My records shows which one and when."
)
LOCKED_OUT_TEXT = N_(
    "You have no way home now, or almost none. %(what)s This was done %(by)s. Ways in shows why. You can "
    "object there or at the property office."
)
LOCKED_OUT_BY: Mapping[str, str] = {
    "grants_set": N_("Where or when you may pass was changed."),
    "credential_ended": N_("A card, PIN or code of yours was ended."),
    "credential_suspended": N_("A card, PIN or code of yours was suspended."),
    "person_invited": N_(
        "You were invited to your page again: your phone is signed out and its code opens nothing."
    ),
    "pin_issued": N_("A new PIN was made for you: the one that you know opens nothing."),
    "people_act_undone": N_("A change made for several people was undone, and it included you."),
    "hours_saved": N_("The hours of a gate were changed."),
    "calendar_day_set": N_("A holiday was changed."),
    "posture_scheduled": N_("A gate is shut at set hours."),
    "lane_saved": N_("The ways in at a gate have changed."),
    "gate_marked": N_("A gate was taken out of use."),
    "posture_set": N_("A gate is shut for several days."),
    "site_locked_down": N_("All gates are shut for several days."),
}
"""Acts that keep people out of their homes, by their kind in the ledger."""
BY_PARTY: Mapping[str, str] = {
    "owner": N_("by you"),
    "home": N_("by your home"),
    "guard": N_("by a guard"),
    "office": N_("by the property office"),
}
MOVED_OUT_TEXT = N_(
    "The property office recorded that you moved out. Your cards, PIN and codes no longer work. "
    "If you still live here or did not agree, contact the property office. No one may be locked "
    "out because of a debt."
)
HOME_NUMBER_TEXT = N_(
    "The number of your home is now %(number)s. At the gate you type your PIN after the new number."
)
ON_A_SCREEN: Mapping[str, str] = {
    LOCKED_OUT_TEXT: N_(
        "Your ways in were changed: you have no way home now, or almost none. Ways in shows what "
        "changed, why and by whom. You can object there."
    ),
    HOME_NUMBER_TEXT: N_(
        "The number of your home has changed. At the gate you type your PIN after the new number, which your "
        "page shows."
    ),
}
"""The text that a phone's screen shows in place of one that names something."""
OWN_MESSAGES = "/r/records/messages"
"""The page that a tap on a message opens: what happened, with names."""
PIN_TEXT = N_(
    "The property office or your home gave you a new PIN; the old one no longer opens. Ask for the new one, "
    "or make one of your own on your page."
)
SUSPENDED_TEXT = N_(
    "All your ways in were suspended. Ways in shows why, by whom and until when. You can object there."
)
DESK_ASKED_TEXT = N_(
    "Someone used your card or PIN at the property office's desk. If it is not you, report it "
    "under Ways in and suspend the card."
)
DESK_OPENED_TEXT = N_(
    "Your pages were opened at the property office's desk. If you were not there, contact the property "
    "manager."
)
NEW_SIGN_IN_TEXT = N_(
    "There is a new way to sign in to your page: a password or a passkey. If that was not you, end it under "
    "Ways in."
)
NEW_TELEPHONE_TEXT = N_(
    "A telephone number was verified for you: when a gate calls it, it can open. If that was not you, remove "
    "it under Calls from the gate."
)
CHANGED_TEXT = N_(
    "Messages about your page no longer come to this address, or fewer come. If that was not you, "
    "restore them here within %(days)s days: %(link)s"
)
FINAL_TEXT = N_(
    "Messages about your page no longer come to this address, or fewer do. Your page confirmed who made this "
    "change, so this address cannot undo it. If that was not you, ask the property office."
)
DISPLACED_TEXT = N_(
    "Messages about your page no longer come to this address: an earlier address restored its own. If that "
    "was not you, confirm who you are on your page and change the address again; that change is final."
)
FIRST_PUSH_TEXT = N_(
    "Messages about your page come to this phone. Others can read them on the locked screen."
)
CODE_TEXT = N_("Your code is %(code)s. Type it on the page where you asked for it.")
BY_ENTRY: Mapping[str, str] = {
    "credential_suspended": "card_stopped",
    "person_suspended": "card_stopped",
    "credential_ended": "card_stopped",
    "locked_out": "card_stopped",
    "pin_issued": "card_stopped",
    "named_lookup": "looked_at",
    "card_looked_up": "looked_at",
    "desk_asked": "looked_at",
    "desk_opened": "signed_in",
    "password_set": "signed_in",
    "passkey_added": "signed_in",
    "call_number_proved": "signed_in",
}
"""Entries of the ledger that a message can follow."""
OWN_TEXTS: Mapping[str, tuple[str, str]] = {
    "person_suspended": (SUSPENDED_TEXT, SUSPENDED_TEXT),
    "locked_out": (LOCKED_OUT_TEXT, LOCKED_OUT_TEXT),
    "pin_issued": (PIN_TEXT, PIN_TEXT),
    "card_looked_up": (CARD_TEXT, SYSTEM_CARD_TEXT),
    "desk_asked": (DESK_ASKED_TEXT, DESK_ASKED_TEXT),
    "desk_opened": (DESK_OPENED_TEXT, DESK_OPENED_TEXT),
    "password_set": (NEW_SIGN_IN_TEXT, NEW_SIGN_IN_TEXT),
    "passkey_added": (NEW_SIGN_IN_TEXT, NEW_SIGN_IN_TEXT),
    "call_number_proved": (NEW_TELEPHONE_TEXT, NEW_TELEPHONE_TEXT),
}
"""Texts of an entry that shares its switch with another: of staff, and of a system with a key."""


def channels_of(session: Session, site_id: str) -> frozenset[str]:
    """Return how this site can reach people: mail, and its own webhook for SMS or WeChat."""
    hooks = session.scalars(select(Webhook).where(Webhook.site_id == site_id, Webhook.ended_at.is_(None)))
    by_phone = any(takes(hook, RESIDENT_MESSAGE) for hook in hooks)
    mail = mail_is_set_up(session, site_id)
    return frozenset({"mail"} if mail else ()) | frozenset({"webhook"} if by_phone else ())


def channel_of(address: str) -> str | None:
    """Return how an address is reached, None where it is neither mail nor a phone's number."""
    if len(address) <= 320 and MAIL_ADDRESS.fullmatch(address):
        return "mail"
    return "webhook" if PHONE_NUMBER.fullmatch(address) else None


def notify(
    session: Session,
    person_id: str,
    kind: str,
    now: datetime,
    text: str | None = None,
    filled: Mapping[str, str] | None = None,
) -> None:
    """Store a message that a person subscribed to, in this transaction; nothing without a subscription.

    It goes to the address and to each phone for which they chose this kind.
    """
    said = text or TEXTS[kind]
    subscription = session.get(NotificationSubscription, person_id)
    if subscription is not None and subscription.confirmed_at is not None and kind in subscription.kinds:
        send(session, subscription, said, filled or {}, now)
    for phone in session.scalars(select(PushPhone).where(PushPhone.person_id == person_id)):
        if kind in phone.kinds:
            push_text(session, phone, said, now)


def subscribed() -> ColumnElement[bool]:
    """Return the condition that a person subscribed to messages, by an address or on a phone."""
    by_address = select(NotificationSubscription.person_id)
    on_phones = select(PushPhone.person_id).where(PushPhone.person_id.is_not(None))
    return or_(Person.person_id.in_(by_address), Person.person_id.in_(on_phones))


def kinds_for_phone(session: Session, person_id: str) -> list[str]:
    """Return what a phone that is added shows: what the person chose for others, or for their address."""
    kinds = {
        kind
        for row in session.scalars(select(PushPhone).where(PushPhone.person_id == person_id))
        for kind in row.kinds
    }
    subscription = session.get(NotificationSubscription, person_id)
    if not kinds and subscription is not None and subscription.confirmed_at is not None:
        kinds = set(subscription.kinds)
    return [kind for kind in (*TEXTS, CALL) if kind in kinds]


def push_text(
    session: Session,
    phone: PushPhone,
    text: str,
    now: datetime,
    *,
    kind: str = RESIDENT_MESSAGE,
    page: str = OWN_MESSAGES,
    about: str | None = None,
) -> None:
    """Put one message down for a resident's phone; others read its screen, so its text has no values.

    `page` is what a tap opens; a newer message takes the place of an older one about the same.
    """
    person = session.get_one(Person, phone.person_id)
    site = session.get_one(Site, phone.site_id)
    put_message(
        session,
        site.site_id,
        channel="push",
        target=phone.phone_id,
        kind=kind,
        body={
            "title": site.name,
            "text": catalogue_of(person.language).ugettext(ON_A_SCREEN.get(text, text)),
            "lang": html_tag(person.language),
            "page": page,
            "about": about or text[:40],
        },
        now=now,
    )


def notify_of_entry(
    session: Session, kind: str, facts: Mapping[str, Fact], person_id: str | None, now: datetime
) -> None:
    """Notify a person of an entry of the ledger about them, if its kind has a message."""
    message = BY_ENTRY.get(kind)
    if message is not None and person_id is not None and is_sent(kind, facts):
        of_staff, of_system = OWN_TEXTS.get(kind, (None, None))
        text = of_system if facts.get("role") == "system" else of_staff
        notify(session, person_id, message, now, text, _values_of(facts) if kind == "locked_out" else None)


def _values_of(facts: Mapping[str, Fact]) -> dict[str, str]:
    """Return what a lock-out was and by whom; an act of an older release has no words."""
    return {"what": LOCKED_OUT_BY.get(str(facts["act"]), ""), "by": BY_PARTY[str(facts["party"])]}


def is_sent(kind: str, facts: Mapping[str, Fact]) -> bool:
    """Return whether an entry is a message to its person: of a card, a lock-out, a PIN that others gave."""
    if kind.startswith("credential_"):
        return facts.get("method") == CredentialKind.CARD
    if kind == "locked_out":
        return facts.get("act") != "person_suspended"  # it has a message of its own
    return kind != "pin_issued" or facts.get("replaced_by_others") is True


def send(
    session: Session,
    subscription: NotificationSubscription,
    text: str,
    filled: Mapping[str, str],
    now: datetime,
) -> None:
    """Put one message down in its reader's language, with those values that have a translation."""
    person = session.get_one(Person, subscription.person_id)
    site = session.get_one(Site, person.site_id)
    words = catalogue_of(person.language)
    said = words.ugettext(text) % {
        name: words.ugettext(value) if value else "" for name, value in filled.items()
    }
    if subscription.channel == "mail":
        put_message(
            session,
            site.site_id,
            channel="mail",
            target=subscription.address,
            kind=RESIDENT_MESSAGE,
            body={"subject": site.name, "text": said},
            now=now,
        )
    else:
        put_message(
            session,
            site.site_id,
            channel="webhook",
            target=EVERY_WEBHOOK,
            kind=RESIDENT_MESSAGE,
            body={"to": subscription.address, "text": f"{site.name}: {said}"},
            now=now,
        )


@lru_cache(maxsize=4)
def catalogue_of(language: str) -> NullTranslations:
    """Return a language's words, also without a request: on entries of gates, and by the clock."""
    return Translations.load(str(Path(__file__).parents[1] / "translations"), [language])
