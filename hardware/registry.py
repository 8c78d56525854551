"""Find the drivers that installed packages register under `menjin.drivers`; load one when it is named.

Looking needs no network and loads no driver: it reads the metadata of the installed packages once. Packages
are those of the program, and those in a folder of this machine, which no update of the program replaces.
"""

import logging
import os
import stat
import sys
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from msgspec import inspect

from hardware.driver import (
    API,
    WITHOUT_KIND,
    CameraSettings,
    Driver,
    InputSettings,
    LaneDeviceSettings,
    RelaySettings,
    Settings,
)
from hardware.errors import BadDeviceSetting

log = logging.getLogger(__name__)

GROUP = "menjin.drivers"
FOLDER_VARIABLE, FOLDER = "MENJIN_DRIVERS", "/usr/local/lib/menjin-drivers"
"""Where this machine's own drivers are, and the variable that names another place."""
BASES: dict[str, type[Settings]] = {
    "reader": LaneDeviceSettings,
    "keypad": LaneDeviceSettings,
    "scanner": LaneDeviceSettings,
    "relay": RelaySettings,
    "inputs": InputSettings,
    "camera": CameraSettings,
}
"""By table: what the settings of a driver derive from."""
KEYS: dict[str, frozenset[str]] = {
    "reader": frozenset({"kind", "lane"}),
    "keypad": frozenset({"kind", "lane"}),
    "scanner": frozenset({"kind", "lane"}),
    "relay": frozenset({"kind"}),
    "inputs": frozenset({"kind", "wires"}),
    "camera": frozenset({"kind", "lane", "hands_free_codes"}),
}
"""By table: the keys that the gate itself reads."""
WRITABLE = stat.S_IWGRP | stat.S_IWOTH
OURS = frozenset({"menjin", "menjin-gate-without-face"})


class DriverRefused(BadDeviceSetting):
    """A driver is missing, broken, of another API, or registered twice; names the package."""


@dataclass(frozen=True, slots=True)
class DriverEntry:
    """One entry of a package's metadata; nothing is loaded yet."""

    name: str
    package: str
    entry: metadata.EntryPoint

    def load(self) -> Driver:
        """Return the driver; raise DriverRefused on what is none that this gate can use."""
        try:
            found = self.entry.load()
        except (Exception, SystemExit) as err:  # a stranger's module may fail in any way
            raise self._refused(f"cannot be loaded: {type(err).__name__}: {err}") from err
        if not isinstance(found, Driver):
            raise self._refused(f"is no hardware.driver.Driver but a {type(found).__name__}")
        if found.api != API:
            raise self._refused(f"is written for API {found.api}, and this gate has API {API}")
        if found.name != self.name:
            raise self._refused(f"calls itself {found.name!r}")
        self._check_settings(found)
        return found

    def _check_settings(self, found: Driver) -> None:
        if found.table in WITHOUT_KIND and self.package in OURS:
            return
        base, keys = BASES.get(found.table), KEYS.get(found.table)
        if base is None or keys is None:
            raise self._refused(f"is for the table {found.table!r}; legal tables: {', '.join(BASES)}")
        if not (isinstance(found.settings, type) and issubclass(found.settings, base)):
            raise self._refused(f"has settings that do not derive from hardware.driver.{base.__name__}")
        try:
            inspect.type_info(found.settings)
        except (TypeError, NameError) as err:
            raise self._refused(f"has settings that cannot be read: {err}") from err
        missing = sorted(keys - set(found.settings.__struct_fields__))
        if missing:
            raise self._refused(f"has settings without the key {missing[0]!r}")

    def _refused(self, why: str) -> DriverRefused:
        advice = (
            "reinstall Menjin" if self.package in OURS else f"update or remove the package {self.package}"
        )
        return DriverRefused(f"the driver {self.name!r} of the package {self.package} {why}; {advice}")


class Drivers:
    """The drivers of an installation, by name."""

    def __init__(self, registered: Iterable[DriverEntry]) -> None:
        """Take what packages register; load nothing."""
        self._every = tuple(registered)
        self._registered: dict[str, list[DriverEntry]] = {}
        for one in self._every:
            same = self._registered.setdefault(one.name, [])
            # Both packages of a gate bring the same code: what is imported is one and the same.
            if one.entry.value not in [other.entry.value for other in same]:
                same.append(one)
        self._loaded: dict[str, Driver] = {}

    def names(self) -> tuple[str, ...]:
        """Return every registered name."""
        return tuple(sorted(self._registered))

    def of_package(self, package: str) -> tuple[DriverEntry, ...]:
        """Return what a package registers, by name."""
        wanted = _normal(package)
        found = (one for one in self._every if one.package == wanted)
        return tuple(sorted(found, key=lambda one: one.name))

    def driver(self, name: str) -> Driver:
        """Return a driver; raise DriverRefused where it is missing, broken or there twice."""
        if name not in self._loaded:
            same = self._registered.get(name, [])
            if not same:
                raise DriverRefused(
                    f"no installed package registers the driver {name!r}; "
                    "run 'make setup' in a checkout, or reinstall Menjin or the driver's package"
                )
            if len(same) > 1:
                packages = " and ".join(sorted(one.package for one in same))
                raise DriverRefused(
                    f"the driver {name!r} is registered twice, by {packages}; remove one of them"
                )
            self._loaded[name] = same[0].load()
        return self._loaded[name]

    def at(self, table: str, kind: object) -> Driver | None:
        """Return the driver that a table's `kind` names, None where there is none; raise DriverRefused."""
        if not isinstance(kind, str) or kind not in self._registered:
            return None
        driver = self.driver(kind)
        return driver if driver.table == table else None

    def names_of_others(self) -> tuple[str, ...]:
        """Return what packages beside Menjin's own register, by name, for whichever table; load nothing."""
        return tuple(sorted({one.name for one in self._every if one.package not in OURS}))


@cache
def installed_drivers() -> Drivers:
    """Return the drivers of this installation and of this machine's folder, looked for once."""
    _add_folder(Path(os.environ.get(FOLDER_VARIABLE, FOLDER)))
    return Drivers(
        DriverEntry(entry.name, _normal(entry.dist.name if entry.dist is not None else "?"), entry)
        for entry in metadata.entry_points(group=GROUP)
    )


def _add_folder(folder: Path) -> None:
    """Put the folder last on the import path, where only root or the program's owner can change it."""
    try:
        folder = folder.resolve(strict=True)
        changeable = find_changeable(folder, {0, Path(__file__).stat().st_uid})
    except OSError:
        return
    if changeable is not None:
        log.error(
            "%s: others than root can write it, or it is a link; the drivers in %s are left out. "
            "chown root, chmod go-w, and files in place of links",
            changeable,
            folder,
        )
    elif str(folder) not in sys.path:
        sys.path.append(str(folder))


def find_changeable(folder: Path, owners: Set[int]) -> Path | None:
    """Return a file in the folder, it or a parent of it that users beside these can write or replace."""
    for at, folders, files in os.walk(folder):
        for place in (Path(at, name) for name in (*files, *folders)):
            about = place.lstat()  # a link has the mode 0777
            if about.st_uid not in owners or about.st_mode & WRITABLE:
                return place
    for place in (folder, *folder.parents):
        about = place.stat()
        is_shared = about.st_mode & WRITABLE and (place == folder or not about.st_mode & stat.S_ISVTX)
        if about.st_uid not in owners or is_shared:
            return place
    return None


def _normal(package: str) -> str:
    return package.lower().replace("_", "-").replace(".", "-")
