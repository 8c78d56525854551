"""A resident's actions on messages: set an address, prove it, choose messages, unsubscribe."""

import base64
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.action.base import Action, begin, record
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.compound.models import Person
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import SealBroken, code_digest
from web_admin.journal.models import AuditEntry
from web_admin.messages.restore_rules import (
    ADDRESS_NAMED,
    ADDRESS_PROVED,
    ADDRESS_TAKEN_BACK,
    Link,
    address_entries,
    is_ended,
    is_restored,
)
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.subscriptions import (
    CHANGED_TEXT,
    CODE_LIVES,
    CODE_TEXT,
    DISPLACED_TEXT,
    FINAL_TEXT,
    MAX_TRIES,
    TEXTS,
    channel_of,
    channels_of,
    send,
)

BACK_FOR = timedelta(days=7)
"""How long an address that was replaced or stopped can take that back."""
BACK_PURPOSE = "messages-address-back"
_BACK_REFUSED = _("This link is too old or was used. Under Help, messages can be set up again.")
BackAddress = Callable[[str], str]
CODES_A_DAY = 5
"""Codes that one person may have sent, and that one address gets, within 24 hours."""


@dataclass(frozen=True, slots=True)
class OldAddress:
    """An address that got messages, and which; `seq` is the person's newest entry before the change."""

    seq: int
    person_id: str
    address: str
    kinds: Collection[str]


def name_address(act: Action, person_id: str, address: str, back: BackAddress) -> None:
    """Store a new address and send it a code; an earlier one ends at once, and is notified once more.

    The person has just confirmed who they are. `back` makes the address of the page that takes the change
    back (`take_address_back`) from its text.
    """
    begin(act)
    person = _own(act, person_id)
    address = address.strip()
    channel = channel_of(address)
    if channel is None or channel not in channels_of(act.session, act.site_id):
        raise ActionRefused("address", _("The office cannot send messages to this. Check what you typed."))
    to = _digest(act, address)
    _check_codes_of_a_day(act, person_id, to)
    _notify_old_address(act, person_id, back, confirmed=True)
    code = f"{secrets.randbelow(10**8):08d}"
    row = act.session.merge(
        NotificationSubscription(
            person_id=person.person_id,
            channel=channel,
            address=address,
            kinds=[],
            code_digest=code_digest(act.sealer, code),
            code_until=act.now + CODE_LIVES,
            tries=0,
            confirmed_at=None,
        )
    )
    act.session.flush()
    send(act.session, row, CODE_TEXT, {"code": code}, act.now)
    facts: dict[str, Fact] = {"channel": channel, "confirmed": True}
    record(act, ADDRESS_NAMED, facts, personal={"to": to}, person_id=person_id)


def _check_codes_of_a_day(act: Action, person_id: str, to: str) -> None:
    """Raise ActionRefused where this person, or this address, was sent enough: it may be a stranger's."""
    entries = act.session.scalars(
        select(AuditEntry).where(
            AuditEntry.site_id == act.site_id,
            AuditEntry.kind == ADDRESS_NAMED,
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
    record(act, ADDRESS_PROVED, {}, person_id=person_id)
    return True


def choose_messages(
    act: Action, person_id: str, kinds: Collection[str], back: BackAddress, *, confirmed: bool
) -> None:
    """Choose messages; raise ActionRefused before the address was proved. Fewer are said to the address.

    `confirmed`: the person has just confirmed who they are.
    """
    begin(act)
    _own(act, person_id)
    row = act.session.get(NotificationSubscription, person_id)
    if row is None or row.confirmed_at is None:
        raise ActionRefused("address", _("Type the code that was sent to you first."))
    fewer = not set(row.kinds) <= set(kinds)
    if fewer:
        _notify_old_address(act, person_id, back, confirmed=confirmed)
    row.kinds = [kind for kind in TEXTS if kind in kinds]
    facts: dict[str, Fact] = {"count": len(row.kinds), "confirmed": fewer and confirmed}
    record(act, "messages_chosen", facts, person_id=person_id)


def stop_messages(act: Action, person_id: str, back: BackAddress, *, confirmed: bool) -> None:
    """Send nothing more than that, and forget the address; `confirmed` as for `choose_messages`."""
    begin(act)
    _own(act, person_id)
    _notify_old_address(act, person_id, back, confirmed=confirmed)
    row = act.session.get(NotificationSubscription, person_id)
    if row is not None:
        act.session.delete(row)
        record(act, "messages_stopped", {"confirmed": confirmed}, person_id=person_id)


def was_restored(act: Action, row: NotificationSubscription) -> bool:
    """Return whether a link restored this subscription's address, and no code proved it since."""
    return is_restored(address_entries(act.session, row.person_id), _digest(act, row.address))


def _digest(act: Action, address: str) -> str:
    return act.sealer.lookup("messages-address", address.lower().encode()).hex()


def _notify_old_address(act: Action, person_id: str, back: BackAddress, *, confirmed: bool) -> None:
    """Send to a proved address that it gets fewer messages from now on, with what takes that back.

    An address that was restored once takes back no change that its person confirmed after that. What the
    address was is in this message alone, sealed: nothing here keeps an address that was replaced.
    """
    row = act.session.get(NotificationSubscription, person_id)
    if row is None or row.confirmed_at is None:
        return
    if confirmed and was_restored(act, row):
        send(act.session, row, FINAL_TEXT, {}, act.now)
        return
    entries = address_entries(act.session, person_id)
    seq, ends = max((entry.seq for entry in entries), default=0), int((act.now + BACK_FOR).timestamp())
    old = msgspec.json.encode((seq, person_id, row.address, row.kinds, ends))
    text = base64.urlsafe_b64encode(act.sealer.seal(old, purpose=BACK_PURPOSE)).decode().rstrip("=")
    send(act.session, row, CHANGED_TEXT, {"link": back(text), "days": str(BACK_FOR.days)}, act.now)


def address_to_take_back(act: Action, text: str) -> OldAddress:
    """Return the address and messages that a link takes back; raise ActionRefused for an old or used one."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        seq, person_id, address, kinds, until = msgspec.json.decode(
            act.sealer.open(sealed, purpose=BACK_PURPOSE), type=tuple[int, str, str, list[str], int]
        )
    except (ValueError, SealBroken) as err:
        raise ActionRefused(None, _BACK_REFUSED) from err
    person = act.session.get(Person, person_id)
    if (
        person is None
        or person.ended_at is not None
        or act.now.timestamp() >= until
        or channel_of(address) is None
        or is_ended(address_entries(act.session, person_id), Link(seq, _digest(act, address)))
    ):
        raise ActionRefused(None, _BACK_REFUSED)
    return OldAddress(seq, person_id, address, kinds)


def take_address_back(act: Action, text: str) -> OldAddress:
    """Send messages to the address again that a link names, and notify the proved one that it displaces.

    The link works once. Raises ActionRefused.
    """
    begin(act)
    old = address_to_take_back(act, text)
    now_used = act.session.get(NotificationSubscription, old.person_id)
    if (
        now_used is not None
        and now_used.confirmed_at is not None
        and now_used.address.lower() != old.address.lower()
    ):
        send(act.session, now_used, DISPLACED_TEXT, {}, act.now)
    act.session.merge(
        NotificationSubscription(
            person_id=old.person_id,
            channel=channel_of(old.address),
            address=old.address,
            kinds=[kind for kind in TEXTS if kind in old.kinds],
            code_digest=None,
            code_until=None,
            tries=0,
            confirmed_at=act.now,
        )
    )
    record(
        act,
        ADDRESS_TAKEN_BACK,
        {"since": old.seq},
        personal={"to": _digest(act, old.address)},
        person_id=old.person_id,
    )
    return old


def _own(act: Action, person_id: str) -> Person:
    person = person_of(act, person_id)
    refuse_unverified_phone(act, person)
    if act.channel not in ("phone", "desk"):
        raise ActionRefused(None, _("You can change only what is your own."))
    return person
