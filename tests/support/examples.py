"""Number of examples of a property: a sixteenth, and all in `make test-all`, which sets MENJIN_THOROUGH."""

import os

THOROUGH = bool(os.environ.get("MENJIN_THOROUGH"))
QUICK_SHARE = 16
FEWEST = 3


def share(count: int) -> int:
    """Return how many of so many equal requests this run sends at each address, at least one."""
    return count if THOROUGH else max(1, count // QUICK_SHARE)


def examples(count: int, fewest: int = FEWEST) -> int:
    """Return how many examples this run has for a property that deserves `count`, at least `fewest`."""
    return count if THOROUGH else max(fewest, count // QUICK_SHARE)
