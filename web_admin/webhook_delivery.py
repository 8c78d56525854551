"""Send one signed message to another system's address.

The form is that of Standard Webhooks, so receivers find libraries for it:

    POST, application/json: {"type": kind, "timestamp": when it was put down, "data": {...}}
    webhook-id         the same at each try: what was taken once is not taken again
    webhook-timestamp  unix seconds of this try: refuse what is older than five minutes
    webhook-signature  "v1," + base64 of HMAC-SHA256(key, id "." timestamp "." body); after a change of
                       the key one for each key, with a blank between

What an address may be, and why sites' own networks are among them, is in docs/decisions/.
"""

import base64
import hmac
import ipaddress
import secrets
import socket
import ssl
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter

from web_admin.outbox_models import OutboxMessage, Webhook
from web_admin.sealing import SealBroken, Sealer
from web_admin.sending import NotSent

KEY_PREFIX = "whsec_"
KEY_BYTES = 32
KEY_PURPOSE = "webhook-key"
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
GONE = 410

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def new_signing_key() -> bytes:
    """Return a fresh key."""
    return secrets.token_bytes(KEY_BYTES)


def shown_key(key: bytes) -> str:
    """Return a key as its receiver types it in."""
    return KEY_PREFIX + base64.b64encode(key).decode()


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return what proves that a body of this id and second is the site's."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def send_webhook(sealer: Sealer, hook: Webhook | None, message: OutboxMessage, now: datetime) -> None:
    """Send a message; raise NotSent."""
    if hook is None or hook.ended_at is not None:
        raise NotSent("webhook_removed", for_good=True)
    body = msgspec.json.encode(
        {"type": message.kind, "timestamp": message.created_at.isoformat(), "data": message.body}
    )
    timestamp = int(now.timestamp())
    signatures = [signature(key, message.message_id, timestamp, body) for key in _keys(sealer, hook, now)]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Menjin",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
    status = _post(hook.url, body, headers)
    if not 200 <= status < 300:
        raise NotSent(f"http_{status}", for_good=status == GONE)


def _keys(sealer: Sealer, hook: Webhook, now: datetime) -> list[bytes]:
    sealed = [hook.signing_key_sealed]
    if hook.old_signing_key_sealed is not None and hook.old_until is not None and hook.old_until > now:
        sealed.append(hook.old_signing_key_sealed)
    try:
        return [sealer.open(one, purpose=KEY_PURPOSE) for one in sealed]
    except SealBroken as err:
        raise NotSent("webhook_key", for_good=True) from err


def address_trouble(url: str) -> str | None:
    """Return what is wrong with an address as it is written, None for a good one; asks no network."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "webhook_address"
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.fragment or port == 0:
        return "webhook_address"
    if parts.username is not None or parts.password is not None:
        return "webhook_login_in_address"
    if not _may_be_written(parts.hostname, https=parts.scheme == "https"):
        return "webhook_forbidden_address"
    return None


def _may_be_written(host: str, *, https: bool) -> bool:
    """Tell what can be told without a look-up: of an address in figures, and of plain http."""
    try:
        return may_be_sent_to(ipaddress.ip_address(host), https=https)
    except ValueError:
        return https or host == "localhost"


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Return the receiver's status; what it says besides is not read."""
    trouble = address_trouble(url)
    if trouble is not None:
        raise NotSent(trouble, for_good=True)
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    address = _checked_address(host, port, https=parts.scheme == "https")
    literal = f"[{address}]" if address.version == 6 else str(address)
    pinned = parts._replace(netloc=f"{literal}:{port}").geturl()
    name = parts.netloc.rpartition("@")[2]
    with requests.Session() as session:
        session.trust_env = False  # no proxy and no .netrc of this machine: they would get past the check
        session.mount("https://", _ByName(host))
        try:
            with session.post(
                pinned, data=body, headers={**headers, "Host": name}, allow_redirects=False, stream=True,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            ) as answer:  # fmt: skip
                return answer.status_code
        except requests.exceptions.SSLError as err:
            raise NotSent("tls") from err
        except requests.exceptions.Timeout as err:
            raise NotSent("no_answer") from err
        except requests.exceptions.RequestException as err:
            raise NotSent("no_connection") from err


def _checked_address(host: str, port: int, *, https: bool) -> Address:
    """Return where a name leads, if a message may go there; the connection goes to this very address.

    Looked up once and pinned: a name that leads elsewhere a moment later changes nothing.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise NotSent("no_such_name") from err
    address = ipaddress.ip_address(str(found[0][4][0]).partition("%")[0])
    if not may_be_sent_to(address, https=https):
        raise NotSent("webhook_forbidden_address", for_good=True)
    return address


def may_be_sent_to(address: Address, *, https: bool) -> bool:
    """Tell whether messages may go to an address: this machine, the site's network, or the world.

    Never link-local (where clouds answer with their own secrets), multicast or reserved; without TLS
    to this machine alone.
    """
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    real: Address = mapped or address
    if real.is_loopback:
        return True
    forbidden = real.is_link_local or real.is_multicast or real.is_unspecified or real.is_reserved
    return https and not forbidden


class _ByName(HTTPAdapter):
    """Connects to a pinned address and checks the certificate against the name it stands for."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        """Give the name to TLS: for SNI, and for the certificate."""
        super().init_poolmanager(
            *arguments,
            **settings,
            server_hostname=self._host,
            assert_hostname=self._host,
            # The authorities that this machine trusts, a site's own among them.
            ssl_context=ssl.create_default_context(),
        )
