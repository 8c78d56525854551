"""Find the time zone of this machine, to propose it for a new compound."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import available_timezones

LOCALTIME = Path("/etc/localtime")
"""A link to the zone's file, by whose name the system knows it."""
OF_NO_PLACE = "Etc/"
"""Where zones are that no compound lies in, as that of most rented servers."""


def machine_timezone(environ: Mapping[str, str], localtime: Path = LOCALTIME) -> str:
    """Return the IANA name of this machine's time zone; "" where none is set or it is that of no place.

    A server that counts in UTC says nothing about the compound, whose hours would be wrong by that much.
    """
    chosen = environ.get("TZ")
    name = _name_in(chosen.removeprefix(":")) if chosen else _name_behind(localtime)
    of_a_place = "/" in name and not name.startswith(OF_NO_PLACE)
    return name if of_a_place and name in available_timezones() else ""


def _name_behind(link: Path) -> str:
    try:
        return _name_in(str(link.readlink()))
    except OSError:
        return ""


def _name_in(path: str) -> str:
    _folder, found, name = path.rpartition("zoneinfo/")
    return name if found else path
