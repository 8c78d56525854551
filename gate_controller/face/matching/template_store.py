"""Store looks in this gate, sealed with a share that the gate does not keep.

A person's template is one to five looks, each the face of one session, sealed apart. The key is
HKDF-SHA256 (RFC 5869) over share ‖ gate secret, with the canonical bytes of site, person, gate, consent,
engine and look as info; the look is sealed with AES-256-GCM. The share comes from the server as a lease and
stays in memory, so this file alone opens nothing.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gate_controller.face.engines.engine import Embedding, wipe
from gate_controller.face.engines.errors import BadFaceSetting, TemplateNotOpened
from gate_controller.face_control.kept_faces import FaceError
from gate_controller.storage.database import open_database, transaction

SHARE_BYTES = 32
GATE_SECRET_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FLOAT_BYTES = 4
KEY_LABEL = b"menjin face look key 1"
LOOK_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class FaceBlob:
    """A sealed look, with the ids it was sealed for."""

    person_id: str
    consent_id: str
    engine: str
    nonce: bytes
    ciphertext: bytes
    look_id: str


@dataclass(frozen=True, slots=True)
class TemplatePlace:
    """Where a template may be opened: one site, one gate, under one gate secret."""

    site_id: str
    gate_id: str
    gate_secret: bytes

    def __post_init__(self) -> None:
        if len(self.gate_secret) != GATE_SECRET_BYTES:
            raise BadFaceSetting(
                f"The gate secret must be {GATE_SECRET_BYTES} bytes, not {len(self.gate_secret)}; "
                "make a new one when the gate is paired."
            )

    def __repr__(self) -> str:
        return f"TemplatePlace(site_id={self.site_id!r}, gate_id={self.gate_id!r})"


def seal_template(
    template: Embedding,
    *,
    place: TemplatePlace,
    person_id: str,
    consent_id: str,
    engine: str,
    share: bytes | bytearray,
) -> FaceBlob:
    """Seal a look for one person, consent, gate and engine, under a new id; the caller wipes the template.

    Raise BadFaceSetting when the share has the wrong size.
    """
    look_id = secrets.token_hex(LOOK_ID_BYTES)
    info = _sealed_for(place, person_id, consent_id, engine, look_id)
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = np.ascontiguousarray(template, dtype="<f4")
    try:
        key = _derived_key(place, share, info)
        try:
            ciphertext = AESGCM(key).encrypt(nonce, plain.data.cast("B"), info)
        finally:
            wipe(key)
    finally:
        if not np.shares_memory(plain, template):
            wipe(plain)
    return FaceBlob(person_id, consent_id, engine, nonce, ciphertext, look_id)


def open_template(blob: FaceBlob, *, place: TemplatePlace, share: bytes | bytearray) -> Embedding:
    """Return the face inside a blob; the caller wipes it.

    Raise TemplateNotOpened when share, site, gate, person, consent, engine or look is another one or the
    blob is damaged; BadFaceSetting when the share has the wrong size.
    """
    info = _sealed_for(place, blob.person_id, blob.consent_id, blob.engine, blob.look_id)
    plain_bytes = len(blob.ciphertext) - TAG_BYTES
    if plain_bytes <= 0 or plain_bytes % FLOAT_BYTES or len(blob.nonce) != NONCE_BYTES:
        raise TemplateNotOpened(f"The face blob of person {blob.person_id} is damaged; enrol again.")
    template = np.zeros(plain_bytes // FLOAT_BYTES, dtype="<f4")
    key = _derived_key(place, share, info)
    try:
        AESGCM(key).decrypt_into(blob.nonce, blob.ciphertext, info, template.data.cast("B"))
    except BaseException as wrong:
        wipe(template)
        if not isinstance(wrong, InvalidTag):
            raise
        raise TemplateNotOpened(
            f"The face of person {blob.person_id} stays shut: the share does not belong to this gate, "
            f"person, consent and engine, or the blob is damaged. Use another way in; enrol again."
        ) from wrong
    finally:
        wipe(key)
    return template


def _sealed_for(place: TemplatePlace, person_id: str, consent_id: str, engine: str, look_id: str) -> bytes:
    fields = [
        KEY_LABEL,
        *(text.encode() for text in (place.site_id, person_id, place.gate_id, consent_id, engine, look_id)),
    ]
    # Each field carries its length, so no two sets of ids share their bytes.
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def _derived_key(place: TemplatePlace, share: bytes | bytearray, info: bytes) -> bytearray:
    if len(share) != SHARE_BYTES:
        raise BadFaceSetting(f"A share must be {SHARE_BYTES} bytes, not {len(share)}.")
    material = bytearray(share) + place.gate_secret
    try:
        return derive_key(material, info)
    finally:
        wipe(material)


def derive_key(material: bytearray, info: bytes) -> bytearray:
    """Return 32 bytes of HKDF-SHA256 without salt (RFC 5869); the caller wipes both."""
    key = bytearray(32)
    try:
        HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive_into(material, key)
    except BaseException:
        wipe(key)
        raise
    return key


class FaceBlobs(Protocol):
    """Where the sealed looks of this gate lie."""

    def save(self, blob: FaceBlob, instead_of: Iterable[str] = ()) -> None:
        """Keep a look, and delete those with these ids in the same write."""
        ...

    def of_person(self, person_id: str) -> tuple[FaceBlob, ...]:
        """Return a person's looks, oldest first."""
        ...

    def delete_look(self, person_id: str, look_id: str) -> bool:
        """Delete one look of a person; return whether it was there."""
        ...

    def person_ids(self) -> tuple[str, ...]:
        """Return the ids of everyone who has a look here."""
        ...

    def wipe(self) -> None:
        """Leave no byte of deleted blobs in the files; raise FaceError when that is not possible now."""
        ...


def open_face_file(path: Path, now: datetime) -> sqlite3.Connection:
    """Open or make the file of the blobs; a damaged one is removed, and its people enrol again.

    Kept aside it would hold sealed faces that no withdrawal reaches, against the receipt.
    """
    connection, damaged = open_database(path, "", now)
    if damaged is not None:
        for suffix in ("", "-wal", "-shm"):
            damaged.with_name(damaged.name + suffix).unlink(missing_ok=True)
    return connection


class SqliteFaceBlobs:
    """The looks in one SQLite table, on a connection of its own.

    Open the connection with `check_same_thread=False`. A file of its own keeps `wipe()` short,
    because it rewrites the file.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        with self._lock, connection:
            connection.execute("PRAGMA secure_delete = ON")
            # Of before looks: no engine of today opens one, and no withdrawal would reach it here.
            connection.execute("DROP TABLE IF EXISTS face_blob")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS face_look ("
                "number INTEGER PRIMARY KEY AUTOINCREMENT, person_id TEXT NOT NULL, "
                "consent_id TEXT NOT NULL, engine TEXT NOT NULL, nonce BLOB NOT NULL, "
                "ciphertext BLOB NOT NULL, look_id TEXT NOT NULL UNIQUE) STRICT"
            )

    def save(self, blob: FaceBlob, instead_of: Iterable[str] = ()) -> None:
        """Keep a look, and delete those with these ids; all of it on disk when this returns, or none.

        After a deletion `wipe()` clears the files.
        """
        with self._lock, transaction(self._connection):
            for look_id in instead_of:
                self._connection.execute("DELETE FROM face_look WHERE look_id = ?", (look_id,))
            self._connection.execute(
                "INSERT INTO face_look (person_id, consent_id, engine, nonce, ciphertext, look_id) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (blob.person_id, blob.consent_id, blob.engine, blob.nonce, blob.ciphertext, blob.look_id),
            )

    def of_person(self, person_id: str) -> tuple[FaceBlob, ...]:
        """Return a person's looks, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT person_id, consent_id, engine, nonce, ciphertext, look_id FROM face_look "
                "WHERE person_id = ? ORDER BY number",
                (person_id,),
            ).fetchall()
        return tuple(FaceBlob(*row) for row in rows)

    def delete_look(self, person_id: str, look_id: str) -> bool:
        """Delete one look of a person; return whether it was there. `wipe()` then clears the files."""
        with self._lock, transaction(self._connection):
            deleted = self._connection.execute(
                "DELETE FROM face_look WHERE person_id = ? AND look_id = ?", (person_id, look_id)
            )
            return deleted.rowcount > 0

    def person_ids(self) -> tuple[str, ...]:
        """Return the ids of everyone who has a look here, in order."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT DISTINCT person_id FROM face_look ORDER BY person_id"
            ).fetchall()
        return tuple(str(row[0]) for row in rows)

    def wipe(self) -> None:
        """Rewrite the file and empty its write-ahead log, so that deleted bytes are gone.

        Raise FaceError when another connection holds the log open; call again later.
        """
        with self._lock:
            try:
                self._connection.execute("VACUUM")
                row = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as fault:
                raise FaceError(
                    f"Deleted faces are not yet overwritten on disk ({fault}); try again."
                ) from fault
        if row is not None and row[0] != 0:
            raise FaceError(
                "Deleted faces are not yet overwritten on disk: another connection is reading the file. "
                "Close it and try again."
            )
