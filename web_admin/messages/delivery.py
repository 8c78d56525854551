"""Send what waits in the outbox, each message once, and try again what did not go.

A pass of `deliver` claims one message at a time, sends it outside of any transaction and notes how that
went, so several processes on either database send each message once. A process that dies in between lets
its claim run out: then the message goes again, under the same id, by which a receiver knows it.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, select

from web_admin.core.claims import claim_first, claimed_row, release, unclaimed
from web_admin.core.database import Menjin
from web_admin.messages.errors import NotSent
from web_admin.messages.mail import send_mail
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.outbox import CHANNELS, Channel, forget_phone
from web_admin.messages.push_delivery import CALL, GONE, TOO_LATE, is_of_service, send_push
from web_admin.messages.push_models import PushPhone
from web_admin.messages.webhook_delivery import send_webhook

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
"""How long after each failed try the next one comes; after the last of them there is none."""
CLAIMED_FOR = timedelta(minutes=10)
"""Longer than the slowest receiver may take, so that a live sender keeps its claim."""
LOOK_EVERY_SECONDS = 5.0

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


def due_channels(menjin: Menjin) -> Collection[Channel]:
    """Return by which channels something is due now; takes no write lock."""
    with menjin.database.snapshot() as session:
        due = select(OutboxMessage.channel).where(_due(menjin.clock(), CHANNELS, ())).distinct()
        found = set(session.scalars(due))
    return [channel for channel in CHANNELS if channel in found]


def deliver(menjin: Menjin, channels: Collection[Channel] = CHANNELS) -> DeliveryCounts:
    """Send everything of these channels that is due, once; return what came of it.

    A receiver that could not be reached is left alone for the rest of the pass.
    """
    done: Counter[str] = Counter()
    unreachable: set[Route] = set()
    while channels and (claimed := _claim(menjin, channels, unreachable)) is not None:
        done[_try(menjin, claimed, unreachable)] += 1
    return DeliveryCounts(**done)


def _try(menjin: Menjin, claimed: ClaimedMessage, unreachable: set[Route]) -> str:
    """Send one message and note what came of it; add to `unreachable` who takes no more in this pass."""
    trouble = _send(menjin, claimed)
    if trouble is None:
        _note_sent(menjin, claimed)
        return "sent"
    ends = _note_trouble(menjin, claimed, trouble)
    if not trouble.for_good and (claimed.route[0] != "push" or is_of_service(trouble.trouble)):
        unreachable.add(claimed.route)
    return "failed" if ends else "later"


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
