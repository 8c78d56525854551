"""USB readers and keypads that present themselves as keyboards.

Such a device types into the window that has the focus, at a gate the screen's page. So it is taken
for this program alone (EVIOCGRAB, linux/input.h) before anything is read, and a device that cannot be
taken is not read: a card number must not land in a page.
"""

import fcntl
import os
import re
import select
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable
from hardware.interfaces import CardRead, DeviceReport, KeyPress
from hardware.lines.input_events import EventDecoder, KeyEvent, WedgeLines
from hardware.lines.serial_reader import Listener
from hardware.readers.cards import LONGEST_LINE_BYTES, CardFormat, SiteCardForm, parse_line

EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int)
_NAME_THAT_MOVES = re.compile(r"/dev/input/event\d+")
_READ_BYTES = 24 * 64
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


class EventDevice(Listener):
    """An input device below /dev/input. Subclasses fill in `take`."""

    advice = "types only what is no card or key; check its format"

    def __init__(self, path: str, *, name: str, take_alone: TakeAlone = take_for_us_alone) -> None:
        """Prepare the device; raise BadDeviceSetting for a path that changes on replug.

        `take_alone` is for twins, which are no input devices and cannot type into anything.
        """
        super().__init__(name=name)
        if _NAME_THAT_MOVES.fullmatch(path):
            raise BadDeviceSetting(
                f"{name}: {path} changes when the device is unplugged; use its name under /dev/input/by-id/ "
                "or /dev/input/by-path/"
            )
        self._path = path
        self._take_alone = take_alone
        self._decoder = EventDecoder()
        self._descriptor: int | None = None

    def lose(self) -> None:
        """Take note that the kernel threw events away."""
        self.forget()

    @abstractmethod
    def take(self, key: KeyEvent, at_ns: int) -> Iterable[DeviceReport]:
        """Turn a key into reports."""

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as failure:
            raise DeviceUnavailable(
                f"{self._name}: cannot open {self._path} ({failure.strerror}); check the cable, and that "
                "this user is in the group input"
            ) from failure
        self._take_alone(self._descriptor, self._name)
        self._decoder.forget()
        self.forget()

    def _read(self) -> None:
        data = self._heard()
        at_ns = time.monotonic_ns()
        for key in self._decoder.feed(data, at_ns):
            if key.events_were_lost:
                self.lose()
            else:
                self._hand_up(self.take(key, at_ns), at_ns)

    def _heard(self) -> bytes:
        if self._descriptor is None:
            raise DeviceUnavailable(f"{self._name}: {self._path} is not open")
        ready, _, _ = select.select([self._descriptor], [], [], self.idle_seconds)
        if not ready:
            return b""
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as failure:
            raise DeviceUnavailable(f"{self._name}: lost {self._path} ({failure.strerror})") from failure
        if not data:
            raise DeviceUnavailable(f"{self._name}: lost {self._path}; check the cable")
        return data

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)


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
        site_form.check_reader(name, fmt.payload_bits)
        self._fmt, self._site_form = fmt, site_form
        self._lines = WedgeLines(LONGEST_LINE_BYTES)
        self._unreadable = 0

    @property
    def dropped_frames(self) -> int:
        """Return how many lines were no card since the start."""
        return self._decoder.dropped + self._lines.dropped + self._unreadable

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished event and line is kept."""
        return self._decoder.held_bytes + self._lines.held_bytes

    def lose(self) -> None:
        """Drop the whole line: what is left of it may be another card's number."""
        self._lines.spoil()

    def forget(self) -> None:
        """Forget what was half typed."""
        self._lines.forget()

    def take(self, key: KeyEvent, at_ns: int) -> Iterable[DeviceReport]:
        """Report the card whose line this key ended."""
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
        return self._decoder.dropped + self._dropped

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished event is kept."""
        return self._decoder.held_bytes

    def take(self, key: KeyEvent, at_ns: int) -> Iterable[DeviceReport]:
        if not key.gate_key:
            self._dropped += 1
            return ()
        return (KeyPress(self.name, key.gate_key, at_ns),)
