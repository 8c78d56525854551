"""Version of the installed Menjin, as gates and servers report it to each other."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("menjin", "menjin-gate-without-face")
"""Names under which this code is installed, never both in one place."""


@cache
def program_version() -> str:
    """Return the version of the installed package, "0" where it runs without being installed."""
    for name in PACKAGES:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "0"
