"""Build, seal and verify the certificate that a face was forgotten.

    {"statement": {…}, "seals": {path: SHA-256 of the field}, "certificate": {…}, "signature": "…"}

The site's anchor key, which the root certified, signs the seals; so a changed field is named, not only
noticed. It contains the gates' signed receipts, and states what it cannot show.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.journal_chain import Head
from gate_controller.contract.messages import MAX_LEASE_SECONDS, SignedReceipt, open_receipt
from gate_controller.contract.records import Id, Instant
from gate_controller.contract.signing import SignatureRefused, SignedCertificate, certified_key, sign, verify

FORGETTING_DOMAIN = "menjin/forgetting/1"
FORMAT = "menjin/forgetting-certificate/1"
LEASE_ENDS_AFTER = timedelta(seconds=MAX_LEASE_SECONDS, minutes=10)
"""After its share was destroyed no lease lives longer: 72 hours, and what an answer under way may add."""

CLOCKS_MAY_DIFFER = timedelta(minutes=10)

LIMITS = ("dishonest_gate", "gate_keys", "running_memory", "old_blocks")
"""Limits of every certificate. It does not show that a gate was honest, that the keys it names are the gates'
own (compare them at the gates), that nothing was read from a gate while it ran, or that no old block of
flash still has the face (sealed, and useless without the destroyed share)."""
NO_KEYS: Mapping[str, bytes] = MappingProxyType({})

Hex = str


class CertificateBroken(Exception):
    """Something in a certificate does not hold; `field` names where."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the file; what it does not know is refused."""


class SitePart(_Part, frozen=True):
    """The site that signs. `root_key_id` is the start of the SHA-256 of the root's public key."""

    site_id: Id
    name: str
    root_public_key: Hex
    root_key_id: Hex


class ConsentPart(_Part, frozen=True):
    """The consent; `ended_at` is None while it lives on for other gates."""

    consent_id: Id
    person_id: Id
    purpose: str
    notice_version: int
    notice_sha256: Hex
    given_at: Instant
    ended_at: Instant | None


class LedgerPart(_Part, frozen=True):
    """The entry of the site's ledger that records the ending."""

    journal_id: str
    seq: int
    digest: Hex


class ReceiptPart(_Part, frozen=True):
    """A gate's receipt: the signed bytes, and what they say in plain sight."""

    forgotten_at: Instant
    blob_found: bool
    journal_seq: int
    received_at: Instant
    body: str
    signature: str


class GatePart(_Part, frozen=True):
    """One gate that may have had the face, and its state there."""

    gate_id: Id
    name: str
    why: str
    public_key: Hex
    share_destroyed_at: Instant
    lease_ends_at: Instant
    receipt: ReceiptPart | None


class WrapKeyPart(_Part, frozen=True):
    """A key that the destroyed shares were sealed under in the database; None: not destroyed yet."""

    key_id: Hex
    destroyed_at: Instant | None


class Statement(_Part, frozen=True):
    """All that is stated. `open` is empty exactly when `state` is complete."""

    format: str
    made_at: Instant
    state: Literal["complete", "in_progress"]
    open: tuple[str, ...]
    site: SitePart
    consent: ConsentPart
    ledger: LedgerPart
    gates: tuple[GatePart, ...]
    wrapping_keys: tuple[WrapKeyPart, ...]
    shares_in_backups: bool
    limits: tuple[str, ...]


class ForgettingCertificate(_Part, frozen=True):
    statement: Statement
    seals: dict[str, Hex]
    certificate: SignedCertificate
    signature: str


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """A verified certificate, and the keys it was verified with: the root's, and which gates' own."""

    statement: Statement
    pinned: bool
    pinned_gates: frozenset[str] = frozenset()


def root_key_id(root_public_key: bytes) -> Hex:
    """Return the 16 hex digits by which people compare a root key."""
    return key_id(root_public_key)


def key_id(public_key: bytes) -> Hex:
    """Return the 16 hex digits by which people compare a public key, a gate's own on its screen too."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def what_is_open(
    gates: tuple[GatePart, ...], keys: tuple[WrapKeyPart, ...], made_at: datetime
) -> tuple[str, ...]:
    """Return what still keeps a certificate from being complete, each as `what:id`."""
    waiting = [
        f"gate:{gate.gate_id}" for gate in gates if gate.receipt is None and made_at < gate.lease_ends_at
    ]
    return (*waiting, *(f"wrapping_key:{key.key_id}" for key in keys if key.destroyed_at is None))


def has_odd_time(receipt: ReceiptPart, consent: ConsentPart) -> bool:
    """Return whether a receipt is dated before its consent was given or after it arrived.

    The gate's clock was wrong then. The receipt counts all the same: it is of this consent and later than its
    share's end by when it arrived, not by what that clock said.
    """
    earliest, latest = consent.given_at - CLOCKS_MAY_DIFFER, receipt.received_at + CLOCKS_MAY_DIFFER
    return not earliest <= receipt.forgotten_at <= latest


def sign_certificate(
    statement: Statement, key: Ed25519PrivateKey, certificate: SignedCertificate
) -> ForgettingCertificate:
    """Seal every field and sign the seals."""
    seals = seals_of(statement)
    signature = sign(key, FORGETTING_DOMAIN, _encoded(seals))
    return ForgettingCertificate(statement, seals, certificate, base64.b64encode(signature).decode())


def seals_of(statement: Statement) -> dict[str, Hex]:
    """Return the SHA-256 of every field's JSON by its path, such as `gates[0].receipt.blob_found`."""
    fields = dict(_leaves(msgspec.to_builtins(statement), ""))
    return {path: hashlib.sha256(_encoded(value)).hexdigest() for path, value in sorted(fields.items())}


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and value:
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


# -- checking --------------------------------------------------------------------------------------


def read_certificate(body: bytes) -> ForgettingCertificate:
    """Return a certificate as it lies in a file; raise ValueError when it is none."""
    try:
        return msgspec.json.decode(body, type=ForgettingCertificate)
    except (msgspec.MsgspecError, RecursionError) as err:
        raise ValueError(f"this is no certificate of forgetting: {err}") from err


def check_certificate(
    found: ForgettingCertificate,
    root_public_key: bytes | None = None,
    gate_keys: Mapping[str, bytes] = NO_KEYS,
) -> CheckedCertificate:
    """Check a certificate against a root key, or the one it names, and receipts against keys of gates.

    `gate_keys` are public keys by gate, as the gates themselves show them: a server that invented a receipt
    had to sign it with another. Without them the certificate's own word for a gate's key is taken.
    Raises CertificateBroken naming the first field that does not hold.
    """
    statement = found.statement
    if statement.format != FORMAT:
        raise CertificateBroken("format", f"is {statement.format!r}; this program knows {FORMAT!r}")
    root = root_public_key or _from_hex("site.root_public_key", statement.site.root_public_key)
    _check_signature(found, root)
    _check_seals(found)
    if root.hex() != statement.site.root_public_key:
        raise CertificateBroken("site.root_public_key", "is not the root key that was given")
    if root_key_id(root) != statement.site.root_key_id:
        raise CertificateBroken("site.root_key_id", "does not belong to the root key")
    for number, gate in enumerate(statement.gates):
        given = gate_keys.get(gate.gate_id)
        if given is not None and given.hex() != gate.public_key:
            why = "is not the gate's key that was given, but another controller's, or the server's own"
            raise CertificateBroken(f"gates[{number}].public_key", why)
        _check_gate(statement, gate, f"gates[{number}]")
    _check_state(statement)
    pinned_gates = frozenset(gate.gate_id for gate in statement.gates if gate.gate_id in gate_keys)
    return CheckedCertificate(statement, pinned=root_public_key is not None, pinned_gates=pinned_gates)


def _check_signature(found: ForgettingCertificate, root: bytes) -> None:
    try:
        key = certified_key(root, found.certificate, found.statement.site.site_id, "anchor")
    except SignatureRefused as err:
        # The site's name is part of what the root certified, and may be what was changed.
        _check_seals(found, only="site.")
        raise CertificateBroken("certificate", f"the root key did not certify this key: {err}") from err
    try:
        verify(key, FORGETTING_DOMAIN, _encoded(found.seals), base64.b64decode(found.signature))
    except (SignatureRefused, ValueError) as err:
        raise CertificateBroken("signature", "the site's key did not sign these seals") from err


def _check_seals(found: ForgettingCertificate, only: str = "") -> None:
    actual = seals_of(found.statement)
    for path in sorted({*actual, *found.seals}):
        if path.startswith(only) and actual.get(path) != found.seals.get(path):
            what = "was changed" if path in actual and path in found.seals else "was added or taken away"
            raise CertificateBroken(path, what)


def _check_gate(statement: Statement, gate: GatePart, where: str) -> None:
    if gate.lease_ends_at != gate.share_destroyed_at + LEASE_ENDS_AFTER:
        raise CertificateBroken(f"{where}.lease_ends_at", "is not 72 hours after the share was destroyed")
    if gate.receipt is None:
        return
    part, inside = gate.receipt, f"{where}.receipt"
    try:
        signed = SignedReceipt(
            receipt=base64.b64decode(part.body), signature=base64.b64decode(part.signature)
        )
        receipt = open_receipt(signed, _from_hex(f"{where}.public_key", gate.public_key))
    except (SignatureRefused, ValueError) as err:
        raise CertificateBroken(f"{inside}.signature", f"the gate's key did not sign it: {err}") from err
    said = {
        "gate_id": (receipt.gate_id, gate.gate_id),
        "site_id": (receipt.site_id, statement.site.site_id),
        "consent_id": (receipt.consent_id, statement.consent.consent_id),
        "person_id": (receipt.person_id, statement.consent.person_id),
        "forgotten_at": (receipt.forgotten_at, part.forgotten_at),
        "blob_found": (receipt.blob_found, part.blob_found),
        "journal_seq": (receipt.journal_seq, part.journal_seq),
    }
    for name, (signed_value, shown) in said.items():
        if signed_value != shown:
            raise CertificateBroken(f"{inside}.{name}", "is not what the gate signed")


def _check_state(statement: Statement) -> None:
    still = what_is_open(statement.gates, statement.wrapping_keys, statement.made_at)
    if statement.open != still:
        raise CertificateBroken("open", "does not follow from the lines")
    if statement.state != ("in_progress" if still else "complete"):
        raise CertificateBroken("state", "does not follow from the lines")
    if statement.shares_in_backups:
        raise CertificateBroken("shares_in_backups", "shares of faces may not be in backups")


def _from_hex(field: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as err:
        raise CertificateBroken(field, "is not hex") from err


def ledger_head(statement: Statement) -> Head:
    """Return the entry of the site's ledger that this certificate anchors."""
    ledger = statement.ledger
    return Head(statement.site.site_id, ledger.journal_id, ledger.seq, bytes.fromhex(ledger.digest))
