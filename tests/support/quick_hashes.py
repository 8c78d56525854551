"""Hash PINs and one-time codes quickly: their hash is meant to take its time, and tests make thousands."""

from collections.abc import Iterator
from contextlib import contextmanager

from gate_controller.contract import pins

OF_TESTS = {"ARGON2_PASSES": 1, "ARGON2_MEMORY_KIB": 64}
Cost = dict[str, int]


@contextmanager
def hashed_quickly() -> Iterator[Cost]:
    """Hash so in this process until the end of the block; give the product's own cost.

    A process that a test starts hashes at that cost: what it should find may not be hashed here meanwhile.
    """
    real = {name: getattr(pins, name) for name in OF_TESTS}
    try:
        set_cost(OF_TESTS)
        yield real
    finally:
        set_cost(real)


def set_cost(cost: Cost) -> None:
    """Hash at this cost from now on."""
    for name, value in cost.items():
        setattr(pins, name, value)
