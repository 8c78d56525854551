"""Collect the data that a thief could copy, and search it byte by byte."""

import base64
import io
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from demo.rig.disk import read_from_outside
from gate_controller.face.engines.engine import Embedding
from hardware.interfaces import Frame

WINDOW_BYTES = 48
"""So many bytes of a secret or a picture in a row are no chance."""
MAGIC = b"MENJIN-BACKUP-1\n"
PICTURE_BEGINNINGS = {"a JPEG": b"\xff\xd8\xff\xe0", "a PNG": b"\x89PNG\r\n\x1a\n"}

StolenData = Mapping[str, bytes]
"""The bytes of every file by its path."""


def copy_disk(source: Path, target: Path) -> None:
    """Copy a folder as a thief does who pulls the disk; SQLite's files as one state, with their logs."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sqlite3", "*.sqlite3-*"))
    for path in source.rglob("*.sqlite3"):
        with (
            closing(sqlite3.connect(path)) as here,
            closing(sqlite3.connect(target / path.relative_to(source))) as there,
        ):
            here.backup(there)


def stolen_data_in(*folders: Path) -> dict[str, bytes]:
    """Return the bytes of every file below these folders."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(folder.parent))] = read_from_outside(path)
    return found


def opened_backup(path: Path, passphrase: str) -> bytes:
    """Return what a backup holds in clear, read by its published format and not by the product's code.

    Raise InvalidTag for another passphrase or a changed file.
    """
    file = io.BytesIO(path.read_bytes())
    if file.read(len(MAGIC)) != MAGIC:
        raise InvalidTag
    salt = file.read(16)
    cipher = AESGCM(Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode()))
    parts: list[bytes] = []
    while length := file.read(4):
        sealed = file.read(struct.unpack(">I", length)[0])
        is_last = file.tell() == len(file.getbuffer())
        nonce = struct.pack(">4xQ", len(parts))
        parts.append(zlib.decompress(cipher.decrypt(nonce, sealed, b"last" if is_last else b"more")))
    return b"\0".join(parts)


# -- what is looked for ----------------------------------------------------------------------------


def marks_of_secret(name: str, secret: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the forms in which a secret could lie in a file."""
    yield f"{name}, raw", secret
    yield f"{name}, base64", base64.b64encode(secret)[:40]
    yield f"{name}, hex", secret.hex().encode()


def marks_of_template(name: str, template: Embedding) -> Iterator[tuple[str, bytes]]:
    """Yield the forms in which a template could lie in a file."""
    for kind in ("<f4", "<f8", "<f2"):
        numbers = template.astype(kind).tobytes()
        for first in (0, len(numbers) // 2):
            part = numbers[first : first + WINDOW_BYTES]
            yield f"{name} as {kind}", part
            yield f"{name} as {kind}, hex", part.hex().encode()
        yield f"{name} as {kind}, base64", base64.b64encode(numbers)[:WINDOW_BYTES]
    yield f"{name} as text", f"{template[0]:.6f}, {template[1]:.6f}".encode()


def marks_of_frame(name: str, coded: bytes, frame: Frame) -> Iterator[tuple[str, bytes]]:
    """Yield parts of a frame as it came from the camera and of its pixels."""
    middle = len(coded) // 2
    yield f"{name} as a file", coded[middle : middle + WINDOW_BYTES]
    height, width = frame.shape[:2]
    for down in (height // 3, height // 2, 2 * height // 3):
        row = frame[down, width // 2 : width // 2 + WINDOW_BYTES // 3]
        yield f"{name}, pixels", row.tobytes()
        yield f"{name}, pixels in RGB", row[:, ::-1].tobytes()


def found_in(stolen: StolenData, marks: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> list[str]:
    """Return which marks lie where."""
    return [
        f"{name} in {path}" for name, mark in marks for path, content in stolen.items() if mark in content
    ]
