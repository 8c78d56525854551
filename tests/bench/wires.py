"""How long bytes take on a real wire, which a pty does not."""

from collections.abc import Iterator

from hardware.simulated.wire import TraceEntry
from tests.bench.figure import Figure

BITS_A_BYTE = 10
"""A start bit, eight data bits, a stop bit."""
USUAL_BAUD, FAST_BAUD = 9600, 115200


class Ear:
    """What passed over one wire, to count the bytes between two moments."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._heard: list[tuple[int, int]] = []

    def take(self, entry: TraceEntry) -> None:
        """Note bytes of either direction."""
        self._heard.append((entry.at_ns, len(entry.data)))

    def bytes_between(self, from_ns: int, to_ns: int) -> int:
        """Return how many bytes passed in between, both ends included."""
        return sum(count for at_ns, count in self._heard if from_ns <= at_ns <= to_ns)


def on_the_wire(bench: str, case: str, byte_count: int) -> Iterator[Figure]:
    """Yield what so many bytes take on a real line, slow and fast; pty figures do not have it in them."""
    for baud in (USUAL_BAUD, FAST_BAUD):
        name = f"beside it the wire: {case}, {byte_count} bytes at {baud}"
        yield Figure(bench, name, round(byte_count * BITS_A_BYTE / baud * 1000, 2), "ms")
