"""Carry a cell to another machine in one sealed file; neither machine serves it before the original is gone.

    target    expects   makes a key pair and says the public key
    source    packs     the note in the folder takes the cell out; its files go into an archive for that key
    target    unpacks   every file compared by its digest; the folder lies there with a note, out
    source    leaves    overwrites the keys, removes the folder, and says a receipt
    target    arrives   with the receipt: the note is removed, the cell is served

Each step may be done again. Before the source leaves both can go back: the target abandons, it stays.

    MENJIN-PARCEL-1 \\n  sealed key:80  then frames as a backup has them
"""

import hashlib
import hmac
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from web_admin.cells.folders import MOVING
from web_admin.cells.holds import end_all_holds
from web_admin.cells.moved_files import (
    Note,
    Say,
    destroy,
    digest_of,
    files_of,
    not_served,
    note_in,
    overwrite,
)
from web_admin.cells.moved_settings import MoveRefused, moved_settings, read_settings_of
from web_admin.cells.whole_files import sync, write_whole
from web_admin.core.config import SETTINGS_NAME
from web_admin.core.database import make_engine
from web_admin.core.named_faults import naming
from web_admin.operations.backup import BackupRefused, read_sealed, write_sealed
from web_admin.operations.schema import current_revision, newest_revision

MAGIC = b"MENJIN-PARCEL-1\n"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SEALED_KEY_BYTES = 32 + 32 + 16
CHUNK_BYTES = 1024 * 1024
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
RESERVE_BYTES = 64 * 1024 * 1024
"""Room that stays free on the disk beside a cell that is laid down."""
LEGAL_MODES = 0o775
"""No file of a cell runs as its owner or is for everyone to write."""
ELSEWHERE = "another machine"
EXPECTS_KEY = "expects.key"
LEAVES_WITHIN_SECONDS = 30.0
_INFO = b"menjin/parcel/1"


class PackedFile(msgspec.Struct, frozen=True):
    """One file of a cell: its place in the folder, its rights, size and SHA-256."""

    path: str
    mode: int
    size: int
    digest: bytes


class Manifest(msgspec.Struct, frozen=True):
    """The first frame: where the cell lay, the revision of its tables, its files, the mark of the receipt."""

    source: str
    revision: str
    files: list[PackedFile]
    receipt_mark: str


class DepartureRecord(msgspec.Struct, frozen=True):
    """The record that stays of a cell that left: its archive's digest, and the receipt."""

    archive: str = msgspec.field(name="parcel")  # the name that older programs wrote
    receipt: str


def expect(target: Path) -> tuple[str, str]:
    """Return the public key to pack for, and the archive's digest where it was unpacked already."""
    note = note_in(target)
    if note is not None and note.source == ELSEWHERE:
        return "", note.archive
    if target.exists():
        raise MoveRefused(f"{target} is there already; nothing was changed")
    if not target.parent.is_dir():
        raise MoveRefused(f"{target.parent} is no folder; make it, for the server's account")
    arriving = _arriving(target)
    arriving.mkdir(mode=0o700, exist_ok=True)
    key_file = arriving / EXPECTS_KEY
    if not key_file.exists():
        write_whole(key_file, X25519PrivateKey.generate().private_bytes_raw())
    return _private_key(target).public_key().public_bytes_raw().hex(), ""


def pack(source: Path, public_key: str, file: Path, say: Say, revision: str | None = None) -> str:
    """Take a cell out and write its archive; return the archive's digest; raise MoveRefused or OSError.

    `revision`: of the tables that the new machine's program takes; others are refused, with nothing changed.
    """
    note = note_in(source)
    if note is None:
        read_settings_of(source)
        if revision is not None and (own := _revision(source)) != revision:
            raise MoveRefused(_of_another_version(source, own, revision) + "; nothing was changed")
        note = Note(str(source), ELSEWHERE, receipt=secrets.token_hex(32))
        write_whole(source / MOVING, msgspec.json.encode(note))
    _refuse_other_move(source, note)
    with not_served(source, say, ends_within_seconds=LEAVES_WITHIN_SECONDS):
        if note_in(source) is None:
            raise MoveRefused(f"{source} was taken back meanwhile: it stays")
        revision = _revision(source)
        packed = [
            PackedFile(
                str(path.relative_to(source)),
                path.stat().st_mode & LEGAL_MODES,
                path.stat().st_size,
                digest_of(path),
            )
            for path in files_of(source)
            if path.name != MOVING
        ]
        manifest = msgspec.msgpack.encode(Manifest(str(source), revision, packed, _mark(note.receipt)))
        digest = hashlib.sha256(manifest).hexdigest()
        write_whole(source / MOVING, msgspec.json.encode(msgspec.structs.replace(note, archive=digest)))
        _write_archive(file, public_key, _frames(source, manifest, packed))
    return digest


def _revision(source: Path) -> str:
    engine = make_engine(read_settings_of(source).database_url)
    try:
        return current_revision(engine) or ""
    finally:
        engine.dispose()


def _refuse_other_move(source: Path, note: Note) -> None:
    if note.target != ELSEWHERE or note.source != str(source):
        raise MoveRefused(f"{source} is on its way to {note.target}: finish that first")
    if note.is_leaving:
        raise MoveRefused(f"{source} is being removed, since its copy is whole: finish that (cells leave)")


def _frames(source: Path, manifest: bytes, packed: list[PackedFile]) -> Iterator[bytes]:
    yield manifest
    for one in packed:
        with (source / one.path).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def _write_archive(path: Path, public_key: str, frames: Iterator[bytes]) -> None:
    key = secrets.token_bytes(32)
    try:
        sealed = SUITE.encrypt(key, X25519PublicKey.from_public_bytes(bytes.fromhex(public_key)), _INFO)
    except ValueError as err:
        raise MoveRefused("the key is none that 'cells expect' said") from err
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with naming(path), os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o644)  # who carries it may be another account, and cannot open it
        file.write(MAGIC + sealed)
        write_sealed(file, AESGCM(key), frames)
        file.flush()
        os.fsync(file.fileno())


def unpack(target: Path, file: Path, judge: Callable[[Path], None] = lambda _cell: None) -> str:
    """Lay the cell down, out until it arrives; return the archive's digest; raise MoveRefused or OSError.

    `judge` looks at the folder before it has its name, and raises MoveRefused.
    """
    key, digest = expect(target)
    if not key:
        _stop_expecting(target)
        return digest
    cell = _arriving(target) / target.name
    if cell.exists():
        shutil.rmtree(cell)
    try:
        with file.open("rb") as read:
            if read.read(len(MAGIC)) != MAGIC:
                raise MoveRefused(f"{file} is no transfer archive")
            sealed = read.read(SEALED_KEY_BYTES)
            frames = read_sealed(
                read,
                AESGCM(SUITE.decrypt(sealed, _private_key(target), _INFO)),
                max_frame_bytes=MAX_MANIFEST_BYTES,
            )
            encoded = next(frames)
            manifest = msgspec.msgpack.decode(encoded, type=Manifest)
            _refuse_other_version(target, manifest)
            _refuse_odd_files(manifest, shutil.disk_usage(cell.parent).free)
            _lay_down(cell, manifest, frames)
    except (InvalidTag, ValueError, BackupRefused, msgspec.MsgspecError, StopIteration) as err:
        raise MoveRefused(f"{file} was packed for another key, changed or cut off: pack it again") from err
    digest = hashlib.sha256(encoded).hexdigest()
    changed = moved_settings(cell, target, written_for=Path(manifest.source))
    if changed is not None:
        write_whole(cell / SETTINGS_NAME, changed.encode())
    judge(cell)
    note = Note(ELSEWHERE, str(target), archive=digest, receipt=manifest.receipt_mark)
    write_whole(cell / MOVING, msgspec.json.encode(note))
    for folder in (cell, *(path for path in cell.rglob("*") if path.is_dir())):
        sync(folder)
    cell.rename(target)
    sync(target.parent)
    _stop_expecting(target)
    return digest


def _refuse_other_version(target: Path, manifest: Manifest) -> None:
    if manifest.revision != newest_revision():
        raise MoveRefused(_of_another_version(target, manifest.revision, newest_revision()))


def _of_another_version(cell: Path, its: str, there: str) -> str:
    return (
        f"{cell}: its tables are of revision {its}, and the program there takes {there}; upgrade it where it "
        "is, or move it to a service of its version"
    )


def _refuse_odd_files(manifest: Manifest, free_bytes: int) -> None:
    """Raise MoveRefused for what no cell has, before a file is written: a hostile machine may have packed."""
    for one in manifest.files:
        place = PurePosixPath(one.path)
        if place.is_absolute() or ".." in place.parts or not place.parts or "\0" in one.path:
            raise MoveRefused(f"the archive names {one.path!r}, outside the cell")
        if one.mode & ~LEGAL_MODES or one.size < 0:
            raise MoveRefused(
                f"the archive gives {one.path!r} the rights {one.mode:o} and {one.size:,} bytes, which no "
                "file of a cell has: look at the machine that packed it"
            )
    needed = sum(one.size for one in manifest.files)
    if needed + RESERVE_BYTES > free_bytes:
        raise MoveRefused(
            f"the archive says {needed:,} bytes and {free_bytes:,} are free: make room, then unpack again"
        )


def _lay_down(cell: Path, manifest: Manifest, frames: Iterator[bytes]) -> None:
    cell.mkdir(mode=0o700)
    for one in manifest.files:
        path = cell / PurePosixPath(one.path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with naming(path), os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            left = one.size
            while left > 0:
                chunk = next(frames)
                left -= len(chunk)
                if not chunk or left < 0:
                    raise MoveRefused(f"{one.path} came otherwise than it was packed: pack it again")
                file.write(chunk)
            os.fchmod(file.fileno(), one.mode)
            file.flush()
            os.fsync(file.fileno())
        if left or digest_of(path) != one.digest:
            raise MoveRefused(f"{one.path} came otherwise than it was packed: pack it again")


def leave(source: Path, digest: str, say: Say) -> str:
    """Destroy the original of an unpacked archive; return the receipt; raise MoveRefused or OSError."""
    left = source.with_name(f".{source.name}.left")
    if source.is_dir() and not any(source.iterdir()):
        source.rmdir()  # cut off at the last step
    if source.exists():
        note = note_in(source)
        if note is None or note.target != ELSEWHERE or not digest or note.archive != digest:
            raise MoveRefused(f"{source} was not packed as {digest[:16]}: pack and unpack it again")
        with not_served(source, say, ends_within_seconds=LEAVES_WITHIN_SECONDS):
            left.unlink(missing_ok=True)
            write_whole(left, msgspec.json.encode(DepartureRecord(digest, note.receipt)))
            write_whole(source / MOVING, msgspec.json.encode(msgspec.structs.replace(note, is_leaving=True)))
            destroy(source)
    try:
        said = msgspec.json.decode(left.read_bytes(), type=DepartureRecord)
    except FileNotFoundError as err:
        raise MoveRefused(f"{source} is not there, and no cell of that name has left") from err
    if said.archive != digest:
        raise MoveRefused(f"{source} has left in another transfer archive, {said.archive[:16]}")
    return said.receipt


def arrive(target: Path, receipt: str, *, is_original_lost: bool = False) -> None:
    """Let a cell that was unpacked be served; raise MoveRefused without the receipt of its original."""
    note = note_in(target)
    if not target.is_dir():
        raise MoveRefused(f"{target} is not there")
    if note is None:
        return
    if note.source != ELSEWHERE:
        raise MoveRefused(f"{target} is on its way to {note.target}: finish that first")
    if not is_original_lost and not hmac.compare_digest(_mark(receipt), note.receipt):
        raise MoveRefused(f"{target}: this is no receipt of its original, which may still be served")
    end_all_holds(target)
    (target / MOVING).unlink()
    sync(target)


def stay(source: Path, say: Say) -> None:
    """Serve the original again; raise MoveRefused where its removal has begun."""
    note = note_in(source)
    if not source.is_dir():
        raise MoveRefused(f"{source} is not there: it has left, and only its copy can go on (cells arrive)")
    if note is None:
        return
    with not_served(source, say, ends_within_seconds=LEAVES_WITHIN_SECONDS):  # nor packed any more
        _refuse_other_move(source, note)
        (source / MOVING).unlink()
        sync(source)


def can_stay(source: Path) -> None:
    """Raise MoveRefused unless the original is whole."""
    note = note_in(source)
    if not (source / SETTINGS_NAME).is_file():
        raise MoveRefused(f"{source} is not there as a whole; its copy has to arrive")
    if note is not None:
        _refuse_other_move(source, note)


def abandon(target: Path) -> None:
    """Remove what was unpacked and the key it was packed for; raise MoveRefused where it has arrived."""
    note = note_in(target)
    if target.exists():
        if note is None or note.source != ELSEWHERE:
            raise MoveRefused(f"{target} has arrived, or was never on its way; nothing was changed")
        destroy(target)
    _stop_expecting(target)


def _arriving(target: Path) -> Path:
    return target.with_name(f".{target.name}.arriving")


def _private_key(target: Path) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes((_arriving(target) / EXPECTS_KEY).read_bytes())


def _stop_expecting(target: Path) -> None:
    arriving = _arriving(target)
    if arriving.exists():
        overwrite(arriving / EXPECTS_KEY)
        shutil.rmtree(arriving)
        sync(target.parent)


def _mark(receipt: str) -> str:
    return hashlib.sha256(_INFO + receipt.encode()).hexdigest()
