"""Simulated push service of a browser's maker, and the browser behind it that reads what comes.

    service = PushService()
    service.subscription()    what the page sends to the server
    service.wait(...)         the next message, read as a browser reads it (RFC 8291, RFC 8188)

It lies about the way to the phone: there is none, a message is there at once.
"""

import base64
import json
import queue
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_BODY_BYTES = 4096
KEY_INFO, CONTENT_INFO, NONCE_INFO = (
    b"WebPush: info\0",
    b"Content-Encoding: aes128gcm\0",
    b"Content-Encoding: nonce\0",
)


@dataclass(frozen=True, slots=True)
class PushMessage:
    """A message as a phone has it."""

    headers: Mapping[str, str]
    title: str
    page: str


class PushService:
    """Takes messages on a port of the loopback."""

    def __init__(self) -> None:
        """Serve at a free port."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        self._came: queue.SimpleQueue[PushMessage] = queue.SimpleQueue()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(MAX_BODY_BYTES, int(self.headers.get("Content-Length") or 0)))
                service.take(dict(self.headers.items()), body)
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="push", daemon=True
        )
        self._thread.start()

    @property
    def place(self) -> str:
        """Return host and port, as `push_services` names them."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def subscription(self) -> dict[str, str]:
        """Return what the page sends to the server of this browser."""
        return {
            "endpoint": f"http://{self.place}/{secrets.token_urlsafe(8)}",
            "p256dh": _letters(self._point()),
            "auth": _letters(self._auth),
        }

    def wait(self, timeout_seconds: float) -> PushMessage:
        """Return the next message; raise TimeoutError."""
        try:
            return self._came.get(timeout=timeout_seconds)
        except queue.Empty as err:
            raise TimeoutError("no push message came") from err

    def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Read a message and keep it for `wait`."""
        said = json.loads(self._read(body))["notification"]
        self._came.put(PushMessage(headers, said["body"], said["navigate"]))

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _read(self, body: bytes) -> bytes:
        salt, length = body[:16], body[20]
        sender = body[21 : 21 + length]
        shared = self._key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        secret = HKDF(SHA256(), 32, self._auth, KEY_INFO + self._point() + sender).derive(shared)
        key = HKDF(SHA256(), 16, salt, CONTENT_INFO).derive(secret)
        nonce = HKDF(SHA256(), 12, salt, NONCE_INFO).derive(secret)
        return AESGCM(key).decrypt(nonce, body[21 + length :], None).rstrip(b"\0").removesuffix(b"\x02")

    def _point(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
