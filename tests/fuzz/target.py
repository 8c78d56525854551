"""What a fuzz target is, and how one input becomes a stream of bytes over time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: `check` takes any bytes and raises only when the parser broke a promise.

    `seeds` are good inputs to begin from; `found` are inputs that once broke it. Both are tried by
    `make test`, the latter for ever.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    found: tuple[bytes, ...] = ()


def chosen(data: bytes, count: int) -> tuple[int, bytes]:
    """Return which of `count` forms the first byte picks, and the rest."""
    return (data[0] % count, data[1:]) if data else (0, b"")


def over_time(data: bytes, start_ns: int = SECOND_NS) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of the data and monotonic ns; the first byte says how large and how far apart."""
    size, pause = (1 + data[0] % 64, data[0] // 64) if data else (1, 0)
    # 0, 1, 100 or 400 ms: the last is a silence that ends whatever is torn.
    gap_ns = (0, MILLISECOND_NS, 100 * MILLISECOND_NS, 400 * MILLISECOND_NS)[pause]
    for number, start in enumerate(range(1, len(data), size)):
        yield data[start : start + size], start_ns + number * gap_ns
