"""Sign as the browser of a phone does."""

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


def raw_signature(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return the 64 bytes that WebCrypto makes, the same each time for the same message (RFC 6979)."""
    signature = key.sign(message, ECDSA(SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
