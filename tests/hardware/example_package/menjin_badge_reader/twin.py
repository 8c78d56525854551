"""The badge reader's twin. It lies about the radio field and the time its bytes take."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.driver import Bench
from hardware.simulated.twin import Twin

NUMBER = 0x12AB34CD


class BadgeTwin(Twin):
    """A badge reader with its converter."""

    def tap(self, number: int) -> int:
        """Hold a badge to it; return monotonic ns of the last byte."""
        data = number.to_bytes(4)
        return self.wire.write(f"B{data.hex().upper()}*{sum(data) % 256:02X}\r".encode())


@contextmanager
def plugged(folder: Path) -> Iterator[Bench]:
    """Plug one in under a name in the folder."""
    with BadgeTwin(folder / "badge", name="badge") as twin:
        yield Bench(
            twin=twin,
            settings={"port": twin.path},
            act=lambda: twin.tap(NUMBER),
            reads=NUMBER,
            send=twin.wire.write,
        )
