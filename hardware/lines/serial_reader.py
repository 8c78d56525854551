"""Thread that listens to a device, and the serial port that it uses.

    absent ── there, opens ──> reading ── read fails ──> absent
    (LOST said once)           (OK said once)            (what was half read is forgotten)

Invariants: bytes from before an opening never count; a report is made in the thread of the device;
the thread ends within a second of `stop()`; no received byte ends it, only `stop()` does.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable

from hardware.errors import DeviceRefused, DeviceUnavailable
from hardware.interfaces import DeviceReport, DeviceState, Health, Report
from hardware.lines.serial import SerialLine

LOOK_AGAIN_SECONDS = 0.25
READ_BYTES = 512
BAD_FRAMES_TO_BE_FAULTY = 3
BAD_FRAMES_TO_TAKE_NOTHING = 30
"""Foreign cards come a few at a time; so many in a row are a wrong setting, by which no card is read."""
DROPS_SAID_EVERY_NS = 1_000_000_000


class Listener(ABC):
    """A device that is read by a thread of its own.

    Three bad frames with no good one between them (a wrong baud rate or card format, say) make
    the device FAULTY, thirty one that takes nothing; the next good frame makes it OK. Dropped frames are
    reported at most once a second, in a DeviceState with the count since `start`.
    """

    idle_seconds = 0.1
    """How long one read waits, and so how late a silence may be noticed."""
    advice = "only unreadable frames; check baud rate, wiring and format"

    def __init__(self, *, name: str) -> None:
        """Prepare a device without a listener."""
        self._name = name
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._health: Health | None = None
        self._takes = True
        self._report: Report | None = None
        self._dropped_reported = 0
        self._dropped_at_last_good = 0
        self._drops_reported_at_ns = -DROPS_SAID_EVERY_NS

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    @property
    def dropped_frames(self) -> int:
        """Return how many frames were torn, noisy or overlong since the start."""
        return 0

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame is kept."""
        return 0

    def start(self, report: Report) -> None:
        """Begin reading in a thread of its own; return at once, also when the device is absent."""
        if self._thread is not None:
            return
        self._report, self._health = report, None
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"reader {self._name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the device within a second."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def forget(self) -> None:  # noqa: B027 - most devices hold nothing
        """Drop what was half read; called at each opening."""

    @abstractmethod
    def _open(self) -> None:
        """Take the device; raise DeviceUnavailable when it is away, DeviceRefused when it may not be read."""

    @abstractmethod
    def _read(self) -> None:
        """Wait for bytes, at most `idle_seconds`, and hand up what they say; raise DeviceUnavailable."""

    @abstractmethod
    def _close(self) -> None:
        """Release the device, whether it is held or not."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._open()
                self._say(Health.OK, "reading")
                while not self._stopping.is_set():
                    self._read()
            except DeviceUnavailable as absence:
                self._say(Health.LOST, str(absence))
            except DeviceRefused as refusal:
                self._say(Health.FAULTY, str(refusal), takes=False)
            except Exception as fault:  # noqa: BLE001 - a reader that dies unseen locks people out
                self._say(Health.FAULTY, f"{self._name}: {type(fault).__name__} in its driver", takes=False)
            finally:
                self._close()
            self._stopping.wait(LOOK_AGAIN_SECONDS)

    def _hand_up(self, items: Iterable[DeviceReport], at_ns: int) -> None:
        """Report what was read, then judge whether the device reads anything at all."""
        good = 0
        for item in items:
            good += 1
            self._tell(item)
        dropped = self.dropped_frames
        if good:
            self._dropped_at_last_good = dropped
            self._say(Health.OK, "reading again")
        elif (bad := dropped - self._dropped_at_last_good) >= BAD_FRAMES_TO_BE_FAULTY:
            takes = bad < BAD_FRAMES_TO_TAKE_NOTHING
            self._say(Health.FAULTY, f"{self._name}: {self.advice}", takes=takes)
        reported_lately = at_ns - self._drops_reported_at_ns < DROPS_SAID_EVERY_NS
        if dropped != self._dropped_reported and not reported_lately and self._health is not None:
            self._drops_reported_at_ns = at_ns
            self._report_state(self._health, "frames were dropped")

    def _say(self, health: Health, detail: str, *, takes: bool = True) -> None:
        if (health, takes) != (self._health, self._takes):
            self._health, self._takes = health, takes
            self._report_state(health, detail)

    def _report_state(self, health: Health, detail: str) -> None:
        self._dropped_reported = self.dropped_frames
        self._tell(DeviceState(self._name, health, detail, self._dropped_reported, self._takes))

    def _tell(self, item: DeviceReport) -> None:
        if self._report is not None:
            self._report(item)


class SerialReader(Listener):
    """A device on a serial port. Subclasses fill in `take`."""

    def __init__(self, path: str, baud: int, *, name: str) -> None:
        """Prepare the device; raise BadDeviceSetting when the path cannot be right."""
        super().__init__(name=name)
        self._line = SerialLine(path, baud, name=name)

    def greet(self, line: SerialLine) -> None:
        """Send what the device needs before it reports; called at each opening."""

    @abstractmethod
    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        """Turn bytes, or b"" when none came within `idle_seconds`, into reports."""

    def _open(self) -> None:
        self._line.open()
        self.forget()
        self.greet(self._line)

    def _read(self) -> None:
        data = self._line.read(READ_BYTES, self.idle_seconds)
        at_ns = time.monotonic_ns()
        self._hand_up(self.take(data, at_ns), at_ns)

    def _close(self) -> None:
        self._line.close()
