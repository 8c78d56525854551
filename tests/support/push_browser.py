"""The browser's end of a push message: its keys, and reading what was sent, straight from the standards.

It shares no line with the sender: HMAC in place of HKDF, and the signature checked over its raw numbers.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


@dataclass
class PushBrowser:
    """One browser that subscribed at a push service."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def form(self) -> dict[str, str]:
        """Return what the page sends to the server."""
        return {"endpoint": self.endpoint, "p256dh": letters(self.point), "auth": letters(self.auth)}

    def read(self, body: bytes) -> bytes:
        """Return the text of one record (RFC 8291 section 3.4, RFC 8188 section 2)."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(body) <= int.from_bytes(body[16:20], "big") == 4096
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        prk_key = _mac(self.auth, self.key.exchange(ec.ECDH(), point))
        ikm = _mac(prk_key, b"WebPush: info\x00" + self.point + sender + b"\x01")
        prk = _mac(salt, ikm)
        content_key = _mac(prk, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _mac(prk, b"Content-Encoding: nonce\x00\x01")[:12]
        text, delimiter, padding = AESGCM(content_key).decrypt(nonce, sealed, None).rpartition(b"\x02")
        assert delimiter
        assert padding.strip(b"\x00") == b""
        return text


def claims_of(header: str, endpoint: str) -> tuple[dict[str, object], str]:
    """Return the claims of an Authorization header and its key, after the checks of RFC 8292."""
    scheme, _blank, parameters = header.partition(" ")
    given = dict(part.strip().split("=", 1) for part in parameters.split(","))
    head, body, signature = given["t"].split(".")
    assert scheme == "vapid"
    assert json.loads(data_of(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = data_of(signature)
    numbers = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data_of(given["k"]))
    point.verify(numbers, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(data_of(body))
    parts = urlsplit(endpoint)
    assert claims["aud"] == f"{parts.scheme}://{parts.netloc}"
    return claims, given["k"]
