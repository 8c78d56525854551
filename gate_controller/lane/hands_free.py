"""Read codes continuously through a camera that stays open, where the site chose that.

    looking for codes ── face pressed: AskedCamera.open ──> theirs alone ── close ──> looking for codes
        │  every frame: codes read, then overwritten; nothing else ever sees it
        └── camera lost: closed, tried again after 5 s

The frames of this loop go to the code reader and nowhere else: a face session gets frames only
through `AskedCamera`, whose first frame is taken after the press, and looks at them only with the
person's `CameraCapability`.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from gate_controller.lane.camera_watch import WatchedCamera
from hardware.errors import DeviceUnavailable, HardwareError
from hardware.interfaces import CodeRead, Frame
from hardware.readers.qr_scanners import read_codes

log = logging.getLogger(__name__)

LOOKS_A_SECOND = 5.0
ASKED_PATIENCE_SECONDS = 5.0
FRAME_TIMEOUT_SECONDS = 0.25
TRY_AGAIN_SECONDS = 5.0
OUT_OF_VIEW_SECONDS = 3.0
"""A code is answered again only after it was out of view for so long."""
MAX_CODES_IN_VIEW = 8


@dataclass(frozen=True, slots=True)
class HandsFree:
    """A lane's camera is open for codes, or is not any more."""

    lane_id: str
    is_on: bool


class Inbox(Protocol):
    """Where the loop puts what it found."""

    def __call__(self, message: CodeRead | HandsFree, /) -> None:
        """Take it; return at once."""
        ...


class CodesInView:
    """The codes that were answered and are still held up."""

    def __init__(self) -> None:
        """Begin with none."""
        self._seen: dict[str, float] = {}

    def new_among(self, texts: tuple[str, ...], at_seconds: float) -> tuple[str, ...]:
        """Return the codes that were not in view before, and remember all that are."""
        gone = at_seconds - OUT_OF_VIEW_SECONDS
        self._seen = {text: at for text, at in self._seen.items() if at > gone}
        texts = texts[:MAX_CODES_IN_VIEW]
        fresh = tuple(text for text in texts if text not in self._seen)
        self._seen.update(dict.fromkeys(texts, at_seconds))
        return fresh


class HandsFreeCodes:
    """One lane's camera, held open for codes, and lent to a person who pressed a button."""

    def __init__(
        self,
        camera: WatchedCamera,
        lane_id: str,
        put: Inbox,
        monotonic_seconds: Callable[[], float],
    ) -> None:
        """Remember the parts; nothing is opened before `start`."""
        self._camera = camera
        self._lane_id = lane_id
        self._put = put
        self._seconds = monotonic_seconds
        self._mine = threading.Lock()
        self._stopping = threading.Event()
        self._in_view = CodesInView()
        self._is_on = False
        self._thread: threading.Thread | None = None
        self.asked = AskedCamera(camera, self._mine)

    def start(self) -> None:
        """Open the camera and begin to look, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"codes {self._camera.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the look and close the camera."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        with self._mine:
            self._camera.close()
        self._say(is_on=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Close the camera and look for no code until the end of the block."""
        with self._mine:
            self._camera.close()
            self._say(is_on=False)
            yield

    def _run(self) -> None:
        wait_seconds = 0.0
        while not self._stopping.wait(wait_seconds):
            try:
                with self._mine:
                    self._look()
                wait_seconds = 1 / LOOKS_A_SECOND
            except HardwareError as err:
                log.warning("%s: codes cannot be read: %s", self._camera.name, err)
                wait_seconds = self._let_go()
            except Exception:
                log.exception("%s: a look for codes failed", self._camera.name)
                wait_seconds = self._let_go()

    def _look(self) -> None:
        if not self._camera.is_open:
            self._camera.pace(LOOKS_A_SECOND)
            self._camera.open()
        # Also when a person's session has opened it again after a loss.
        self._say(is_on=True)
        frame = self._camera.newest_frame(FRAME_TIMEOUT_SECONDS)
        if frame is None:
            if not self._camera.is_open:
                raise DeviceUnavailable(f"{self._camera.name} was lost")
            return
        try:
            texts = read_codes(frame)
        finally:
            frame.fill(0)
        for text in self._in_view.new_among(texts, self._seconds()):
            self._put(CodeRead(self._camera.name, text, self._camera.newest_captured_at_ns))

    def _let_go(self) -> float:
        with self._mine:
            self._camera.close()
        self._say(is_on=False)
        return TRY_AGAIN_SECONDS

    def _say(self, *, is_on: bool) -> None:
        if is_on is not self._is_on:
            self._is_on = is_on
            self._put(HandsFree(self._lane_id, is_on))


class AskedCamera:
    """The same camera for one person's session: no code is looked for until it is closed again."""

    def __init__(self, camera: WatchedCamera, mine: threading.Lock) -> None:
        """Share the camera under `mine`; used by one thread at a time."""
        self._camera = camera
        self._mine = mine
        self._is_mine = False

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._camera.name

    @property
    def is_open(self) -> bool:
        """Return whether the device itself is open now."""
        return self._camera.is_open

    @property
    def newest_captured_at_ns(self) -> int:
        """Return monotonic ns of the frame last returned."""
        return self._camera.newest_captured_at_ns

    def open(self) -> None:
        """Take the camera over, and drop what it took before; raise DeviceUnavailable."""
        if self._is_mine:
            return
        if not self._mine.acquire(timeout=ASKED_PATIENCE_SECONDS):
            raise DeviceUnavailable(f"{self.name} is being opened and does not answer")
        self._is_mine = True
        self._camera.open()
        self._camera.pace(None)
        before = self._camera.newest_frame(0)
        if before is not None:
            before.fill(0)

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        """Return a frame taken since `open`, or None; the frame is the caller's to overwrite."""
        return self._camera.newest_frame(timeout_seconds) if self._is_mine else None

    def close(self) -> None:
        """Give the camera back to the look for codes; what it holds is overwritten."""
        if not self._is_mine:
            return
        held = self._camera.newest_frame(0)
        if held is not None:
            held.fill(0)
        self._camera.pace(LOOKS_A_SECOND)
        self._is_mine = False
        self._mine.release()
