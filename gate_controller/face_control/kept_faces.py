"""Where faces lie in a gate: what may be asked of it, and its end where no face is looked at any more."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FACE_FILE = "faces.sqlite3"
"""In the gate's data folder: sealed looks, which no gate can open without the leases of the server."""


class FaceError(Exception):
    """Message: what failed, where, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A share lent by the server; who keeps the faces takes the buffer over and overwrites it at the end."""

    consent_id: str
    share: bytearray
    expires_at_boot_seconds: float

    def __repr__(self) -> str:
        return f"Lease(consent_id={self.consent_id!r}, until={self.expires_at_boot_seconds!r})"


class KeptFaces(Protocol):
    """The sealed faces of a gate and their leases; safe to call from several threads."""

    def start_loading(self) -> None:
        """Load what compares faces in a thread behind; return at once."""
        ...

    def set_leases(self, leases: Mapping[str, Lease]) -> None:
        """Hold exactly these leases (person id → lease); overwrite the shares of all others."""
        ...

    def drop_all_leases(self) -> None:
        """Overwrite every share in memory."""
        ...

    def drop_ended_leases(self) -> None:
        """Overwrite the shares whose time is up."""
        ...

    def forget(self, person_id: str, consent_id: str | None = None) -> bool:
        """Delete a person's looks and share; return whether there was a look.

        Raise FaceError when the deleted bytes could not be overwritten on disk yet; call again.
        """
        ...

    def drop_look(self, person_id: str, look_id: str) -> bool:
        """Delete one look; return whether it was there. Raise FaceError as `forget` does."""
        ...

    def look_ids(self, person_id: str) -> tuple[str, ...]:
        """Return the ids of a person's looks in this gate, oldest first."""
        ...

    def consents_kept(self) -> Mapping[str, str]:
        """Return, by person, the consent under which their looks lie here."""
        ...


def erase_face_file(data_dir: Path) -> bool:
    """Overwrite and delete the sealed faces of a gate that looks at none any more; return whether there were.

    Its receipts say that it holds no face, so none may lie here. Raise OSError where that cannot be done.
    """
    found = False
    for name in (FACE_FILE, f"{FACE_FILE}-wal", f"{FACE_FILE}-journal", f"{FACE_FILE}-shm"):
        path = data_dir / name
        if not path.is_file():
            continue
        found = True
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    if found:
        folder = os.open(data_dir, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return found
