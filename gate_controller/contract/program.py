"""Which version of Menjin this is, as gates and servers say it to each other."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def program_version() -> str:
    """Return the version of the installed package, "0" where it runs without being installed."""
    try:
        return version("menjin")
    except PackageNotFoundError:
        return "0"
