"""Simulated GPIO chip, in place of the kernel and below the drivers."""

import threading
import time
from collections.abc import Mapping, Sequence

from hardware.errors import DeviceUnavailable
from hardware.lines.gpio import Bias
from hardware.simulated.relay_board import RelayChange


class GpioChip:
    """A chip whose pins are watched and moved from outside.

    It lies about: the kernel (its calls, its queue of edges, who else holds a line), voltages, bias,
    and what a line shows once it is released: here it keeps its level, as most chips do.
    """

    def __init__(self, path: str = "/dev/gpiochip0") -> None:
        """Solder the chip in; all pins low."""
        self._path = path
        self._news = threading.Condition()
        self._is_there = True
        self._high: set[int] = set()
        self._held: set[int] = set()
        self.shorted: set[int] = set()
        """Pins that stay low under any driver."""
        self.changes: list[RelayChange] = []
        """Every drive of an output: `channel` is the line, `on` whether it became active."""

    @property
    def path(self) -> str:
        return self._path

    def is_high(self, line: int) -> bool:
        """Return the level of a pin now."""
        with self._news:
            return line in self._high

    def set_pin(self, line: int, high: bool) -> None:
        with self._news:
            self._move(line, high)
            self._news.notify_all()

    def take_away(self) -> None:
        """Remove the chip, as when one behind USB or I2C vanishes."""
        with self._news:
            self._is_there = False
            self._held.clear()
            self._news.notify_all()

    def give_back(self) -> None:
        """Restore the chip, its pins as they were."""
        with self._news:
            self._is_there = True

    def outputs_at_rest(self, lines: Sequence[int], *, active_low: bool, consumer: str) -> "_Lines":
        """Take lines as outputs, inactive."""
        held = self._hold(lines, consumer, active_low=active_low)
        for line in lines:
            held.set(line, False)
        return held

    def inputs(self, lines: Sequence[int], *, bias: Bias, consumer: str) -> "_Lines":
        """Take lines as inputs; `bias` sets the pins until another part moves them."""
        held = self._hold(lines, consumer, active_low=False)
        with self._news:
            for line in lines:
                if bias == "pull_up" and line not in self.shorted:
                    self._high.add(line)
        return held

    def _hold(self, lines: Sequence[int], consumer: str, *, active_low: bool) -> "_Lines":
        with self._news:
            if not self._is_there:
                raise DeviceUnavailable(
                    f"cannot take GPIO lines of {self._path} for {consumer}: no such chip"
                )
            if self._held & set(lines):
                raise DeviceUnavailable(f"cannot take GPIO lines of {self._path} for {consumer}: busy")
            self._held |= set(lines)
            return _Lines(self, tuple(lines), active_low=active_low)

    def _check_there(self) -> None:
        if not self._is_there:
            raise DeviceUnavailable(f"lost the GPIO lines of {self._path}")

    def _move(self, line: int, high: bool) -> None:
        self._high.discard(line)
        if high and line not in self.shorted:
            self._high.add(line)


class _Lines:
    def __init__(self, chip: GpioChip, lines: tuple[int, ...], *, active_low: bool) -> None:
        self._chip = chip
        self._lines = lines
        self._active_low = active_low

    def set(self, line: int, active: bool) -> int:
        with self._chip._news:
            self._chip._check_there()
            at_ns = time.monotonic_ns()
            self._chip._move(line, active is not self._active_low)
            self._chip.changes.append(RelayChange(at_ns, line, active))
            self._chip._news.notify_all()
            return at_ns

    def is_active(self, line: int) -> bool:
        with self._chip._news:
            self._chip._check_there()
            return (line in self._chip._high) is not self._active_low

    def levels(self) -> Mapping[int, bool]:
        return {line: self.is_active(line) for line in self._lines}

    def wait(self, timeout_seconds: float) -> None:
        with self._chip._news:
            self._chip._check_there()
            self._chip._news.wait(timeout_seconds)
            self._chip._check_there()

    def release(self) -> None:
        with self._chip._news:
            self._chip._held -= set(self._lines)
