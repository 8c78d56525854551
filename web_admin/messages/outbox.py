"""Transactional outbox: messages are stored with the change they report, sent later, and retried.

`put_message` is all that other parts call. The server looks as soon as such a transaction was committed, and
every few seconds for what another process put there; `delivery.py` sends.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import Update, delete, event, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from web_admin.core.orm import Fact
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.push_models import PushPhone

Channel = Literal["mail", "webhook", "push"]
CHANNELS: tuple[Channel, ...] = ("mail", "webhook", "push")
EVERY_WEBHOOK = "*"
"""As `target`: one message to each webhook that takes this kind."""
PARTS: Mapping[Channel, frozenset[str]] = {
    "mail": frozenset({"subject", "text"}),
    "push": frozenset({"title", "text", "lang", "page", "about"}),
}
"""The parts of a message that a person reads; `about` names what a newer push message replaces."""
TEST_KIND = "test"
"""Kind of the message by which the settings page tries an address."""
_PUT = "menjin_message_put"


def put_message(
    session: Session,
    site_id: str,
    *,
    channel: Channel,
    target: str,
    kind: str,
    body: Mapping[str, Fact],
    now: datetime,
) -> None:
    """Put a message down to be sent once the caller's transaction has committed.

    Mail: `target` is an address, `body` has the finished `subject` and `text` in the reader's language.
    Webhook: `target` is a webhook_id or EVERY_WEBHOOK; one that was removed or does not take this kind
    gets nothing. Push: `target` is the phone_id of a browser. Raises
    ValueError on a message without its parts, or an empty target.
    """
    if not target:
        raise ValueError("a message needs a target")
    if channel in PARTS and set(body) != PARTS[channel]:
        raise ValueError(f"a {channel} message has the parts {sorted(PARTS[channel])}, not {sorted(body)}")
    targets = [target] if channel != "webhook" else _takers(session, site_id, target, kind)
    for one in targets:
        session.add(
            OutboxMessage(
                message_id=secrets.token_hex(16),
                site_id=site_id,
                channel=channel,
                target=one,
                kind=kind,
                body=dict(body),
                created_at=now,
                next_at=now,
            )
        )
    if targets:
        session.flush()
        session.info[_PUT] = True


def hear_put(opens: sessionmaker[Session], look: Callable[[], object]) -> None:
    """Call `look` when a transaction of these sessions that put a message down is committed as a whole."""

    @event.listens_for(opens, "after_commit")
    def _committed(session: Session) -> None:
        if not session.in_nested_transaction() and session.info.pop(_PUT, False):
            look()


def _takers(session: Session, site_id: str, target: str, kind: str) -> list[str]:
    live = select(Webhook).where(
        Webhook.site_id == site_id, Webhook.ended_at.is_(None), Webhook.held_at.is_(None)
    )
    if target != EVERY_WEBHOOK:
        live = live.where(Webhook.webhook_id == target)
    return [hook.webhook_id for hook in session.scalars(live) if takes(hook, kind)]


def takes(hook: Webhook, kind: str) -> bool:
    """Return whether a webhook takes messages of a kind; a test message goes to each."""
    return kind == TEST_KIND or kind in hook.kinds


def mail_is_set_up(session: Session, site_id: str) -> bool:
    """Return whether the site has a mail server, so that offering mail makes sense."""
    return session.get(MailServer, site_id) is not None


def try_again(session: Session, message: OutboxMessage, now: datetime) -> None:
    """Retry a message that failed for good, from the beginning."""
    if message.state == "failed":
        message.state, message.tries, message.next_at, message.ended_at = "waiting", 0, now, None
        session.flush()


def give_up(
    session: Session, site_id: str, channel: Channel, why: str, now: datetime, *, target: str | None = None
) -> None:
    """End the messages that wait for a channel, or for one receiver there, that was removed."""
    ended = _waiting_for(site_id, channel)
    if target is not None:
        ended = ended.where(OutboxMessage.target == target)
    session.execute(ended.values(state="failed", ended_at=now, trouble=why, claim=None, claimed_until=None))


def hasten(session: Session, site_id: str, channel: Channel, now: datetime) -> None:
    """Let the messages that wait for a channel be tried again now, since its settings changed."""
    session.execute(_waiting_for(site_id, channel).values(next_at=now))


def forget_waiting(session: Session, channel: Channel, target: str) -> None:
    """Delete what waits for one receiver."""
    waiting = OutboxMessage.channel == channel, OutboxMessage.target == target
    session.execute(delete(OutboxMessage).where(*waiting, OutboxMessage.state == "waiting"))


def forget_phone(session: Session, phone_id: str) -> None:
    """Delete a browser that gets push messages, and what waits for it."""
    forget_waiting(session, "push", phone_id)
    session.execute(delete(PushPhone).where(PushPhone.phone_id == phone_id))


def _waiting_for(site_id: str, channel: Channel) -> Update:
    return update(OutboxMessage).where(
        OutboxMessage.site_id == site_id, OutboxMessage.channel == channel, OutboxMessage.state == "waiting"
    )


def backlog(session: Session) -> tuple[int, datetime | None]:
    """Return how many messages wait and since when the oldest does, also between two of its tries.

    Without those to phones: that one's push service is not reached is nothing for the office to mend.
    """
    counted = select(func.count(), func.min(OutboxMessage.created_at)).where(
        OutboxMessage.state == "waiting", OutboxMessage.channel != "push"
    )
    count, oldest = session.execute(counted).one()
    return count, oldest
