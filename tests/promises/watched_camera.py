"""The camera of a lane, and whether it is open all the while."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hardware.interfaces import Camera
from tests.support.gates.bench import LANE, BenchGate
from tests.support.gates.waiting import until


def camera_of(bench: BenchGate) -> Camera:
    assert bench.gate is not None
    return bench.gate.controller._parts.code_looks._cameras[LANE]


def wait_until(camera: Camera, *, is_open: bool) -> None:
    until(lambda: camera.is_open is is_open)


@contextmanager
def watching(camera: Camera) -> Iterator[set[bool]]:
    """Note all the while whether the camera is open."""
    seen: set[bool] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            seen.add(camera.is_open)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
