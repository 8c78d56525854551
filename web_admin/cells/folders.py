"""Read the folder of a cell: its settings and keys, or what is wrong with them. It opens no database."""

import hmac
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import make_url

from web_admin.cells.holds import HELD, holders, says_of_hold
from web_admin.cells.rules import host_of_address, is_name, taken_twice
from web_admin.cells.trouble import Kind, Trouble
from web_admin.core.config import SECRET_NAMES, SETTINGS_NAME, ConfigRefused, WebConfig, load_config
from web_admin.core.database import sqlite_file

MOVING = "moving.json"
"""A file that is there while the cell is on its way into or out of this folder."""
SECRETS = "secrets"
_NAMES = (SETTINGS_NAME, HELD, MOVING)
_KEYS = tuple(f"{name}.key" for name in SECRET_NAMES if name != "face")
_CHANGING_KEY = "face.key"
"""It is replaced after each forgetting: only whether it is there counts."""

Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class CellFolder:
    """Contents of a cell's folder: a configuration and a host, or trouble."""

    name: str
    path: Path
    stamp: Stamp
    config: WebConfig | None = None
    host: str | None = None
    trouble: Trouble | None = None

    @property
    def is_sqlite(self) -> bool:
        """Return whether its records are a file, for one process."""
        return self.config is not None and sqlite_file(self.config.database_url) is not None


def cell_paths(folder: Path) -> Iterator[Path]:
    """Give the folders that are cells or want to be, by name; raise OSError where there is no folder."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and path.is_dir():
            yield path


def stamp_of(path: Path) -> Stamp:
    """Return what changes when a cell's settings, keys or marks do."""
    secrets = path / SECRETS
    stamps = [_of_file(path / name) for name in _NAMES] + [_of_file(secrets / name) for name in _KEYS]
    return (*stamps, (secrets / _CHANGING_KEY).exists())


def _of_file(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_folder(
    path: Path, trusted_proxies: int, before: CellFolder | None = None, *, name: str | None = None
) -> CellFolder:
    """Read one folder as it is now; the environment, which is for one compound, says nothing.

    `name`: that of the cell which it will be, where it still lies elsewhere.
    """
    stamp, name = stamp_of(path), name or path.name

    def out(kind: Kind, what: str, todo: str, where: Path = path) -> CellFolder:
        # Its host answers that it is out, as far as the host is known.
        host = _host_said(path) or (before.host if before is not None else None)
        return CellFolder(name, path, stamp, host=host, trouble=Trouble(kind, what, str(where), todo))

    if not is_name(name):
        return out(
            Kind.NAME,
            f"{name!r} is no name for a cell",
            "Rename the folder: a to z, 0 to 9 and hyphens, at most 40",
        )
    try:
        config = load_config({}, path)
    except ConfigRefused as err:
        return out(
            Kind.SETTINGS, str(err), "Mend it; the cell comes back automatically", path / SETTINGS_NAME
        )
    except OSError as err:
        return out(
            Kind.SETTINGS,
            err.strerror or "it cannot be read",
            "Let the server's account read it; the cell comes back automatically",
            Path(err.filename or path),
        )
    host = host_of_address(config.public_url)
    # What is in front is the same for all cells. A wrapping key that is destroyed must not live on here.
    config = replace(config, trusted_proxies=trusted_proxies, face_key=b"")
    found = CellFolder(name, path, stamp, config, host)
    if host is None:
        return out(
            Kind.SETTINGS,
            "public_url names no host",
            "Mend it; the cell comes back automatically",
            path / SETTINGS_NAME,
        )
    return _with_marks(found)


def _host_said(path: Path) -> str | None:
    """Return the host of settings that are not legal as a whole."""
    try:
        said = tomllib.loads((path / SETTINGS_NAME).read_text(encoding="utf-8")).get("public_url")
        return host_of_address(said) if isinstance(said, str) else None
    except (OSError, ValueError):
        return None


def _with_marks(found: CellFolder) -> CellFolder:
    if (found.path / MOVING).exists():
        trouble = Trouble(
            Kind.MOVING,
            "it is on its way into or out of this folder",
            str(found.path / MOVING),
            "Run the command that moves it once more",
        )
        return replace(found, trouble=trouble)
    held_by = holders(found.path)
    if held_by:
        what, todo = says_of_hold(found.path, held_by)
        return replace(found, trouble=Trouble(Kind.HELD, what, str(found.path / HELD), todo))
    return found


def database_of(config: WebConfig) -> str:
    """Return what tells a cell's database from another's; without account and password."""
    file = sqlite_file(config.database_url)
    if file is not None:
        return str(file.resolve())
    address = make_url(config.database_url)
    return f"{address.host}:{address.port or 5432}/{address.database}?{sorted(address.query.items())}"


def keys_mark(config: WebConfig) -> str:
    """Return what tells a cell's keys from another's: a copied folder would take the other's cookies."""
    return hmac.digest(config.session_key, b"menjin/cells", "sha256").hex()


def refuse_clashes(folders: dict[str, CellFolder]) -> dict[str, CellFolder]:
    """Return the folders, those that share a host, keys or a database with trouble: none of these is."""
    read = [one for one in folders.values() if one.config is not None]
    with_host = [(one.name, one.host) for one in folders.values() if one.host is not None]
    clashes = [
        (names, Kind.HOST_TAKEN, f"host {host}", "public_url")
        for host, names in taken_twice(with_host).items()
    ]
    clashes += [
        (names, Kind.KEYS_TAKEN, "set of keys", "secrets")
        for names in taken_twice((one.name, keys_mark(one.config)) for one in read if one.config).values()
    ]
    clashes += [
        (names, Kind.DATABASE_TAKEN, "database", "database_url")
        for names in taken_twice((one.name, database_of(one.config)) for one in read if one.config).values()
    ]
    # Each would delete the other's old backups, and take the other's newest for its own.
    clashes += [
        (names, Kind.BACKUPS_TAKEN, "folder of backups", "backup_dir")
        for names in taken_twice(
            (one.name, str(one.config.backup_dir.resolve()))
            for one in read
            if one.config and one.config.backup_dir is not None
        ).values()
    ]
    refused = dict(folders)
    for names, kind, what, key in clashes:
        for name in names:
            others = ", ".join(other for other in names if other != name)
            refused[name] = replace(
                folders[name],
                trouble=Trouble(
                    kind,
                    f"its {what} is also that of {others}",
                    str(folders[name].path / SETTINGS_NAME),
                    f"Give each another {key}; they come back automatically",
                ),
            )
    return refused


def refuse_files(folders: dict[str, CellFolder]) -> dict[str, CellFolder]:
    """Return the folders, those with an SQLite file with trouble: it is for one process."""
    return {
        name: replace(
            one,
            trouble=Trouble(
                Kind.SEVERAL_PROCESSES,
                "its records are an SQLite file, which is for one process",
                str(one.path / SETTINGS_NAME),
                "Serve it with --workers 1, or keep its records in PostgreSQL (database_url)",
            ),
        )
        if one.trouble is None and one.is_sqlite
        else one
        for name, one in folders.items()
    }
