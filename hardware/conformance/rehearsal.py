"""Play a driver against its twin: what it reads, what it reports of a pulled cable, what noise does to it."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from hardware.driver import Bench, Driver, Place
from hardware.errors import HardwareError
from hardware.interfaces import (
    Camera,
    CardRead,
    CodeRead,
    DeviceReport,
    DeviceState,
    Health,
    InputChange,
    KeyPress,
    Report,
)
from hardware.relays.board import BoardRelay, RelayBoard

PATIENCE_SECONDS = 20.0
"""For an OSDP reader, which is tried again every second and is secure only then."""
STOP_SECONDS = 1.0
TRY_SECONDS = 0.5
"""How long one act may take to be read; a card module repeats the same card for a second."""
PULSE_SECONDS = 0.3


class NotSeen(Exception):
    """A driver did not do in time what a point asks of it."""


@runtime_checkable
class StartedDevice(Protocol):
    """A reader or board of inputs, which has a thread of its own."""

    def start(self, report: Report) -> None: ...

    def stop(self) -> None:
        """End the thread."""
        ...


def open_files() -> dict[str, str]:
    """Return what each open descriptor of this process leads to."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which the folder itself is read
            found[entry.name] = str(entry.readlink())
    return found


def until(reached: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so; raise NotSeen."""
    give_up = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > give_up:
            raise NotSeen(what)
        time.sleep(0.01)


def converted(driver: Driver, table: Mapping[str, object]) -> object:
    """Return a table of the site file as the driver's settings."""
    given = {"kind": driver.name, "lane": "lane", **table}
    legal = {name: value for name, value in given.items() if name in driver.settings.__struct_fields__}
    return msgspec.convert(legal | dict(table), driver.settings, dec_hook=lambda kind, value: kind(value))


class Rehearsal:
    """One device, made by its driver on the twin's bench."""

    def __init__(self, driver: Driver, bench: Bench, table: Mapping[str, object]) -> None:
        """Make the device; raise what its driver raises."""
        self.bench = bench
        self.states: list[DeviceState] = []
        self._readings: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
        self._before = set(threading.enumerate()), open_files()
        place = Place(name="checked", report=self.take, **dict(bench.place()))  # type: ignore[arg-type]
        made = driver.make(converted(driver, table), place)
        self.device: object = made
        if isinstance(made, RelayBoard):
            self.device = BoardRelay(made, 1, name="checked", max_pulse_seconds=5.0)

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished frame the device keeps, as far as it says."""
        return int(getattr(self.device, "held_bytes", 0))

    def take(self, report: DeviceReport) -> None:
        if isinstance(report, DeviceState):
            self.states.append(report)
        else:
            self._readings.put(report)

    def begin(self) -> None:
        """Start the device and wait until it is there; raise NotSeen."""
        match self.device:
            case BoardRelay():
                self.device.open()
            case StartedDevice():
                self.device.start(self.take)
                until(lambda: Health.OK in self._since(0), "it never reported OK")
            case _:
                self._camera().open()

    def works(self) -> None:
        """See the device do what it is for, once; raise NotSeen."""
        match self.device:
            case BoardRelay():
                self.pulse(PULSE_SECONDS)
            case StartedDevice():
                self.reads(self.bench.act, self.bench.reads)
                self.bench.rest()
            case _:
                until(self._sees, "no picture came")

    def reads(self, act: Callable[[], object], wanted: object) -> None:
        """Act until the driver hands up what is wanted; raise NotSeen with what came in its place."""
        give_up, others = time.monotonic() + PATIENCE_SECONDS, set()
        while time.monotonic() < give_up:
            act()
            once = time.monotonic() + TRY_SECONDS
            with suppress(queue.Empty):
                while (left := once - time.monotonic()) > 0:
                    meaning = meaning_of(self._readings.get(timeout=left))
                    if meaning == wanted:
                        return
                    others.add(type(meaning).__name__)
            self.bench.rest()
        raise NotSeen(
            f"it read {'something else' if others else 'nothing'} where the twin showed what it reads"
        )

    def reads_nothing(self, act: Callable[[], object], unwanted: object) -> None:
        """Act once, and see that this is not read; raise NotSeen."""
        act()
        give_up = time.monotonic() + TRY_SECONDS
        with suppress(queue.Empty):
            while (left := give_up - time.monotonic()) > 0:
                if meaning_of(self._readings.get(timeout=left)) == unwanted:
                    raise NotSeen(
                        "half a frame from before the unplugging and half from after it were read as one"
                    )

    def pulse(self, seconds: float) -> None:
        """See the first output go on for a pulse and off again; raise NotSeen."""
        relay, is_on = self.device, self.bench.is_on
        if not isinstance(relay, BoardRelay) or is_on is None:
            raise NotSeen("its twin shows no output")
        until(lambda: not is_on(), "its output is on without an order")
        until(lambda: _ordered(relay, seconds), "it took no order")
        until(is_on, "its output did not go on", PATIENCE_SECONDS)
        until(lambda: not is_on(), "its output did not go off", seconds + 3.0)

    def is_lost_and_found(self) -> list[DeviceState]:
        """Pull the cable and put it back; return what was reported meanwhile; raise NotSeen."""
        if isinstance(self.device, BoardRelay | StartedDevice):
            before = len(self.states)
            self.bench.twin.unplug()
            until(lambda: Health.LOST in self._since(before), "it did not report LOST")
            time.sleep(TRY_SECONDS)
            self.bench.twin.replug()
            until(lambda: Health.OK in self._since(before), "it did not report OK when it was back")
            return self.states[before:]
        camera = self._camera()
        self.bench.twin.unplug()
        until(lambda: not camera.is_open or not self._sees(), "it sees with its cable out")
        self.bench.twin.replug()
        until(self._sees_again, "it does not see when it is back")
        return []

    def end(self) -> None:
        """Stop the device within a second and see that nothing is left of it; raise NotSeen.

        Its twin has been plugged in since the device was made: a new cable has files and a thread as well.
        """
        began = time.monotonic()
        self.finish()
        took = time.monotonic() - began
        if took > STOP_SECONDS:
            raise NotSeen(f"it took {took:.1f} s to stop")
        threads, files = self._before
        until(lambda: not set(threading.enumerate()) - threads, "a thread of it runs on", 2.0)
        until(lambda: not dict(open_files().items() - files.items()), "a file of it stays open", 2.0)

    def finish(self) -> None:
        match self.device:
            case BoardRelay():
                self.device.close()
            case StartedDevice():
                self.device.stop()
            case _:
                self._camera().close()

    def _since(self, count: int) -> list[Health]:
        return [state.health for state in self.states[count:]]

    def _camera(self) -> Camera:
        if not (hasattr(self.device, "newest_frame") and hasattr(self.device, "open")):
            raise NotSeen(f"a {type(self.device).__name__} is no device, board of relays or camera")
        camera: Camera = self.device  # type: ignore[assignment]
        return camera

    def _sees(self) -> bool:
        try:
            return self._camera().newest_frame(TRY_SECONDS) is not None
        except HardwareError:
            return False

    def _sees_again(self) -> bool:
        camera = self._camera()
        with suppress(HardwareError):
            camera.close()
            camera.open()
            return self._sees()
        return False


def meaning_of(report: DeviceReport) -> object:
    """Return what a report says besides the device and the time."""
    match report:
        case CardRead():
            return report.number
        case KeyPress():
            return report.key
        case CodeRead():
            return report.text
        case InputChange():
            return report.kind.value, report.active
    return None


def _ordered(relay: BoardRelay, seconds: float) -> bool:
    try:
        relay.pulse(seconds)
    except HardwareError:
        return False
    return True
