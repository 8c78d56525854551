"""A resident's actions on messages: set an address, prove it, choose messages, unsubscribe."""

import secrets
from collections.abc import Collection
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.action.base import Action, begin, record
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import code_digest
from web_admin.journal.models import AuditEntry
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.subscriptions import (
    CODE_LIVES,
    CODE_TEXT,
    MAX_TRIES,
    TEXTS,
    channel_of,
    channels_of,
    send,
)

ADDRESS_NAMED = "messages_address_named"
CODES_A_DAY = 5
"""Codes that one person may have sent, and that one address gets, within 24 hours."""


def name_address(act: Action, person_id: str, address: str) -> None:
    """Store a new address and send it a code; an earlier subscription ends at once."""
    begin(act)
    person = _own(act, person_id)
    address = address.strip()
    channel = channel_of(address)
    if channel is None or channel not in channels_of(act.session, act.site_id):
        raise ActionRefused("address", _("The office cannot send messages to this. Check what you typed."))
    to = act.sealer.lookup("messages-address", address.lower().encode()).hex()
    _check_codes_of_a_day(act, person_id, to)
    code = f"{secrets.randbelow(10**8):08d}"
    row = act.session.merge(
        NotificationSubscription(
            person_id=person.person_id, channel=channel, address=address, kinds=[],
            code_digest=code_digest(act.sealer, code), code_until=act.now + CODE_LIVES, tries=0,
            confirmed_at=None,
        )
    )
    act.session.flush()
    send(act.session, row, CODE_TEXT, {"code": code}, act.now)
    record(act, ADDRESS_NAMED, {"channel": channel}, personal={"to": to}, person_id=person_id)


def _check_codes_of_a_day(act: Action, person_id: str, to: str) -> None:
    """Raise ActionRefused where this person, or this address, was sent enough: it may be a stranger's."""
    entries = act.session.scalars(
        select(AuditEntry).where(
            AuditEntry.site_id == act.site_id, AuditEntry.kind == ADDRESS_NAMED,
            AuditEntry.at > act.now - timedelta(days=1),
        )
    ).all()
    by_person = sum(entry.person_id == person_id for entry in entries)
    to_address = sum((entry.personal or {}).get("to") == to for entry in entries)
    if max(by_person, to_address) >= CODES_A_DAY:
        raise ActionRefused("address", _("Enough codes were sent for today. Try again tomorrow."))


def prove_address(act: Action, person_id: str, code: str) -> bool:
    """Return whether the code is the one that was sent; five tries, then a new code is needed.

    A wrong try is counted, so the caller must keep this transaction. Raises ActionRefused when there is
    no code to type.
    """
    begin(act)
    _own(act, person_id)
    # Locked: tries that run side by side must not read one number of tries.
    row = act.session.get(NotificationSubscription, person_id, with_for_update=True)
    if row is None or row.code_digest is None or row.code_until is None or act.now >= row.code_until:
        raise ActionRefused("code", _("This code is too old. Have a new one sent."))
    if row.tries >= MAX_TRIES:
        raise ActionRefused("code", _("That was wrong too often. Have a new code sent."))
    if not secrets.compare_digest(code_digest(act.sealer, code), row.code_digest):
        row.tries += 1
        return False
    row.confirmed_at, row.code_digest, row.code_until = act.now, None, None
    record(act, "messages_address_proved", {}, person_id=person_id)
    return True


def choose_messages(act: Action, person_id: str, kinds: Collection[str]) -> None:
    """Choose messages; raise ActionRefused before the address was proved."""
    begin(act)
    _own(act, person_id)
    row = act.session.get(NotificationSubscription, person_id)
    if row is None or row.confirmed_at is None:
        raise ActionRefused("address", _("Type the code that was sent to you first."))
    row.kinds = [kind for kind in TEXTS if kind in kinds]
    record(act, "messages_chosen", {"count": len(row.kinds)}, person_id=person_id)


def stop_messages(act: Action, person_id: str) -> None:
    """Send nothing more and forget the address."""
    begin(act)
    _own(act, person_id)
    row = act.session.get(NotificationSubscription, person_id)
    if row is not None:
        act.session.delete(row)
        record(act, "messages_stopped", {}, person_id=person_id)


def _own(act: Action, person_id: str) -> Person:
    person = person_of(act, person_id)
    refuse_unverified_phone(act, person)
    if act.channel not in ("phone", "desk"):
        raise ActionRefused(None, _("You can change only what is your own."))
    return person
