"""Drive and read lines of a Linux GPIO chip: the only file that imports gpiod.

Lines are requested with their direction, their value at rest and their polarity in one call, so that
no line is an output for an instant before it rests. Killing this program frees the lines; what
they show then is the chip's own affair (most keep the last level), which is why a lock that must not
stay released needs a timer relay behind a hat.

Source: libgpiod 2 (`gpiod.request_lines`), Linux uAPI <linux/gpio.h> v2. Not tried on metal.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

import gpiod
from gpiod.line import Bias as LineBias
from gpiod.line import Direction, Edge, Value

from hardware.errors import BadDeviceSetting, DeviceUnavailable

Bias = Literal["as_is", "none", "pull_up", "pull_down"]
LINES = range(512)
_BIASES: Mapping[Bias, LineBias] = {
    "as_is": LineBias.AS_IS,
    "none": LineBias.DISABLED,
    "pull_up": LineBias.PULL_UP,
    "pull_down": LineBias.PULL_DOWN,
}
# gpiod raises its own two errors beside the system's when a chip goes away in mid-call.
_FAILURES = (OSError, ValueError, gpiod.RequestReleasedError, gpiod.ChipClosedError)


class OutputLines(Protocol):
    """Output lines of one chip, held."""

    def set(self, line: int, active: bool) -> int:
        """Drive a line; return monotonic ns just before; raise DeviceUnavailable."""
        ...

    def is_active(self, line: int) -> bool:
        """Read back what the line is driven to; raise DeviceUnavailable."""
        ...

    def release(self) -> None: ...


class InputLines(Protocol):
    """Input lines of one chip, held."""

    def levels(self) -> Mapping[int, bool]:
        """Return whether each line is active now; raise DeviceUnavailable."""
        ...

    def wait(self, timeout_seconds: float) -> None:
        """Return when a line moved, or after the time; raise DeviceUnavailable."""
        ...

    def release(self) -> None: ...


class GpioChip(Protocol):
    """Where lines come from: the kernel, or a twin of it."""

    @property
    def path(self) -> str:
        """Return the chip's device file."""
        ...

    def outputs_at_rest(self, lines: Sequence[int], *, active_low: bool, consumer: str) -> OutputLines:
        """Take lines as outputs, inactive from the first instant; raise DeviceUnavailable."""
        ...

    def inputs(self, lines: Sequence[int], *, bias: Bias, consumer: str) -> InputLines:
        """Take lines as inputs that report both edges; raise DeviceUnavailable."""
        ...


def check_lines(lines: Sequence[int], *, name: str) -> None:
    """Raise BadDeviceSetting for a line no chip has, or one used twice."""
    for line in lines:
        if line not in LINES:
            raise BadDeviceSetting(f"{name}: a GPIO line is 0 to {LINES[-1]}, not {line}")
        if lines.count(line) > 1:
            raise BadDeviceSetting(f"{name}: GPIO line {line} is used twice")


def labels_here() -> dict[str, str]:
    """Return the label of each GPIO chip of this machine, by device file."""
    labels: dict[str, str] = {}
    for path in sorted(Path("/dev").glob("gpiochip*")):
        with suppress(*_FAILURES), gpiod.Chip(str(path)) as chip:
            labels[str(path)] = chip.get_info().label
    return labels


def file_of(chip: str, labels: Mapping[str, str]) -> str:
    """Return the device file of a chip that is named by its file or its label; raise DeviceUnavailable."""
    if "/" in chip:
        return chip
    found = [path for path, label in labels.items() if label == chip]
    if len(found) != 1:
        here = ", ".join(f"{path} {label}" for path, label in labels.items()) or "none"
        raise DeviceUnavailable(
            f"{len(found) or 'no'} GPIO chips have the label {chip}; chips here: {here} (`gpiodetect`)"
        )
    return found[0]


class KernelChip:
    """A chip of this machine: a device file such as /dev/gpiochip0, or a label such as pinctrl-rp1."""

    def __init__(self, path: str) -> None:
        """Store file or label, open nothing. The kernel may number the files differently at each start."""
        self._path = path

    @property
    def path(self) -> str:
        """Return the device file or the label."""
        return self._path

    def outputs_at_rest(self, lines: Sequence[int], *, active_low: bool, consumer: str) -> OutputLines:
        """Take lines as outputs, inactive from the first instant; raise DeviceUnavailable."""
        settings = gpiod.LineSettings(
            direction=Direction.OUTPUT, active_low=active_low, output_value=Value.INACTIVE
        )
        return _KernelLines(self._path, self._request(lines, settings, consumer), lines)

    def inputs(self, lines: Sequence[int], *, bias: Bias, consumer: str) -> InputLines:
        """Take lines as inputs that report both edges; raise DeviceUnavailable."""
        settings = gpiod.LineSettings(direction=Direction.INPUT, edge_detection=Edge.BOTH, bias=_BIASES[bias])
        return _KernelLines(self._path, self._request(lines, settings, consumer), lines)

    def _request(
        self, lines: Sequence[int], settings: gpiod.LineSettings, consumer: str
    ) -> gpiod.LineRequest:
        path = self._path if "/" in self._path else file_of(self._path, labels_here())
        try:
            return gpiod.request_lines(path, {tuple(lines): settings}, consumer)
        except _FAILURES as failure:
            raise DeviceUnavailable(
                f"cannot take GPIO lines {', '.join(map(str, lines))} of {self._path} ({failure}); "
                "check the chip with `gpiodetect`, that no other program or overlay holds the lines, "
                "and that this user is in the group of the device file"
            ) from failure


class _KernelLines:
    """Lines held; serves both directions."""

    def __init__(self, path: str, request: gpiod.LineRequest, lines: Sequence[int]) -> None:
        self._path = path
        self._request = request
        self._lines = tuple(lines)

    def set(self, line: int, active: bool) -> int:
        at_ns = time.monotonic_ns()
        try:
            self._request.set_value(line, Value.ACTIVE if active else Value.INACTIVE)
        except _FAILURES as failure:
            raise self._lost(failure) from failure
        return at_ns

    def is_active(self, line: int) -> bool:
        """Read a line back."""
        try:
            return self._request.get_value(line) is Value.ACTIVE
        except _FAILURES as failure:
            raise self._lost(failure) from failure

    def levels(self) -> Mapping[int, bool]:
        """Read every line."""
        try:
            values = self._request.get_values(list(self._lines))
        except _FAILURES as failure:
            raise self._lost(failure) from failure
        return {line: value is Value.ACTIVE for line, value in zip(self._lines, values, strict=True)}

    def wait(self, timeout_seconds: float) -> None:
        """Wait for an edge and empty the kernel's queue of them; levels are read, not edges counted."""
        try:
            if self._request.wait_edge_events(timeout_seconds):
                self._request.read_edge_events()
        except _FAILURES as failure:
            raise self._lost(failure) from failure

    def release(self) -> None:
        with suppress(*_FAILURES):
            self._request.release()

    def _lost(self, failure: Exception) -> DeviceUnavailable:
        return DeviceUnavailable(f"lost the GPIO lines of {self._path} ({failure})")
