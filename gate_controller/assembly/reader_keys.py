"""Store and read the keys of OSDP readers.

    none ──> osdp-NAME.key.new written ──> key sent ──> reader back under it ──> renamed to osdp-NAME.key

The new key is on disk before it is sent, and is used again by every later try until the reader was
seen under it. Wherever a power cut falls, the reader is then either in install mode still, or under
the key of the `.new` file, or under that of the old file: there is no key that only a reader knows.
"""

import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from gate_controller.command_line.command_names import gate_command
from gate_controller.storage.secrets import SecretsUnusable, read_secret, write_secret
from hardware.errors import BadDeviceSetting
from hardware.osdp.pairing import Answer, ask_reader, pair_reader
from hardware.osdp.panel import KEY_BYTES, checked_key

NEW = ".new"


@dataclass(frozen=True, slots=True)
class ReaderAddress:
    """Where a reader is: its name in the site file, its port, baud rate and OSDP address."""

    name: str
    port: Path
    baud: int
    address: int


def key_name(reader: str) -> str:
    """Return the name of a reader's key file in the secrets folder."""
    return f"osdp-{reader}.key"


def read_reader_key(secrets_dir: Path, reader: str) -> bytes:
    """Return a reader's key; raise SecretsUnusable when it is missing, too readable or publicly known."""
    path = secrets_dir / key_name(reader)
    if not path.exists():
        raise SecretsUnusable(f"{path} is missing; pair the reader: {gate_command('pair-reader', reader)}")
    key = read_secret(secrets_dir, key_name(reader), size=None)
    try:
        return checked_key(key, reader)
    except BadDeviceSetting as err:
        raise SecretsUnusable(f"{path}: {err}") from err


def pair(secrets_dir: Path, reader: ReaderAddress) -> str:
    """Give a reader a key of its own, and return one sentence on what was found or done.

    A reader that speaks under its key already is left alone. Raise DeviceRefused or
    DeviceUnavailable when it cannot be paired, SecretsUnusable on a key file open to others.
    """
    name = key_name(reader.name)
    where = (str(reader.port), reader.baud, reader.address)
    if (secrets_dir / name).exists():
        key = read_reader_key(secrets_dir, reader.name)
        if ask_reader(*where, key, name=reader.name) is Answer.OURS:
            return f"{reader.name} is paired already and speaks under its key; nothing was changed."
    key = _pending_key(secrets_dir, name + NEW)
    pair_reader(*where, key, name=reader.name)
    (secrets_dir / (name + NEW)).replace(secrets_dir / name)
    return f"{reader.name} has a key of its own now, in {secrets_dir / name}."


def _pending_key(secrets_dir: Path, name: str) -> bytes:
    path = secrets_dir / name
    if path.exists():
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretsUnusable(f"{path} can be read by others; run: chmod 600 {path}")
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    key = secrets.token_bytes(KEY_BYTES)
    write_secret(secrets_dir, name, key)
    return key
