"""Listening without a word: contacts, silences between taps, and ports that are let go of."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.identify.listening import ContactMoved, Heard, PortListener, PortSaid, Tap, contacts_moved
from hardware.lines.serial import ModemLines
from hardware.simulated.wire import PtyWire, TraceEntry

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
PATIENCE_SECONDS = 5.0
OPEN = ModemLines(cts=False, dsr=False, dcd=False, ri=False)


def listener(port: Path) -> PortListener:
    return PortListener(
        lambda: [port] if port.exists() else [], is_keyboard=lambda _port: False, baud_of=lambda _port: 9600
    )


def until(heard: Iterator[Heard | None], wanted: Callable[[Heard], bool]) -> Heard:
    ends = time.monotonic() + PATIENCE_SECONDS
    for item in heard:
        assert time.monotonic() < ends
        if item is not None and wanted(item):
            return item
    raise AssertionError("it ended")


@pytest.mark.parametrize(
    ("terminal", "now"),
    [
        ("cts", ModemLines(cts=True, dsr=False, dcd=False, ri=False)),
        ("dsr", ModemLines(cts=False, dsr=True, dcd=False, ri=False)),
        ("dcd", ModemLines(cts=False, dsr=False, dcd=True, ri=False)),
        ("ri", ModemLines(cts=False, dsr=False, dcd=False, ri=True)),
    ],
)
def test_a_control_line_that_moves_is_a_contact_and_one_that_rests_is_none(
    terminal: str, now: ModemLines
) -> None:
    port = Path("/dev/serial/by-id/adapter")
    assert contacts_moved(port, OPEN, now) == [ContactMoved(port, terminal, closed=True)]
    assert contacts_moved(port, now, OPEN) == [ContactMoved(port, terminal, closed=False)]
    assert contacts_moved(port, now, now) == []
    assert contacts_moved(port, None, now) == []


def test_what_comes_between_two_silences_is_one_tap_and_nothing_is_ever_written(port: Path) -> None:
    trace: list[TraceEntry] = []
    is_over = False
    with PtyWire(port, name="w", trace=trace.append) as wire:
        heard = listener(port).listen(lambda: is_over)
        until(heard, lambda item: isinstance(item, PortSaid) and item.is_open)
        wire.write(b"1234")
        wire.write(b"ABCD\r\n")
        assert until(heard, lambda item: isinstance(item, Tap)) == Tap(port, b"1234ABCD\r\n", 9600)
        wire.write(b"again")
        assert until(heard, lambda item: isinstance(item, Tap)) == Tap(port, b"again", 9600)
        is_over = True
        list(heard)
    assert [entry.direction for entry in trace] == ["to_host"] * 3


def test_an_endless_sender_is_held_within_bounds_and_reported_at_its_next_silence(port: Path) -> None:
    is_over = False
    with PtyWire(port, name="w") as wire:
        heard = listener(port).listen(lambda: is_over)
        until(heard, lambda item: isinstance(item, PortSaid) and item.is_open)
        for _ in range(20):
            wire.write(b"x" * 500)
            next(heard)
        tap = until(heard, lambda item: isinstance(item, Tap))
        assert isinstance(tap, Tap)
        assert len(tap.data) == 2048
        is_over = True
        list(heard)


def test_a_port_that_goes_is_reported_once_and_read_again_when_it_is_back(port: Path) -> None:
    is_over = False
    with PtyWire(port, name="w") as wire:
        heard = listener(port).listen(lambda: is_over)
        until(heard, lambda item: isinstance(item, PortSaid) and item.is_open)
        wire.unplug()
        gone = until(heard, lambda item: isinstance(item, PortSaid))
        assert gone == PortSaid(port, is_open=False, text="unplugged")
        wire.replug()
        until(heard, lambda item: isinstance(item, PortSaid) and item.is_open)
        wire.write(b"5")
        assert until(heard, lambda item: isinstance(item, Tap)) == Tap(port, b"5", 9600)
        is_over = True
        list(heard)
