"""Operate one gate from outside, and keep the trace of all its wires."""

import json
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from demo.actors.gate_screen import GateScreen
from demo.rig.devices import Metal
from demo.rig.network_cable import Cable
from demo.rig.processes import GateProcess
from demo.world.people import living
from demo.world.site_files import GatePlan
from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.face.matching.template_store import FaceBlob
from hardware.interfaces import Frame
from hardware.simulated.wire import TraceEntry

FACE_FILE = "faces.sqlite3"


@dataclass(slots=True)
class GateEnds:
    """One gate of the demo: its plan, folder, metal, cable and process."""

    plan: GatePlan
    folder: Path
    metal: Metal
    cable: Cable
    process: GateProcess
    screen_port: int
    screen: GateScreen | None = None

    @property
    def gate_id(self) -> str:
        return self.plan.gate_id

    def prompt(self) -> str:
        """Return the screen's current instruction to the person before the camera."""
        view = self.screen.view if self.screen is not None else None
        return view.prompt if view is not None else ""

    def show_person(self, portrait: Frame, *, seed: int) -> int:
        """Put a person before the camera who does what the screen asks; return monotonic ns when in view."""
        return self.metal.stand(living(portrait, seed=seed), self.prompt)

    @property
    def launch_url(self) -> str | None:
        """Return the address that signs a browser in to this gate's screen now, None without one."""
        token_file = self.folder / "launch_token"
        if not token_file.is_file():
            return None
        token = token_file.read_text(encoding="ascii").strip()
        return f"http://127.0.0.1:{self.screen_port}/?token={token}"

    def journal(self) -> list[JournalEntry]:
        """Return all entries of the gate's own journal file, also while the gate runs."""
        rows = self._ask("SELECT entry FROM journal ORDER BY seq")
        return [msgspec.json.decode(entry, type=JournalEntry) for (entry,) in rows]

    def face_rows(self) -> list[FaceBlob]:
        """Return the sealed faces in the gate's own file, also while the gate runs."""
        path = self.folder / "data" / FACE_FILE
        if not path.is_file():
            return []
        connection = sqlite3.connect(path, timeout=5)
        try:
            columns = "person_id, consent_id, engine, nonce, ciphertext, look_id"
            rows = connection.execute(f"SELECT {columns} FROM face_look ORDER BY person_id, number")  # noqa: S608 - our own words
            return [FaceBlob(*row) for row in rows]
        finally:
            connection.close()

    def face_bytes(self) -> bytes:
        """Return the bytes of the file of faces and of what SQLite keeps beside it, read by another process.

        A process that closes any handle of an SQLite file loses all its locks on it, and its own open
        connections with them (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        """
        files = sorted((self.folder / "data").glob(f"{FACE_FILE}*"))
        return subprocess.run(["cat", "--", *files], check=True, capture_output=True).stdout

    def newest_entries(self, count: int) -> list[JournalEntry]:
        """Return the newest entries of the gate's own journal file, newest first."""
        try:
            rows = self._ask("SELECT entry FROM journal ORDER BY seq DESC LIMIT ?", count)
        except sqlite3.Error:
            return []
        return [msgspec.json.decode(entry, type=JournalEntry) for (entry,) in rows]

    def journal_seq(self) -> int:
        """Return the number of the gate's last entry."""
        return int(self._ask("SELECT coalesce(max(seq), 0) FROM journal")[0][0])

    def _ask(self, query: str, *values: int) -> list[tuple[bytes]]:
        connection = sqlite3.connect(self.folder / "data" / "journal.sqlite3", timeout=5)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()


class TraceFile:
    """Writes the bytes on every pty, with the step that went on, as one JSON object a line."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, when there is one."""
        self.step = "start"
        self.listen: Callable[[TraceEntry], None] | None = None
        self._lock = threading.Lock()
        self._file: IO[str] | None = path.open("w", encoding="utf-8") if path is not None else None

    def take(self, entry: TraceEntry) -> None:
        """Write one piece of a wire's talk."""
        if self.listen is not None:
            self.listen(entry)
        if self._file is None:
            return
        line = {
            "step": self.step,
            "pty": entry.wire,
            "direction": entry.direction,
            "hex": entry.data.hex(),
            "at_ns": entry.at_ns,
        }
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
