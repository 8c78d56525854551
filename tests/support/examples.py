"""How many examples a property is tried with: an eighth in `make test`, all where MENJIN_THOROUGH is set."""

import os

THOROUGH = bool(os.environ.get("MENJIN_THOROUGH"))
QUICK_SHARE = 8


def share(count: int) -> int:
    """Return how many of so many equal requests this run sends at each address, at least one."""
    return count if THOROUGH else max(1, count // QUICK_SHARE)


def examples(count: int) -> int:
    """Return how many examples this run has for a property that deserves `count`.

    Mark the test or its module `thorough`, so that the run of all examples finds it.
    """
    return count if THOROUGH else max(5, count // QUICK_SHARE)
