"""A simulated cable says when its device has heard the host, also where the system passes bytes on late."""

import os
import threading
from pathlib import Path

import pytest

from hardware.simulated.wire import MARK, PtyWire

PATIENCE_SECONDS = 10.0


def test_everything_sent_before_the_wait_is_heard_after_it_and_no_mark_is(tmp_path: Path) -> None:
    heard = bytearray()
    with PtyWire(tmp_path / "line", name="line", hear=lambda data, _at: heard.extend(data)) as wire:
        host = os.open(wire.path, os.O_RDWR | os.O_NOCTTY)
        sent = bytearray()
        for turn in range(500):
            # Bytes that begin a mark are the host's own as well.
            order = bytes([turn & 0xFF]) + MARK[: turn % len(MARK)]
            os.write(host, order)
            sent += order
            wire.wait_until_heard(PATIENCE_SECONDS)
            assert heard == sent
        os.close(host)


def test_a_device_that_hears_nothing_is_named_after_the_time(tmp_path: Path) -> None:
    stop = threading.Event()

    def hear(_data: bytes, _at_ns: int) -> None:
        stop.wait()

    with PtyWire(tmp_path / "line", name="line", hear=hear) as wire:
        host = os.open(wire.path, os.O_RDWR | os.O_NOCTTY)
        os.write(host, b"on")
        with pytest.raises(TimeoutError, match="line"):
            wire.wait_until_heard(0.05)
        stop.set()
        wire.wait_until_heard(PATIENCE_SECONDS)
        os.close(host)


def test_an_unplugged_cable_is_not_waited_for(tmp_path: Path) -> None:
    with PtyWire(tmp_path / "line", name="line") as wire:
        wire.unplug()
        wire.wait_until_heard(PATIENCE_SECONDS)
