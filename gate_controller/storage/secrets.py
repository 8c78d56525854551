"""Store the gate's secrets: one file each, readable by the gate's user alone.

A secret that systemd hands over ($CREDENTIALS_DIRECTORY, from LoadCredentialEncrypted= in the unit)
comes first: on the disk it is sealed, to the machine's TPM where there is one. Otherwise the file in
`secrets_dir` is taken, and a thief of the disk has it. `menjin gate check` says which it is.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gate_controller.command_line.command_names import gate_command

GATE_KEY = "gate.key"
CARD_KEY = "card.key"
PIN_KEY = "pin.key"
FACE_SECRET = "face.key"  # noqa: S105 - the name of a file
IDENTITY = "identity.json"
SECRET_BYTES = 32
SEALED_FOLDER = Path("/etc/credstore.encrypted/menjin-gate")
"""Where deploy/menjin-gate-sealed.conf has the sealed secrets."""


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


def handed_over(name: str) -> Path | None:
    """Return where systemd has put this secret for the running service, or None."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.is_file() else None


def read_secret(folder: Path, name: str, size: int | None = SECRET_BYTES) -> bytes:
    """Return a secret; raise SecretsUnusable when it is missing, open to others or of another size.

    One that systemd hands over is taken before the file in `folder`.
    """
    credential = handed_over(name)
    path = folder / name if credential is None else credential
    # systemd lets the service's user read by an access list, which shows as a right of the group.
    open_to_others = stat.S_IRWXO if credential is not None else stat.S_IRWXG | stat.S_IRWXO
    try:
        mode = path.stat().st_mode
        value = path.read_bytes()
    except OSError as err:
        raise SecretsUnusable(f"{path}: {err.strerror}; {_remedy(name)}") from err
    if mode & open_to_others:
        raise SecretsUnusable(f"{path} can be read by others; run: chmod 600 {path}")
    if size is not None and len(value) != size:
        raise SecretsUnusable(f"{path} has {len(value)} bytes instead of {size}; pair the gate again")
    return value


def _remedy(name: str) -> str:
    sealed = SEALED_FOLDER / name
    if not sealed.exists():
        return f"pair the gate with `{gate_command('pair')}`"
    return (
        f"it is sealed in {sealed} and only the unit opens it: run this in the unit's place with "
        f"`systemd-run --pipe -p User=menjin -p LoadCredentialEncrypted={name}:{sealed} …`, one -p a secret"
    )


def gate_private_key(folder: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(read_secret(folder, GATE_KEY))


def private_key_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of a private key."""
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
