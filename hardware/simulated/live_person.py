"""Simulated person before a folder camera who reads the gate's screen and does what it asks.

    with FolderPerson(actor, folder, prompt=lambda: view.prompt) as person: ...

Each frame is a new file, the one before is removed; `prompt` returns the word that the screen shows
now. Made for the played compound and for tests that go from screen to relay.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import cv2

from hardware.simulated.face_clips import Actor

FRAMES_A_SECOND = 12.0
JPEG_QUALITY = 95


class FolderPerson:
    """Writes what an actor shows into a folder, in a thread, until closed."""

    def __init__(
        self,
        actor: Actor,
        folder: Path,
        *,
        prompt: Callable[[], str],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin at once; return when the first frame is there, in `in_view_at_ns` (monotonic).

        `seconds` is the clock by which the actor moves; frames come by this machine's.
        """
        self._actor, self._folder, self._prompt, self._seconds = actor, folder, prompt, seconds
        self._began = seconds()
        self._leaving = threading.Event()
        self._asked = ""
        self._number = 0
        self._newest: Path | None = None
        others = [path for path in folder.iterdir() if path.suffix in (".png", ".jpg")]
        self.in_view_at_ns = self._show()
        for path in others:
            path.unlink(missing_ok=True)
        self._thread = threading.Thread(target=self._act, name="person at the gate", daemon=True)
        self._thread.start()

    def __enter__(self) -> "FolderPerson":
        """Step before the camera."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def shown(self) -> int:
        """Return how many frames there were until now."""
        return self._number

    def close(self) -> None:
        """Stop writing; the newest frame stays until something else is put before the camera."""
        self._leaving.set()
        self._thread.join()

    def _act(self) -> None:
        while not self._leaving.wait(max(0.0, self._next_seconds - time.monotonic())):
            self._show()

    def _show(self) -> int:
        self._next_seconds = time.monotonic() + 1 / FRAMES_A_SECOND
        seconds = self._seconds() - self._began
        asked = self._prompt()
        if asked != self._asked:
            self._asked = asked
            self._actor.hears(asked, seconds)
        coded = cv2.imencode(".jpg", self._actor.frame(seconds), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        self._number += 1
        ready = self._folder / f"person-{self._number:06d}.jpg"
        draft = ready.with_suffix(".draft")
        draft.write_bytes(coded.tobytes())
        at_ns = time.monotonic_ns()
        draft.replace(ready)
        if self._newest is not None:
            self._newest.unlink(missing_ok=True)
        self._newest = ready
        return at_ns
