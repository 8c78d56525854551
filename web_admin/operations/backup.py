"""Back up and restore a server in one sealed file, without what could restore a face.

    MENJIN-BACKUP-1 \\n  salt:16  then frames of  length:4  AES-256-GCM(zlib(MessagePack))

The key comes from a passphrase by scrypt (RFC 7914). Each frame's nonce is its number and its
associated data says whether it is the last, so frames cannot be swapped, dropped or cut off. The
first frame holds the secrets, the others rows of tables. Shares of faces and their key are left out.
"""

import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import select

from web_admin.core.backup_files import MAGIC
from web_admin.core.config import SECRET_NAMES, WebConfig
from web_admin.core.database import Database
from web_admin.core.named_faults import naming
from web_admin.core.refusal import N_, WorkRefused
from web_admin.operations.schema import current_revision, newest_revision
from web_admin.operations.stored_tables import stored_tables
from web_admin.tables import METADATA

SCRYPT_COST = 2**16
ROWS_A_FRAME = 2000
MAX_FRAME_BYTES = 256 * 1024 * 1024
"""Of one part, sealed and unpacked."""
UNPACKED_TIMES = 100
"""A file unpacks to so many times its size at most, beyond UNPACKED_FREE_BYTES; rows and cells to a few."""
UNPACKED_FREE_BYTES = 64 * 1024 * 1024
LEFT_OUT = frozenset(
    {
        "account_session",
        "face_share",
        "home_call",
        "limit_count",
        "outbox_message",
        "print_slip",
        "push_phone",
        "server_machine",
        "telephone_task",
        "wrap_key_copy",
    }
)
"""Shares never leave; messages were sent since, and a restored server must not send them once more; what
waits to be printed is to be shown once and kept nowhere else. A restored server opens no old session: some
were ended since, and a phone gets push messages as long as its session is open. Machines enter a restored
database again, with keys of their own. Calls to homes are over, and no telephone is called for them again."""
KEPT_SECRETS = tuple(name for name in SECRET_NAMES if name != "face")


T = TypeVar("T")


class BackupRefused(WorkRefused):
    """The file cannot be taken: no backup, another passphrase, changed, or cut off."""


class Preface(msgspec.Struct, frozen=True):
    """The first frame: what the rows need to make sense."""

    revision: str
    made_at: datetime
    secrets: dict[str, bytes]


class Rows(msgspec.Struct, frozen=True):
    table: str
    columns: list[str]
    rows: list[list[object]]


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=SCRYPT_COST, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int) -> bytes:
    return struct.pack(">4xQ", number)


def _write_frames(file: BinaryIO, passphrase: str, frames: Iterator[bytes]) -> None:
    salt = secrets.token_bytes(16)
    file.write(MAGIC + salt)
    write_sealed(file, _cipher(passphrase, salt), frames)


def write_sealed(file: BinaryIO, cipher: AESGCM, frames: Iterator[bytes]) -> None:
    """Write frames, one at least, under a key that seals nothing else."""
    number, pending = 0, next(frames)
    for following in frames:
        _write_frame(file, cipher, number, pending, last=False)
        number, pending = number + 1, following
    _write_frame(file, cipher, number, pending, last=True)


def _write_frame(file: BinaryIO, cipher: AESGCM, number: int, plain: bytes, *, last: bool) -> None:
    sealed = cipher.encrypt(_nonce(number), zlib.compress(plain), b"last" if last else b"more")
    file.write(struct.pack(">I", len(sealed)) + sealed)


def read_frames(file: BinaryIO, passphrase: str) -> Iterator[bytes]:
    """Give the frames of a backup; raise BackupRefused."""
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupRefused(N_("this file is no backup of Menjin"))
    yield from read_sealed(file, _cipher(passphrase, file.read(16)))


def read_sealed(file: BinaryIO, cipher: AESGCM, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> Iterator[bytes]:
    """Give the frames of a file; raise BackupRefused where they were changed, cut off or unpack too far."""
    number, length = 0, file.read(4)
    free = UNPACKED_FREE_BYTES
    while length:
        size = struct.unpack(">I", length)[0] if len(length) == 4 else MAX_FRAME_BYTES + 1
        sealed = file.read(size) if size <= MAX_FRAME_BYTES else b""
        length = file.read(4)
        try:
            packed = cipher.decrypt(_nonce(number), sealed, b"more" if length else b"last")
        except (InvalidTag, ValueError) as err:
            if number == 0:
                raise BackupRefused(N_("wrong passphrase, or the file was changed or cut off")) from err
            after = N_("the file was changed or cut off after part %(number)s")
            raise BackupRefused(after, number=number) from err
        free += len(packed) * UNPACKED_TIMES
        plain = _unpacked(packed, min(max_frame_bytes, free))
        free -= len(plain)
        yield plain
        number += 1
    if number == 0:
        raise BackupRefused(N_("the file ends before its first part"))


def _unpacked(packed: bytes, most_bytes: int) -> bytes:
    """Return what is packed; raise BackupRefused beyond so many bytes, which are never in memory."""
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(packed, most_bytes + 1)
    except zlib.error as err:
        raise BackupRefused(N_("a part of the file cannot be read: %(why)s"), why=err) from err
    if len(plain) > most_bytes or not unpacking.eof or unpacking.unused_data:
        raise BackupRefused(N_("the file unpacks to more than it may: it was made to fill memory and disk"))
    return plain


def write_backup(database: Database, config: WebConfig, passphrase: str, path: Path, now: datetime) -> int:
    """Write one consistent state to a new file of mode 0600; return how many rows it holds.

    Raises FileExistsError rather than replace a file. Nothing is left when it fails.
    """
    if len(passphrase) < 1:
        raise BackupRefused(N_("the passphrase is empty"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    counted: list[int] = []
    try:
        with naming(path), os.fdopen(descriptor, "wb") as file:
            _write_frames(file, passphrase, _frames(database, config, now, counted))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
    return sum(counted)


def _frames(database: Database, config: WebConfig, now: datetime, counted: list[int]) -> Iterator[bytes]:
    kept = {
        "seal": config.seal_key,
        "lookup": config.lookup_key,
        "session": config.session_key,
        "totp": config.totp_key,
        "password_salt": config.password_salt,
    }
    preface = Preface(
        current_revision(database.engine) or "", now, {name: kept[name] for name in KEPT_SECRETS}
    )
    yield msgspec.msgpack.encode(preface)
    is_of_this_version, ours = preface.revision == newest_revision(), METADATA.tables
    with database.snapshot() as session:
        for table in stored_tables(session.connection()).values():
            if table.name in LEFT_OUT or (is_of_this_version and table.name not in ours):
                continue  # what is none of ours may lie beside it
            columns = [str(column.name) for column in table.columns]
            result = session.execute(select(table).execution_options(yield_per=ROWS_A_FRAME))
            for part in result.partitions():
                counted.append(len(part))
                yield msgspec.msgpack.encode(Rows(str(table.name), columns, [list(row) for row in part]))


def read_preface(passphrase: str, path: Path) -> Preface:
    """Return the first part of a backup; raise BackupRefused."""
    with path.open("rb") as file:
        return decode_frame(next(read_frames(file, passphrase)), Preface)


def decode_frame(frame: bytes, type_: type[T]) -> T:
    """Return what a part of the file holds; raise BackupRefused."""
    try:
        return msgspec.msgpack.decode(frame, type=type_)
    except msgspec.MsgspecError as err:
        raise BackupRefused(N_("a part of the file cannot be read: %(why)s"), why=err) from err
