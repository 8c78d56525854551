"""Transactional outbox: messages are stored with the change they report, sent later, and retried.

`put_message` is all that other parts call. The server looks as soon as such a transaction was committed, and
every few seconds for what another process put there.

A pass of `deliver` claims one message at a time, sends it outside of any transaction and notes how that
went, so several processes on either database send each message once. A process that dies in between lets
its claim run out: then the message goes again, under the same id, by which a receiver knows it.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Update, and_, case, delete, event, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from web_admin.core.claims import claim_first, claimed_row, release, unclaimed
from web_admin.core.database import Menjin
from web_admin.core.orm import Fact
from web_admin.messages.errors import NotSent
from web_admin.messages.mail import send_mail
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.push_delivery import CALL, GONE, TOO_LATE, is_of_service, send_push
from web_admin.messages.push_models import PushPhone
from web_admin.messages.webhook_delivery import send_webhook

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

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
"""How long after each failed try the next one comes; after the last of them there is none."""
CLAIMED_FOR = timedelta(minutes=10)
"""Longer than the slowest receiver may take, so that a live sender keeps its claim."""
LOOK_EVERY_SECONDS = 5.0

_PUT = "menjin_message_put"

_log = logging.getLogger(__name__)

Route = tuple[str, str]
"""Channel and target."""


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that only this pass may send for now."""

    message_id: str
    claim: str
    route: Route


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """The number of messages that one pass sent, put off and gave up."""

    sent: int = 0
    later: int = 0
    failed: int = 0


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
    gets nothing. Push: `target` is the phone_id of a browser. Raises ValueError on a mail or push message
    without its parts, or an empty target.
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


def due_channels(menjin: Menjin) -> Collection[Channel]:
    """Return by which channels something is due now; takes no write lock."""
    with menjin.database.snapshot() as session:
        due = select(OutboxMessage.channel).where(_due(menjin.clock(), CHANNELS, ())).distinct()
        found = set(session.scalars(due))
    return [channel for channel in CHANNELS if channel in found]


# -- sending ---------------------------------------------------------------------------------------


def deliver(menjin: Menjin, channels: Collection[Channel] = CHANNELS) -> DeliveryCounts:
    """Send everything of these channels that is due, once; return what came of it.

    A receiver that could not be reached is left alone for the rest of the pass.
    """
    done = {"sent": 0, "later": 0, "failed": 0}
    unreachable: set[Route] = set()
    while (claimed := _claim(menjin, channels, unreachable)) is not None:
        trouble = _send(menjin, claimed)
        if trouble is None:
            _note_sent(menjin, claimed)
            done["sent"] += 1
            continue
        ends = _note_trouble(menjin, claimed, trouble)
        done["failed" if ends else "later"] += 1
        if not trouble.for_good and (claimed.route[0] != "push" or is_of_service(trouble.trouble)):
            unreachable.add(claimed.route)
    return DeliveryCounts(**done)


def _due(now: datetime, channels: Collection[Channel], unreachable: Iterable[Route]) -> ColumnElement[bool]:
    conditions = [OutboxMessage.state == "waiting", OutboxMessage.next_at <= now]
    conditions += [unclaimed(OutboxMessage, now), OutboxMessage.channel.in_(channels)]
    conditions += [~_same_receiver(channel, target) for channel, target in unreachable]
    return and_(*conditions)


def _same_receiver(channel: str, target: str) -> ColumnElement[bool]:
    """Return the condition that a message goes the way of one that could not be sent."""
    same = OutboxMessage.channel == channel
    if channel == "mail":  # all goes by one server: when that is away, every address is
        return same
    if channel == "push":  # so are all browsers of one push service
        service = select(PushPhone.service).where(PushPhone.phone_id == target).scalar_subquery()
        return same & OutboxMessage.target.in_(select(PushPhone.phone_id).where(PushPhone.service == service))
    return same & (OutboxMessage.target == target)


def _claim(
    menjin: Menjin, channels: Collection[Channel], unreachable: Iterable[Route]
) -> ClaimedMessage | None:
    """Take a call's message, else the one that is due longest; None when none may be tried now."""
    now = menjin.clock()
    due = _due(now, channels, unreachable)
    with menjin.database.snapshot() as session:
        if session.scalar(select(OutboxMessage.message_id).where(due).limit(1)) is None:
            return None  # the usual case takes no write lock
    behind_calls = case((OutboxMessage.kind == CALL, 0), else_=1)
    order = (behind_calls, OutboxMessage.next_at, OutboxMessage.message_id)
    first = select(OutboxMessage).where(due).order_by(*order)
    with menjin.database.session() as session:
        message = claim_first(session, first, now, CLAIMED_FOR)
        if message is None:
            return None
        route = (message.channel, message.target)
        return ClaimedMessage(message.message_id, message.claim or "", route)


def _send(menjin: Menjin, claimed: ClaimedMessage) -> NotSent | None:
    """Send one message outside of any transaction; return why it did not go."""
    with menjin.database.snapshot() as session:
        message = session.get_one(OutboxMessage, claimed.message_id)
        server = session.get(MailServer, message.site_id)
        hook = session.get(Webhook, message.target) if message.channel == "webhook" else None
        phone = session.get(PushPhone, message.target) if message.channel == "push" else None
        session.expunge_all()
    try:
        if message.channel == "mail":
            send_mail(menjin.config, server, message)
        elif message.channel == "push":
            send_push(menjin.sealer, menjin.config, phone, message, menjin.clock())
        else:
            send_webhook(menjin.sealer, hook, message, menjin.clock(), menjin.config.webhook_ports)
    except NotSent as trouble:
        return trouble
    except Exception as fault:  # noqa: BLE001 - one message that cannot be sent must not stop the others
        # Its words may hold an address: only its kind is logged.
        _log.error("outbox: message %s: %s", message.message_id, type(fault).__name__)
        return NotSent("fault")
    return None


def _note_sent(menjin: Menjin, claimed: ClaimedMessage) -> None:
    now = menjin.clock()
    with menjin.database.session() as session:
        message = claimed_row(session, OutboxMessage, claimed.message_id, claimed.claim)
        if message is not None:
            message.state, message.ended_at, message.trouble = "sent", now, None
            release(message)
            message.tries += 1
            message.body = {}
            message.target = message.target if message.channel == "webhook" else ""


def forget_phone(session: Session, phone_id: str) -> None:
    """Delete a browser that gets push messages, and what waits for it."""
    waiting = OutboxMessage.channel == "push", OutboxMessage.target == phone_id
    session.execute(delete(OutboxMessage).where(*waiting, OutboxMessage.state == "waiting"))
    session.execute(delete(PushPhone).where(PushPhone.phone_id == phone_id))


def _note_trouble(menjin: Menjin, claimed: ClaimedMessage, trouble: NotSent) -> bool:
    """Store why a message failed and when it is retried; return whether it never is."""
    now = menjin.clock()
    with menjin.database.session() as session:
        message = claimed_row(session, OutboxMessage, claimed.message_id, claimed.claim)
        if message is None:
            return False
        release(message)
        message.trouble = trouble.trouble
        message.tries += 1
        if message.channel == "push" and trouble.trouble in (GONE, TOO_LATE):
            # Deleted, since staff can do nothing for it: a phone whose owner ended it, or no news any more.
            session.delete(message)
            if trouble.trouble == GONE:
                forget_phone(session, message.target)
            _log.info("outbox: message %s: %s", message.message_id, trouble.trouble)
            return True
        ends = trouble.for_good or message.tries > len(DELAYS)
        if ends:
            message.state, message.ended_at = "failed", now
        else:
            message.next_at = now + DELAYS[message.tries - 1]
        _log.warning(
            "outbox: message %s (%s, try %d): %s%s",
            message.message_id,
            message.kind,
            message.tries,
            trouble.trouble,
            ", not tried again" if ends else "",
        )
        return ends
