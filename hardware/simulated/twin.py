"""Base of the simulated serial devices: one wire and its lifetime."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from hardware.simulated.wire import PtyWire, TraceEntry


class Twin:
    """A simulated device on a PtyWire; lies about what the wire lies about."""

    may_be_renamed = True
    """True if it can come back under another name of the system's, and be found all the same."""

    def __init__(
        self,
        stable_path: Path,
        *,
        name: str,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the device in under `stable_path`."""
        self.name = name
        self.wire = PtyWire(stable_path, name=name, hear=self.hear, trace=trace)

    @property
    def path(self) -> str:
        """Return the stable path as the driver is given it."""
        return self.wire.path

    @property
    def is_plugged(self) -> bool:
        return self.wire.is_plugged

    def hear(self, data: bytes, at_ns: int, /) -> None:
        """Take bytes from the host, in the wire's thread; most devices do not listen."""

    def unplug(self) -> None:
        """Pull the device's cable."""
        self.wire.unplug()

    def replug(self, *, renamed: bool = False) -> None:
        """Put the cable back under the same stable path; `renamed`: as another device than before."""
        self.wire.replug(renamed=renamed)

    def close(self) -> None:
        """Take the device away."""
        self.wire.close()

    def __enter__(self) -> Self:
        """Return the device, to be taken away at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the device away."""
        self.close()
