"""The gate's own secrets: one file each, readable by the gate's user alone.

What protects them is the file system (or, where the installer mounts it so, a TPM-sealed or
systemd-credential folder); a thief of an unsealed disk has them. `docs/threat_model.md` says so.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

GATE_KEY = "gate.key"
CARD_KEY = "card.key"
PIN_KEY = "pin.key"
FACE_SECRET = "face.key"  # noqa: S105 - the name of a file
IDENTITY = "identity.json"
SECRET_BYTES = 32


class SecretsUnusable(Exception):
    """A secret is missing, too open or of the wrong size; says which file and what to do."""


def write_secret(folder: Path, name: str, value: bytes) -> None:
    """Write a secret for this user alone, whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
    # The name too has to outlive a power cut.
    folder_descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)


def read_secret(folder: Path, name: str, size: int | None = SECRET_BYTES) -> bytes:
    """Return a secret; raise SecretsUnusable when it is missing, open to others or of another size."""
    path = folder / name
    try:
        mode = path.stat().st_mode
        value = path.read_bytes()
    except OSError as err:
        raise SecretsUnusable(f"{path}: {err.strerror}; pair the gate with `menjin gate pair`") from err
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretsUnusable(f"{path} can be read by others; run: chmod 600 {path}")
    if size is not None and len(value) != size:
        raise SecretsUnusable(f"{path} has {len(value)} bytes instead of {size}; pair the gate again")
    return value


def gate_private_key(folder: Path) -> Ed25519PrivateKey:
    """Return the gate's signing key."""
    return Ed25519PrivateKey.from_private_bytes(read_secret(folder, GATE_KEY))


def private_key_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of a private key."""
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
