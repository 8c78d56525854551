"""The bell: names, keys and passes by which a gate hears, at a broker of NATS, that it should ask now.

An empty message on a gate's own subject means "ask now"; nothing else travels there and nothing rests on it.
The broker reads JSON web tokens of NATS (version 2: the claims, signed by Ed25519) and keys in its own
writing: a byte that says of what, the key, a checksum, in base 32
(https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt).
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.signing import public_bytes

WAKE_UP_PREFIX = "ring."
UNLIMITED = -1
_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
_KINDS: dict[str, int] = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
"""The first byte of a key: an O, an A or a U when it is written."""

KeyKind = Literal["operator", "account", "user"]


def nkey(kind: KeyKind, public_key: bytes) -> str:
    """Return a public key as the broker writes it."""
    raw = bytes([_KINDS[kind]]) + public_key
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def wake_up_subject(site_id: str, gate_id: str) -> str:
    """Return the subject of a gate's wake-ups: a digest, so that the broker learns no name of a gate."""
    digest = hashlib.sha256(f"menjin/bell/1|{site_id}|{gate_id}".encode()).hexdigest()
    return WAKE_UP_PREFIX + digest[:32]


def answer_nonce(key: Ed25519PrivateKey, nonce: str) -> str:
    """Return a broker's challenge, signed. The key is for nothing else: the broker chooses what it signs."""
    return _text(key.sign(nonce.encode()))


# -- passes of users -------------------------------------------------------------------------------


def pass_claims(account: bytes, user: bytes, subject: str, issued_at: int, expires_at: int) -> bytes:
    """Return what a gate's pass says: it may hear its own bell and say nothing.

    Gate and server both make these very bytes, so that of the pass only the signature travels.
    """
    may: dict[str, object] = {
        "pub": {"deny": [">"]},
        "sub": {"allow": [subject]},
        "subs": 1,
        "data": UNLIMITED,
        "payload": 0,
    }
    return _user_claims(account, user, subject, issued_at, expires_at, may)


def ringer_claims(
    account: bytes,
    user: bytes,
    issued_at: int,
    expires_at: int,
    hears: Sequence[str],
    asks: Sequence[str] = (),
) -> bytes:
    """Return what the server's own pass says: it may wake every gate of its account, without a word.

    `hears` are the broker's words about connections of this account, `asks` its questions about them.
    """
    may: dict[str, object] = {
        "pub": {"allow": [f"{WAKE_UP_PREFIX}*", *asks]},
        "sub": {"allow": list(hears)} if hears else {"deny": [">"]},
        "subs": UNLIMITED,
        "data": UNLIMITED,
        "payload": 0,
    }
    return _user_claims(account, user, "server", issued_at, expires_at, may)


def _user_claims(
    account: bytes, user: bytes, name: str, issued_at: int, expires_at: int, may: Mapping[str, object]
) -> bytes:
    return claims(
        nkey("account", account),
        nkey("user", user),
        name,
        issued_at,
        {**may, "type": "user", "version": 2},
        expires_at,
    )


# -- any token -------------------------------------------------------------------------------------


def claims(
    issuer: str,
    subject: str,
    name: str,
    issued_at: int,
    of_nats: Mapping[str, object],
    expires_at: int | None = None,
) -> bytes:
    """Return the bytes of a token that its issuer signs."""
    said: dict[str, object] = {
        "iat": issued_at,
        "iss": issuer,
        "name": name,
        "nats": dict(of_nats),
        "sub": subject,
    }
    if expires_at is not None:
        said["exp"] = expires_at
    said["jti"] = base64.b32encode(hashlib.sha256(_json(said)).digest()).decode().rstrip("=")
    header = _text(_json(_HEADER))
    return f"{header}.{_text(_json(said))}".encode()


def token(signed: bytes, signature: bytes) -> str:
    """Return claims and their signature as the broker reads them."""
    return f"{signed.decode()}.{_text(signature)}"


def signed_token(key: Ed25519PrivateKey, signed: bytes) -> str:
    """Return claims, signed by their issuer."""
    return token(signed, key.sign(signed))


def account_of(key: Ed25519PrivateKey) -> str:
    """Return an account's name at the broker: its public key."""
    return nkey("account", public_bytes(key))


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
