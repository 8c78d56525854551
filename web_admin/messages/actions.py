"""Actions on webhooks: add, test, replace the key, remove; a key is returned once, to be shown once."""

from collections.abc import Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from web_admin.action.base import Action, begin, checked_text, new_id, office_only, record
from web_admin.core.refusal import ActionRefused
from web_admin.messages.addresses import Ports
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.outbox import TEST_KIND, give_up, put_message, try_again
from web_admin.messages.queries import WEBHOOK_ADDED, WEBHOOK_TAKEN_OVER
from web_admin.messages.texts import TROUBLES, WEBHOOK_KINDS
from web_admin.messages.webhook_delivery import (
    KEY_PURPOSE,
    address_trouble,
    new_signing_key,
    shown_key,
)

FOR_THE_OFFICE = _("Settings are changed by the property manager only.")

MAX_WEBHOOKS = 20
OLD_KEY_SIGNS_FOR = timedelta(days=1)


def add_webhook(
    act: Action, *, name: str, url: str, kinds: Sequence[str], local_ports: Ports
) -> tuple[Webhook, str]:
    """Add an address and return it with its key, as it is shown this one time.

    `local_ports` are those of this machine to which messages may go (`webhook_ports` of `web.toml`).
    """
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    label = checked_text("name", name, max_chars=60)
    address = _checked_url(url, local_ports)
    chosen = [kind for kind in WEBHOOK_KINDS if kind in kinds]
    if not chosen:
        raise ActionRefused("kinds", _("Choose at least one."))
    _check_room(act)
    key = new_signing_key()
    hook = Webhook(
        webhook_id=new_id(),
        site_id=act.site_id,
        name=label,
        url=address,
        kinds=chosen,
        signing_key_sealed=act.sealer.seal(key, purpose=KEY_PURPOSE),
        created_at=act.now,
    )
    act.session.add(hook)
    record(act, WEBHOOK_ADDED, {"webhook_id": hook.webhook_id, "url": address, "kinds": " ".join(chosen)})
    return hook, shown_key(key)


def _check_room(act: Action) -> None:
    live = select(func.count()).where(Webhook.site_id == act.site_id, Webhook.ended_at.is_(None))
    if (act.session.scalar(live) or 0) >= MAX_WEBHOOKS:
        raise ActionRefused(None, _("There are twenty webhooks. Remove those that are no longer needed."))


def rotate_key(act: Action, webhook_id: str) -> str:
    """Return a new key, to be shown once; the old one signs beside it for a day."""
    begin(act)
    hook = webhook_of(act, webhook_id)
    key = new_signing_key()
    hook.old_signing_key_sealed, hook.old_until = hook.signing_key_sealed, act.now + OLD_KEY_SIGNS_FOR
    hook.signing_key_sealed = act.sealer.seal(key, purpose=KEY_PURPOSE)
    record(act, "webhook_key_changed", {"webhook_id": webhook_id})
    return shown_key(key)


def remove_webhook(act: Action, webhook_id: str) -> None:
    """Send nothing there any more, give up what waits; its keys are erased a day later (`retention`)."""
    begin(act)
    hook = webhook_of(act, webhook_id)
    hook.ended_at = act.now
    give_up(act.session, act.site_id, "webhook", "webhook_removed", act.now, target=webhook_id)
    record(act, "webhook_removed", {"webhook_id": webhook_id})


def reopen_webhook(act: Action, webhook_id: str) -> None:
    """Send there again what happens from now on; raise ActionRefused where its key is erased already."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    hook = act.session.get(Webhook, webhook_id)
    if hook is None or hook.site_id != act.site_id or not hook.signing_key_sealed:
        raise ActionRefused(None, _("This webhook is not known here."))
    if hook.ended_at is not None:
        _check_room(act)
        hook.ended_at = None
        record(act, "webhook_reopened", {"webhook_id": webhook_id})


def take_webhook_over(act: Action, webhook_id: str, author_id: str) -> None:
    """Make an account of staff answer for a webhook, so that it is listed when the account is closed."""
    record(act, WEBHOOK_TAKEN_OVER, {"webhook_id": webhook_id, "author_id": author_id})


def send_test(act: Action, webhook_id: str) -> None:
    """Put a message down that says nothing but that it is a test."""
    begin(act)
    hook = webhook_of(act, webhook_id)
    put_message(
        act.session,
        act.site_id,
        channel="webhook",
        target=hook.webhook_id,
        kind=TEST_KIND,
        body={"test": True},
        now=act.now,
    )
    record(act, "webhook_tested", {"webhook_id": webhook_id})


def send_again(act: Action, message_id: str) -> None:
    """Retry a failed message from the beginning."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    message = act.session.get(OutboxMessage, message_id)
    if message is None or message.site_id != act.site_id:
        raise ActionRefused(None, _("This message is not here any more."))
    try_again(act.session, message, act.now)
    record(act, "message_sent_again", {"message_id": message_id})


def webhook_of(act: Action, webhook_id: str) -> Webhook:
    """Return a live webhook of this site; raise ActionRefused."""
    office_only(act, FOR_THE_OFFICE)
    hook = act.session.get(Webhook, webhook_id)
    if hook is None or hook.site_id != act.site_id or hook.ended_at is not None:
        raise ActionRefused(None, _("There is no such webhook."))
    return hook


def _checked_url(url: str, local_ports: Ports) -> str:
    address = url.strip()
    if len(address) > 500 or not address.isprintable():
        raise ActionRefused("url", _("This is not an address that messages can go to."))
    trouble = address_trouble(address, local_ports)
    if trouble is not None:
        raise ActionRefused("url", TROUBLES[trouble])
    return address
