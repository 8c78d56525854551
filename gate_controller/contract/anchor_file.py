"""Anchors: signed heads kept elsewhere, against which a journal or a ledger shows that it was rewritten."""

from pathlib import Path

import msgspec

from gate_controller.contract.forgetting_certificate import (
    CertificateBroken,
    check_certificate,
    ledger_head,
    read_certificate,
)
from gate_controller.contract.journal_chain import (
    COUNTERSIGN_DOMAIN,
    HEAD_DOMAIN,
    ChainBroken,
    Head,
    SignedHead,
)
from gate_controller.contract.signing import SignatureRefused, verify


class NothingToVerify(Exception):
    """A file is missing or is not what it has to be; says which and what to do."""


def read_anchor(path: Path, public_key_hex: str | None = None) -> Head:
    """Return the head an anchor file holds, its signature checked when the key is given.

    The file is a `SignedHead` in JSON: a gate's own head, or one the site countersigned. Raise
    NothingToVerify when it cannot be read and ChainBroken when the key did not sign it.
    """
    try:
        signed = msgspec.json.decode(path.read_bytes(), type=SignedHead)
        head = msgspec.json.decode(signed.head, type=Head)
        key = bytes.fromhex(public_key_hex) if public_key_hex else None
    except (OSError, msgspec.MsgspecError, ValueError) as err:
        raise NothingToVerify(f"{path}: this is no anchor with a key in hex: {err}") from err
    if key is not None and not any(_signed_by(key, d, signed) for d in (COUNTERSIGN_DOMAIN, HEAD_DOMAIN)):
        raise ChainBroken(f"the anchor {path} was not signed by the key given")
    return head


def _signed_by(key: bytes, domain: str, signed: SignedHead) -> bool:
    try:
        verify(key, domain, signed.head, signed.signature)
    except SignatureRefused:
        return False
    return True


def read_ledger_anchor(path: Path, public_key_hex: str | None = None) -> Head:
    """Return the head that an anchor of a ledger names: a signed head, or a certificate of forgetting.

    Raise NothingToVerify when it is neither and ChainBroken when it is not signed as it says.
    """
    try:
        found = read_certificate(path.read_bytes())
    except ValueError:
        return read_anchor(path, public_key_hex)
    try:
        return ledger_head(check_certificate(found).statement)
    except CertificateBroken as err:
        raise ChainBroken(f"the anchor {path}: {err}") from err
