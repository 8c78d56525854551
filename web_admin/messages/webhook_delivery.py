"""Send one signed message to another system's address.

The form is that of Standard Webhooks, so receivers find libraries for it:

    POST, application/json: {"type": kind, "timestamp": when it was stored, "data": {...}}
    webhook-id         the same at each try: what was taken once is not taken again
    webhook-timestamp  unix seconds of this try: refuse what is older than five minutes
    webhook-signature  "v1," + base64 of HMAC-SHA256(key, id "." timestamp "." body); after a change of
                       the key one for each key, with a blank between

What an address may be, and why sites' own networks are among them, is in docs/decisions/.
"""

import base64
import contextlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from gate_controller.contract.inner_addresses import Address
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.messages.addresses import Ports, is_public, resolved, trouble_of
from web_admin.messages.errors import NotSent
from web_admin.messages.models import OutboxMessage, Webhook

KEY_PREFIX = "whsec_"
KEY_BYTES = 32
KEY_PURPOSE = "webhook-key"
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
WHOLE_CALL_SECONDS = 20.0
"""From the connection to the status: a receiver that sends a byte every nine seconds delays no other."""
HTTP_GONE = 410
AS_WRITTEN = "/?%:=&~+!$,;'@()*[]"
"""Characters that stay in an address as typed."""


def new_signing_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def shown_key(key: bytes) -> str:
    """Return a key as its receiver types it in."""
    return KEY_PREFIX + base64.b64encode(key).decode()


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body of this id and second."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def send_webhook(
    sealer: Sealer, hook: Webhook | None, message: OutboxMessage, now: datetime, local_ports: Ports = ()
) -> None:
    """Send a message, to this machine at one of `local_ports` alone; raise NotSent."""
    if hook is None or hook.ended_at is not None or hook.held_at is not None:
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
    status = post(hook.url, body, headers, local_ports)
    if not 200 <= status < 300:
        raise NotSent(f"http_{status}", for_good=status == HTTP_GONE)


def _keys(sealer: Sealer, hook: Webhook, now: datetime) -> list[bytes]:
    sealed = [hook.signing_key_sealed]
    if hook.old_signing_key_sealed is not None and hook.old_until is not None and hook.old_until > now:
        sealed.append(hook.old_signing_key_sealed)
    try:
        return [sealer.open(one, purpose=KEY_PURPOSE) for one in sealed]
    except SealBroken as err:
        raise NotSent("webhook_key", for_good=True) from err


def address_trouble(url: str, local_ports: Ports) -> str | None:
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
    https = parts.scheme == "https"
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        if parts.hostname != "localhost":
            return None if https else "webhook_forbidden_address"
        address = ipaddress.IPv4Address("127.0.0.1")
    return trouble_of(address, _port_of(parts), https=https, local_ports=local_ports)


def _port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    local_ports: Ports,
    within_seconds: float = WHOLE_CALL_SECONDS,
    *,
    only_public: bool = False,
) -> int:
    """Return the receiver's status, however slowly it speaks; what it says besides is not read.

    With `only_public` no receiver in a private network is reached: others than staff chose the address.
    No redirect is followed and no proxy of this machine is used: they would get past the check. Raises
    NotSent, with `no_answer` when the whole call, a byte at a time or not, takes longer than it may.
    """
    trouble = address_trouble(url, local_ports)
    if trouble is not None:
        raise NotSent(trouble, for_good=True)
    parts = urlsplit(url)
    https = parts.scheme == "https"
    host, port = str(parts.hostname), _port_of(parts)
    address = _checked_address(host, port, https=https, local_ports=local_ports)
    if only_public and not is_public(address):
        raise NotSent("webhook_forbidden_address", for_good=True)
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=AS_WRITTEN)
    call = _Call(str(address), port)
    watch = threading.Timer(within_seconds, call.cut)
    watch.daemon = True
    watch.start()
    try:
        call.connect(host if https else None)
        call.request("POST", path, body, {**headers, "Host": parts.netloc.rpartition("@")[2]})
        return call.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise NotSent(_word_of(err, was_cut=call.was_cut)) from err
    finally:
        watch.cancel()
        call.close()


class _Call(http.client.HTTPConnection):
    """One call to a pinned address, which another thread may cut at any moment of it."""

    auto_open = 0

    def __init__(self, address: str, port: int) -> None:
        super().__init__(address, port)
        self.was_cut = False
        self._cutting = threading.Lock()

    def connect(self, tls_name: str | None = None) -> None:
        """Connect; with a name inside TLS, whose certificate is checked against the name, not the address."""
        reached = socket.create_connection((self.host, self.port), CONNECT_SECONDS)
        reached.settimeout(ANSWER_SECONDS)
        self._hold(reached)
        if tls_name is not None:
            # The authorities that this machine trusts, a site's own among them.
            context = ssl.create_default_context()
            inside = context.wrap_socket(reached, server_hostname=tls_name, do_handshake_on_connect=False)
            self._hold(inside)
            inside.do_handshake()

    def _hold(self, reached: socket.socket) -> None:
        with self._cutting:
            self.sock = reached
        if self.was_cut:
            raise TimeoutError

    def cut(self) -> None:
        """End the call: reads and writes on it fail at once."""
        with self._cutting, contextlib.suppress(OSError):
            self.was_cut = True
            if self.sock is not None:
                # Of the plain socket: that of TLS would first change what the other thread is using.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _word_of(err: Exception, *, was_cut: bool) -> str:
    if was_cut or isinstance(err, TimeoutError):
        return "no_answer"
    return "tls" if isinstance(err, ssl.SSLError) else "no_connection"


def _checked_address(host: str, port: int, *, https: bool, local_ports: Ports) -> Address:
    """Return where a name leads, if a message may go there; the connection goes to this very address."""
    address = resolved(host, port)
    trouble = trouble_of(address, port, https=https, local_ports=local_ports)
    if trouble is not None:
        raise NotSent(trouble, for_good=True)
    return address
