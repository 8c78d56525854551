"""Simulated GPIO chip in a file, for a gate in a process of its own, where `gpio_chip` cannot reach.

    with GpioFile(path, name="chip", high=(5, 6)) as chip:     the bench's end
        chip.set_pin(5, False); chip.is_high(26); chip.unplug()
    FileChip(str(path))                                        in place of the kernel, in the gate's process

It lies about what `gpio_chip` lies about, and about edges: pins are looked at every few milliseconds,
so that a level shorter than that is never seen. It does not prevent two users of one line.
"""

import mmap
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from hardware.errors import DeviceUnavailable
from hardware.lines.gpio import LINES, Bias

SIZE_BYTES = 1 + len(LINES)
LOOK_SECONDS = 0.005
AWAY = 0
"""The first byte counts how often the chip was plugged in; this while it is out. Then a byte a pin."""


def _mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), SIZE_BYTES)


class GpioFile:
    """The bench's end: a chip whose pins are watched and moved from outside; made plugged in."""

    may_be_renamed = False

    def __init__(self, path: Path, *, name: str, high: Iterable[int] = ()) -> None:
        """Make the file; the pins in `high` begin high, as those with a pull-up do."""
        self.name = name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1) + bytes(line in set(high) for line in LINES))
        self._bytes = _mapped(path)
        self._times = 0
        self.replug()

    @property
    def is_plugged(self) -> bool:
        return self._bytes[0] != AWAY

    def is_high(self, line: int) -> bool:
        """Return the level of a pin now."""
        return bool(self._bytes[1 + line])

    def set_pin(self, line: int, high: bool) -> int:
        """Move a pin from outside and return monotonic ns."""
        at_ns = time.monotonic_ns()
        self._bytes[1 + line] = int(high)
        return at_ns

    def unplug(self) -> None:
        """Remove the chip, as when one behind USB or I2C vanishes."""
        self._bytes[0] = AWAY

    def replug(self, *, renamed: bool = False) -> None:
        """Restore the chip, its pins as they were; raise ValueError where it is to have another name."""
        if renamed:
            raise ValueError(f"{self.name}: a chip in a file has one name")
        if not self.is_plugged:
            self._times = self._times % 255 + 1
            self._bytes[0] = self._times

    def close(self) -> None:
        """Take the chip away."""
        if not self._bytes.closed:
            self.unplug()
            self._bytes.close()

    def __enter__(self) -> Self:
        """Return the chip, to be taken away at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Take the chip away."""
        self.close()


class FileChip:
    """The gate's end, in place of `KernelChip`."""

    def __init__(self, path: str) -> None:
        """Remember the file; nothing is opened yet."""
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    def outputs_at_rest(self, lines: Sequence[int], *, active_low: bool, consumer: str) -> "_Lines":
        """Take lines as outputs, inactive from the first instant; raise DeviceUnavailable."""
        held = _Lines(self._path, lines, consumer, active_low=active_low)
        for line in lines:
            held.set(line, False)
        return held

    def inputs(self, lines: Sequence[int], *, bias: Bias, consumer: str) -> "_Lines":
        """Take lines as inputs; their bias is the bench's affair; raise DeviceUnavailable."""
        del bias
        return _Lines(self._path, lines, consumer, active_low=False)


class _Lines:
    def __init__(self, path: str, lines: Sequence[int], consumer: str, *, active_low: bool) -> None:
        self._path, self._lines, self._active_low = path, tuple(lines), active_low
        try:
            self._bytes = _mapped(Path(path))
        except (OSError, ValueError) as failure:
            raise DeviceUnavailable(
                f"cannot take GPIO lines of {path} for {consumer}: {failure}"
            ) from failure
        self._plugged_in = self._bytes[0]
        if self._plugged_in == AWAY:
            self._bytes.close()
            raise DeviceUnavailable(f"cannot take GPIO lines of {path} for {consumer}: no such chip")

    def set(self, line: int, active: bool) -> int:
        self._check_there()
        at_ns = time.monotonic_ns()
        self._bytes[1 + line] = int(active is not self._active_low)
        return at_ns

    def is_active(self, line: int) -> bool:
        """Read a line back."""
        self._check_there()
        return bool(self._bytes[1 + line]) is not self._active_low

    def levels(self) -> Mapping[int, bool]:
        """Read every line."""
        return {line: self.is_active(line) for line in self._lines}

    def wait(self, timeout_seconds: float) -> None:
        """Return soon: there are no edges to wait for."""
        self._check_there()
        time.sleep(min(LOOK_SECONDS, timeout_seconds))

    def release(self) -> None:
        self._bytes.close()

    def _check_there(self) -> None:
        if self._bytes.closed or self._bytes[0] != self._plugged_in:
            raise DeviceUnavailable(f"lost the GPIO lines of {self._path}")
