"""Encrypt push messages for one browser (RFC 8291) and sign their sending (VAPID, RFC 8292).

The service of the browser's maker sees that a message went to a browser, and when: text and title are
encrypted to a key that the browser alone has, and padded, so that their length says nothing either.
"""

import base64
import secrets
from datetime import datetime, timedelta

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from web_admin.core.sealing import Sealer

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256: a private key is a number from 1 to one less."""
POINT_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16
RECORD_BYTES = 4096
"""The size that each push service takes (RFC 8030 section 7.2): one record of RFC 8188."""
PADDED_BYTES = 2048
SIGNED_FOR = timedelta(hours=12)
"""At most 24 hours (RFC 8292 section 2)."""


class Subscription(msgspec.Struct, frozen=True):
    """The browser's address at its push service, its public key and its secret (RFC 8291 section 2)."""

    endpoint: str
    p256dh: bytes
    auth: bytes


def base64url(data: bytes) -> str:
    """Return the letters of RFC 7515: no padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Return the bytes of such letters; raise ValueError."""
    return base64.b64decode(
        text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True
    )


def sending_key(sealer: Sealer, site_id: str) -> ec.EllipticCurvePrivateKey:
    """Return the key that signs for a site (VAPID), derived from the server's own keys.

    Stored nowhere: a backup, a restore and each machine of a site have it as soon as they have those.
    """
    wide = b"".join(sealer.lookup(f"push-key-{part}", site_id.encode()) for part in (1, 2))
    return ec.derive_private_key(int.from_bytes(wide, "big") % (ORDER - 1) + 1, CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key as the point that browsers and push services take."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def signed_header(key: ec.EllipticCurvePrivateKey, audience: str, contact: str, now: datetime) -> str:
    """Return the Authorization header of RFC 8292: who sends, to which service and until when."""
    claims = {"aud": audience, "exp": int((now + SIGNED_FOR).timestamp()), "sub": contact}
    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    signed = ".".join(base64url(msgspec.json.encode(part)) for part in parts)
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={base64url(public_bytes(key))}"


def encrypted(
    text: bytes,
    to: Subscription,
    *,
    padded_bytes: int = PADDED_BYTES,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return a message as the `aes128gcm` body for one browser; raise ValueError where it is too long.

    `key` and `salt` are fresh each time; they are given only where the standard's example is played.
    """
    key = key or ec.generate_private_key(CURVE)
    salt = salt or secrets.token_bytes(SALT_BYTES)
    own = public_bytes(key)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.p256dh))
    secret = _derived(shared, to.auth, b"WebPush: info\0" + to.p256dh + own, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own)]) + own
    last = text + b"\x02"  # the delimiter of the last record, before the padding
    body = head + AESGCM(content_key).encrypt(nonce, last.ljust(padded_bytes, b"\0"), None)
    if len(body) > RECORD_BYTES:
        raise ValueError(f"a push message of {len(text)} bytes does not fit into one record")
    return body


def _derived(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)
