"""Send one push message to one browser, by the service of the browser's maker (RFC 8030).

The text is the declarative form (`web_push: 8030`): a system that knows it shows it without running a
program of ours, and our service worker reads the same words elsewhere.

Where an endpoint leads is chosen by who sends it, so messages go to known services alone, which have to be in
the internet, and to those that the operator names in web.toml (`push_services`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from web_admin.core.config import WebConfig
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.messages.errors import NotSent
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_encryption import (
    Subscription,
    base64url,
    encrypted,
    sending_key,
    signed_header,
)
from web_admin.messages.push_models import PushPhone
from web_admin.messages.webhook_delivery import address_trouble, post

KNOWN_SERVICES = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
"""Hosts of the services of Chrome, Firefox, Safari and Edge; names below them count too."""
MAX_HOST_CHARS = 200
"""As long as the column that keeps it."""
SUBSCRIPTION_PURPOSE = "push-subscription"
STAFF_ALARM = "staff_alarm"
"""The kind of a message to staff; all others are to residents."""
CALL, CALL_OVER = "call", "call_over"
"""The kinds of messages that someone at a gate calls, and how that call ended."""
GONE, TOO_LATE = "push_gone", "push_too_late"
"""Words of a message that is deleted with the phone that is no more, or since it is no news any more."""
TOPIC_CHARS = 32
_GONE_STATUS = (404, 410)
_NOT_REACHED = ("no_such_name", "no_connection", "no_answer", "tls")


@dataclass(frozen=True, slots=True)
class Manner:
    """How urgently a push service shall deliver, and for how long a message is worth delivering."""

    urgency: str
    lives: timedelta


_OF_RESIDENTS = Manner("normal", timedelta(days=1))
_OF_KINDS: Mapping[str, Manner] = {
    STAFF_ALARM: Manner("high", timedelta(hours=1)),
    CALL: Manner("high", timedelta(seconds=30)),
    CALL_OVER: Manner("high", timedelta(hours=12)),
}


def manner_of(kind: str) -> Manner:
    """Return how a message of the outbox is sent."""
    return _OF_KINDS.get(kind, _OF_RESIDENTS)


def service_of(endpoint: str, named: Collection[str]) -> str | None:
    """Return the host of a push service that messages may go to, None for any other address."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:  # a bracket that does not close
        return None
    host = str(parts.hostname)
    if len(host) > MAX_HOST_CHARS or address_trouble(endpoint, _local_ports(endpoint, named)) is not None:
        return None
    if _is_named(endpoint, named):
        return host
    known = any(host == one or host.endswith(f".{one}") for one in KNOWN_SERVICES)
    return host if known and parts.scheme == "https" and parts.port in (None, 443) else None


def _is_named(endpoint: str, named: Collection[str]) -> bool:
    parts = urlsplit(endpoint)
    return parts.netloc in named or parts.hostname in named


def _local_ports(endpoint: str, named: Collection[str]) -> Collection[int]:
    """Return the port of this machine that the operator named together with its host."""
    place = urlsplit(endpoint).netloc
    port = place.rpartition(":")[2]
    return (int(port),) if place in named and port.isdecimal() else ()


def is_of_service(trouble: str) -> bool:
    """Return whether a trouble keeps a service from all its browsers, not from one of them alone."""
    return trouble in _NOT_REACHED or trouble == "http_429" or trouble.startswith("http_5")


def send_push(
    sealer: Sealer, config: WebConfig, phone: PushPhone | None, message: OutboxMessage, now: datetime
) -> None:
    """Send a message; raise NotSent, with GONE where the browser takes no more."""
    if phone is None:
        raise NotSent(GONE, for_good=True)
    manner = manner_of(message.kind)
    left = int((message.created_at + manner.lives - now).total_seconds())
    if left <= 0:
        raise NotSent(TOO_LATE, for_good=True)
    to, named = subscription_of(sealer, phone), config.push_services
    parts = urlsplit(to.endpoint)
    if service_of(to.endpoint, named) is None:
        raise NotSent(GONE, for_good=True)  # the operator named it once, and does so no more
    topic = _topic(sealer, message)
    headers = {
        "Authorization": signed_header(
            sending_key(sealer, phone.site_id), f"{parts.scheme}://{parts.netloc}", config.public_url, now
        ),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(left),
        "Urgency": manner.urgency,
        "Topic": topic,
    }
    body = encrypted(declarative(message, config.public_url, topic), to)
    ports, only_public = _local_ports(to.endpoint, named), not _is_named(to.endpoint, named)
    status = post(to.endpoint, body, headers, ports, only_public=only_public)
    if status in _GONE_STATUS:
        raise NotSent(GONE, for_good=True)
    if not 200 <= status < 300:
        raise NotSent(f"http_{status}")


def subscription_of(sealer: Sealer, phone: PushPhone) -> Subscription:
    """Return where a phone's messages go; raise NotSent where the server's keys do not open it."""
    try:
        opened = sealer.open(phone.subscription_sealed, purpose=SUBSCRIPTION_PURPOSE)
    except SealBroken as err:
        raise NotSent(GONE, for_good=True) from err
    return msgspec.json.decode(opened, type=Subscription)


def declarative(message: OutboxMessage, public_url: str, topic: str) -> bytes:
    """Return a message as the declarative form, with the page that a tap opens.

    That of a call lets our service worker say first that the call is over (`mutable`).
    """
    said = message.body
    return msgspec.json.encode(
        {
            "web_push": 8030,
            **({"mutable": True} if message.kind in (CALL, CALL_OVER) else {}),
            "notification": {
                "title": said.get("title"),
                "body": said.get("text"),
                "lang": said.get("lang"),
                "tag": topic,
                "navigate": f"{public_url}{said.get('page')}",
            },
        }
    )


def _topic(sealer: Sealer, message: OutboxMessage) -> str:
    """Return the word under which a newer message replaces one that was not delivered yet.

    It says to the push service neither what a message is about nor that two phones get the same one.
    """
    kind = CALL if message.kind == CALL_OVER else message.kind
    about = f"{message.target} {kind} {message.body.get('about')}"
    return base64url(sealer.lookup("push-topic", about.encode()))[:TOPIC_CHARS]
