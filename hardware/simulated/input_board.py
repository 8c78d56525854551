"""Simulated serial input board."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hardware.inputs.serial import ASK_ALL, InputWire
from hardware.interfaces import InputKind
from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry


class InputBoard(Twin):
    """An input board with its contacts, all at rest when created.

    It lies about contact bounce (none) and about wires that are cut or shorted.
    """

    def __init__(
        self,
        stable_path: Path,
        wires: Sequence[InputWire],
        *,
        name: str,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the board in; `wires` is the wiring that the driver is configured with."""
        self._lock = threading.Lock()
        self._is_unheard = self._hangs = False
        self._wires = {(wire.lane_id, wire.kind): wire for wire in wires}
        self._closed = {wire.terminal: wire.normally_closed for wire in wires}
        super().__init__(stable_path, name=name, trace=trace)

    def set(self, lane_id: str, kind: InputKind, active: bool) -> int:
        """Move a contact and return monotonic ns of the last byte; KeyError where none is wired."""
        wire = self._wires[lane_id, kind]
        with self._lock:
            closed = active is not wire.normally_closed
            self._closed[wire.terminal] = closed
            return 0 if self._is_unheard else self.wire.write(_state_line(wire.terminal, closed))

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Move contacts and send nothing, as when noise on the line swallows the message."""
        self._is_unheard = True
        try:
            yield
        finally:
            self._is_unheard = False

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Send nothing at all, as when the microcontroller hangs while its port stays."""
        self._hangs = True
        try:
            with self.unheard():
                yield
        finally:
            self._hangs = False

    def hear(self, data: bytes, _at_ns: int, /) -> None:
        """Answer a question with the state of every terminal."""
        if ASK_ALL[:1] in data and not self._hangs:
            with self._lock:
                for terminal, closed in self._closed.items():
                    self.wire.write(_state_line(terminal, closed))


def _state_line(terminal: str, closed: bool) -> bytes:
    return f"I{terminal}={int(closed)}\n".encode("ascii")
