"""Store the keys that seal shares of faces: files beside the database, never in it or in a backup.

    <secrets_dir>/face.key        the key in use
    <secrets_dir>/face-next.key   its successor, while a rotation is under way
    <secrets_dir>/face-old.key    its predecessor, until it is overwritten
    <secrets_dir>/face.lock       held by the rotating process
    <secrets_dir>/machine.toml    which machine this is, where several serve one database
    <secrets_dir>/transport.key   to which another machine seals the next key; used once, then overwritten
    <secrets_dir>/transport-next.key   its successor, until the database names it

A key is named by its id, which reveals nothing of the key. Overwriting a file in place is what a program
can do; flash and file systems that copy on write may keep an older block (docs/face.md).
"""

import base64
import binascii
import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32
ID_CHARS = 16
_OF_A_MACHINE = (
    "face.key",
    "face-next.key",
    "face-old.key",
    "transport.key",
    "transport-next.key",
)


def wrap_key_id(key: bytes) -> str:
    """Return the 16 hex digits by which a wrapping key is known."""
    return hmac.digest(key, b"menjin/wrap-key-id/1", "sha256").hex()[:ID_CHARS]


class WrapKeys:
    """The wrapping keys that this server can use; read again whenever the files change."""

    def __init__(self, first: bytes | None = None, folder: Path | None = None) -> None:
        """Take the key that the configuration read and the folder of the files, if there are any."""
        self._first = first
        self._folder = folder
        self._seen: object = None
        self._keys: dict[str, bytes] = {}
        self._current: str | None = None

    @property
    def current_id(self) -> str | None:
        """Return the id of the key in use; None without any key."""
        self._read()
        return self._current

    def key(self, key_id: str) -> bytes | None:
        """Return a key by its id, None when this server does not have it."""
        self._read()
        return self._keys.get(key_id)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of the keys that this server can use."""
        self._read()
        return tuple(self._keys)

    @property
    def next_id(self) -> str | None:
        """Return the id of the successor that waits in its file, if there is one."""
        key = _read_key(self._path("face-next.key")) if self._folder is not None else None
        return wrap_key_id(key) if key is not None else None

    def make_next(self) -> str:
        """Write a fresh successor to its file, or find the one there; return its id."""
        waiting = self.next_id
        if waiting is not None:
            return waiting
        key = secrets.token_bytes(KEY_BYTES)
        self._write("face-next.key", key)
        return wrap_key_id(key)

    def keep_next(self, key: bytes) -> None:
        """Store a successor that another machine made, in place of one that waits here and was never used."""
        if self.next_id != wrap_key_id(key):
            self._overwrite("face-next.key")
            self._write("face-next.key", key)

    def overwrite_all(self) -> None:
        """Overwrite every key of this machine, which serves no more."""
        for name in _OF_A_MACHINE:
            self._overwrite(name)
        self._first = None
        self._read()

    # -- the key of this machine's letter box -----------------------------------------------------

    def transport_public(self) -> bytes:
        """Return the public key to which another machine seals a wrapping key for this one; make it first."""
        key = _read_key(self._path("transport.key"))
        return _public(key if key is not None else self._make("transport.key"))

    def transport_private(self, public: bytes) -> X25519PrivateKey | None:
        """Return the private half of a public key of this machine, None once it is overwritten."""
        for name in ("transport.key", "transport-next.key"):
            key = _read_key(self._path(name))
            if key is not None and _public(key) == public:
                return X25519PrivateKey.from_private_bytes(key)
        return None

    def next_transport_public(self) -> bytes:
        """Return the public key that follows; make it first."""
        key = _read_key(self._path("transport-next.key"))
        return _public(key if key is not None else self._make("transport-next.key"))

    def renew_transport(self) -> None:
        """Overwrite the transport key and let its successor follow, where there is one."""
        following = self._path("transport-next.key")
        if following.exists():
            self._overwrite("transport.key")
            following.replace(self._path("transport.key"))
            self._sync_folder()

    def promote_next(self) -> None:
        """Put the successor in its predecessor's place; at every moment `face.key` is a whole key."""
        path, old = self._path("face.key"), self._path("face-old.key")
        if path.exists() and not old.exists():
            os.link(path, old)
            self._sync_folder()
        self._path("face-next.key").replace(path)
        self._sync_folder()

    def destroy_old(self) -> None:
        """Overwrite the predecessor's file, if it is there, and remove it."""
        self._overwrite("face-old.key")
        self._read()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the files for this process; wait for another one."""
        path = self._path("face.lock")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def folder(self) -> Path | None:
        """Return the folder of the files, None for a server that was given none."""
        return self._folder

    def _make(self, name: str) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        self._write(name, key)
        return key

    def _write(self, name: str, key: bytes) -> None:
        path, draft = self._path(name), self._path(f"{name}.draft")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self._sync_folder()

    def _overwrite(self, name: str) -> None:
        path = self._path(name)
        if path.exists():
            with path.open("r+b") as file:
                file.write(os.urandom(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            self._sync_folder()

    def _path(self, name: str) -> Path:
        if self._folder is None:
            raise FileNotFoundError("this server was given no folder of secrets: its key cannot be changed")
        return self._folder / name

    def _sync_folder(self) -> None:
        descriptor = os.open(self._path("."), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self) -> None:
        """Keep exactly the keys that exist now; drop destroyed ones."""
        seen = _stamp(self._folder) if self._folder is not None else ()
        if self._seen is not None and seen == self._seen:
            return
        files = [self._folder / name for name in ("face.key", "face-next.key")] if self._folder else []
        read = [key for key in map(_read_key, files) if key is not None]
        first = self._first
        if first is not None and not (files and files[0].exists()):
            read.insert(0, first)
        else:
            self._first = None
        self._keys = {wrap_key_id(key): key for key in read}
        self._current = wrap_key_id(read[0]) if read else None
        self._seen = seen


def _stamp(folder: Path) -> object:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_mtime_ns


def _read_key(path: Path) -> bytes | None:
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except (FileNotFoundError, binascii.Error):
        return None
    return key if len(key) >= KEY_BYTES else None


def _public(key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
