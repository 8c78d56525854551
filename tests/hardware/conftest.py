"""What the device tests share: a place for reports, and a check that nothing is left behind."""

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from hardware.interfaces import DeviceReport, DeviceState, Health

PATIENCE_SECONDS = 60.0
R = TypeVar("R", bound=DeviceReport)


class Reports:
    """Collects what devices report, in order, and waits for it."""

    def __init__(self) -> None:
        self.seen: list[DeviceReport] = []
        self._queue: queue.Queue[DeviceReport] = queue.Queue()

    def __call__(self, report: DeviceReport) -> None:
        self._queue.put(report)

    def next(self, patience_seconds: float = PATIENCE_SECONDS) -> DeviceReport:
        report = self._queue.get(timeout=patience_seconds)
        self.seen.append(report)
        return report

    def next_of(self, kind: type[R], patience_seconds: float = PATIENCE_SECONDS) -> R:
        while not isinstance(report := self.next(patience_seconds), kind):
            continue
        return report

    def wait_for(self, health: Health, patience_seconds: float = PATIENCE_SECONDS) -> DeviceState:
        while (state := self.next_of(DeviceState, patience_seconds)).health is not health:
            continue
        return state

    def drain(self) -> list[DeviceReport]:
        while not self._queue.empty():
            self.seen.append(self._queue.get_nowait())
        return self.seen


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def port(tmp_path: Path) -> Path:
    """A stable name that is not there yet."""
    return tmp_path / "by-id" / "usb-twin-if00"


def open_files() -> dict[str, str]:
    """Return what each open descriptor of this process leads to."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which the folder itself is read
            found[entry.name] = str(entry.readlink())
    return found


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """Fail when a thread or an open file of the test outlives it; those of earlier tests may end."""
    threads, files = set(threading.enumerate()), open_files()
    yield
    assert set(threading.enumerate()) - threads == set()
    assert dict(open_files().items() - files.items()) == {}
