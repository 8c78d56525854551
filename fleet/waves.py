"""In which order cells come to the next version: one first, then tens. Pure."""

from collections.abc import Sequence

import msgspec

CANARY = 1


class Waves(msgspec.Struct):
    """How far an upgrade has come. A wave stays here until all of it is good."""

    wave: list[str] = []
    done: list[str] = []


def next_wave(so_far: Waves, left: Sequence[str], size: int, canary: str | None = None) -> list[str]:
    """Return the cells that come next: those of a wave that was not good, then one, then so many."""
    if so_far.wave:
        return list(so_far.wave)
    if so_far.done:
        return list(left[:size])
    first = [canary] if canary in left else list(left[:CANARY])
    return [name for name in first if name is not None]
