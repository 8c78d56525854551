"""USB readers and keypads that pretend to be keyboards.

Such a device types into whatever has the focus, which at a gate is the screen's page. So it is taken
for this program alone (EVIOCGRAB, linux/input.h) before anything is read, and a device that cannot be
taken is not read: a card number must not land in a page.
"""

import fcntl
import os
import re
import select
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from hardware.card_readers import LONGEST_LINE_BYTES, CardFormat, SiteCardForm, parse_line
from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable
from hardware.input_events import EventDecoder, KeyEvent, WedgeLines
from hardware.interfaces import CardRead, DeviceReport, DeviceState, Health, KeyPress, Report
from hardware.serial_reader import BAD_FRAMES_TO_BE_FAULTY, LOOK_AGAIN_SECONDS

EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int)
_NAME_THAT_MOVES = re.compile(r"/dev/input/event\d+")
_READ_BYTES = 24 * 64
_IDLE_SECONDS = 0.1
TakeAlone = Callable[[int, str], None]


def take_for_us_alone(descriptor: int, name: str) -> None:
    """Keep every other program from seeing the device; raise DeviceRefused where that is impossible."""
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError as failure:
        raise DeviceRefused(
            f"{name}: cannot be taken for this program alone ({failure}); it is not read, because it would "
            "type into the screen's page. Another program may hold it, or this is no input device"
        ) from failure


class EventDevice:
    """An input device below /dev/input, read by a thread of its own. Subclasses fill in `take`."""

    def __init__(self, path: str, *, name: str, take_alone: TakeAlone = take_for_us_alone) -> None:
        """Prepare the device; raise BadDeviceSetting for a path that changes on replug.

        `take_alone` is for twins, which are no input devices and cannot type into anything.
        """
        if _NAME_THAT_MOVES.fullmatch(path):
            raise BadDeviceSetting(
                f"{name}: {path} changes when the device is unplugged; use its name under /dev/input/by-id/ "
                "or /dev/input/by-path/"
            )
        self._path = path
        self._take_alone = take_alone
        self._name = name
        self._decoder = EventDecoder()
        self._report: Report | None = None
        self._health: Health | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropped_at_last_good = 0

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    @property
    def dropped_frames(self) -> int:
        """Return how many lines or keys were dropped since the start."""
        return 0

    def start(self, report: Report) -> None:
        """Begin reading in a thread of its own; return at once, also when the device is absent."""
        if self._thread is not None:
            return
        self._report, self._health = report, None
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"wedge {self._name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and give the device back within a second."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def forget(self) -> None:
        """Drop what was half typed; called at each opening."""

    def take(self, key: KeyEvent, at_ns: int) -> Iterable[DeviceReport]:
        """Turn a key into reports."""
        raise NotImplementedError

    def _run(self) -> None:
        while not self._stopping.is_set():
            descriptor: int | None = None
            try:
                descriptor = self._opened()
                self._take_alone(descriptor, self._name)
                self._decoder.forget()
                self.forget()
                self._say(Health.OK, "reading")
                self._read_until_stopped(descriptor)
            except DeviceUnavailable as absence:
                self._say(Health.LOST, str(absence))
            except DeviceRefused as refusal:
                self._say(Health.FAULTY, str(refusal))
            except Exception as fault:  # noqa: BLE001 - a reader that dies unseen locks people out
                self._say(Health.FAULTY, f"{self._name}: {type(fault).__name__} in its driver")
            finally:
                if descriptor is not None:
                    with suppress(OSError):
                        os.close(descriptor)
            self._stopping.wait(LOOK_AGAIN_SECONDS)

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as failure:
            raise DeviceUnavailable(
                f"{self._name}: cannot open {self._path} ({failure.strerror}); check the cable, and that "
                "this user is in the group input"
            ) from failure

    def _read_until_stopped(self, descriptor: int) -> None:
        while not self._stopping.is_set():
            ready, _, _ = select.select([descriptor], [], [], _IDLE_SECONDS)
            if not ready:
                continue
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as failure:
                raise DeviceUnavailable(f"{self._name}: lost {self._path} ({failure.strerror})") from failure
            if not data:
                raise DeviceUnavailable(f"{self._name}: lost {self._path}; check the cable")
            at_ns = time.monotonic_ns()
            for key in self._decoder.feed(data):
                if key.events_were_lost:
                    self.forget()
                    continue
                self._judge(list(self.take(key, at_ns)))

    def _judge(self, items: list[DeviceReport]) -> None:
        if items:
            self._dropped_at_last_good = self.dropped_frames
            self._say(Health.OK, "reading again")
        elif self.dropped_frames - self._dropped_at_last_good >= BAD_FRAMES_TO_BE_FAULTY:
            self._say(Health.FAULTY, f"{self._name}: types only what is no card or key; check its format")
        for item in items:
            self._tell(item)

    def _say(self, health: Health, detail: str) -> None:
        if health is not self._health:
            self._health = health
            self._tell(DeviceState(self._name, health, detail, self.dropped_frames))

    def _tell(self, item: DeviceReport) -> None:
        if self._report is not None:
            self._report(item)


class WedgeCardReader(EventDevice):
    """A USB reader that types a card's number and Enter; hands up CardRead."""

    def __init__(
        self,
        path: str,
        fmt: CardFormat,
        site_form: SiteCardForm,
        *,
        name: str,
        take_alone: TakeAlone = take_for_us_alone,
    ) -> None:
        """Prepare the reader; raise BadDeviceSetting when it cannot fill the site's form."""
        super().__init__(path, name=name, take_alone=take_alone)
        site_form.check_reader(name, fmt)
        self._fmt, self._site_form = fmt, site_form
        self._lines = WedgeLines(LONGEST_LINE_BYTES)
        self._unreadable = 0

    @property
    def dropped_frames(self) -> int:
        """Return how many lines were no card since the start."""
        return self._lines.dropped + self._unreadable

    def forget(self) -> None:
        """Forget what was half typed."""
        self._lines.forget()

    def take(self, key: KeyEvent, at_ns: int) -> Iterable[DeviceReport]:
        """Hand up the card whose line this key ended."""
        line = self._lines.press(key, at_ns)
        if line is None:
            return ()
        card = parse_line(line.encode("ascii"), self._fmt)
        if card is None:
            self._unreadable += 1
            return ()
        return (CardRead(self.name, self._site_form.canonical(card), self._site_form.bits, at_ns),)


class WedgeKeypad(EventDevice):
    """A USB number pad; hands up KeyPress, Enter as `#`, Backspace, Delete and Escape as `*`."""

    def __init__(self, path: str, *, name: str, take_alone: TakeAlone = take_for_us_alone) -> None:
        """Prepare the keypad; raise BadDeviceSetting when the path cannot be right."""
        super().__init__(path, name=name, take_alone=take_alone)
        self._dropped = 0

    @property
    def dropped_frames(self) -> int:
        """Return how many keys mean nothing at a gate since the start."""
        return self._dropped

    def take(self, key: KeyEvent, at_ns: int) -> Iterable[DeviceReport]:
        """Hand up the key."""
        if not key.gate_key:
            self._dropped += 1
            return ()
        return (KeyPress(self.name, key.gate_key, at_ns),)
