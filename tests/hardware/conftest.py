"""What the device tests share: a place for reports, and a check that nothing is left behind."""

import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from hardware.interfaces import DeviceReport, DeviceState, Health

# A busy machine must not fail a property: the deadline of Hypothesis is a timing assert.
settings.register_profile("devices", deadline=None)
settings.load_profile("devices")

PATIENCE_SECONDS = 5.0
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


def open_descriptors() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """Fail when a thread or a file descriptor outlives the test."""
    threads, descriptors = threading.active_count(), open_descriptors()
    yield
    assert threading.active_count() == threads
    assert open_descriptors() == descriptors
