"""Store the tamper mark of this gate: set by the contact, cleared by the manager.

While the mark is set the gate holds no lease, so no face opens; every other way in works. The mark is
a small file, so that a restart does not lift it, and carries an id of its own, so that the server
clears the tampering that was reported and never a later one.
"""

import logging
import re
import secrets
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

ID_BYTES = 8
WELL_FORMED = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}")


class TamperMark:
    """The mark of one gate; its owner holds a lock where several threads use it."""

    def __init__(self, path: Path) -> None:
        """Find the mark of an earlier life, if there is one; raise OSError when it cannot be read."""
        self._path = path
        self.tamper_id: str | None = None
        if not path.exists():
            return
        self.tamper_id = path.read_text("ascii", errors="replace").strip()
        if not WELL_FORMED.fullmatch(self.tamper_id):
            # A power cut between name and bytes: marked all the same.
            self.set()

    def set(self) -> None:
        """Mark the gate, with a new id; kept in memory alone where the disk refuses."""
        self.tamper_id = secrets.token_hex(ID_BYTES)
        self._on_disk(lambda: self._path.write_text(f"{self.tamper_id}\n", "ascii"))

    def clear(self, tamper_id: str | None) -> bool:
        """Lift the mark if it is the one with this id; return whether it was."""
        if tamper_id is None or tamper_id != self.tamper_id:
            return False
        self.tamper_id = None
        self._on_disk(lambda: self._path.unlink(missing_ok=True))
        return True

    def _on_disk(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as err:
            log.error("the mark of tampering cannot be kept over a restart: %s: %s", self._path, err.strerror)
