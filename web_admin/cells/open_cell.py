"""Open what one cell needs: the lock of its folder, its database of this version, its keys, its app."""

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from flask import Flask

from gate_controller.command_line.command_names import server_command
from web_admin import create_app, make_parts
from web_admin.cells.folders import CellFolder
from web_admin.cells.serving_lock import ServedElsewhere, ServingLock
from web_admin.cells.trouble import CellOut, Kind, Trouble
from web_admin.core.compiled_statements import Statements
from web_admin.core.config import SETTINGS_NAME, WebConfig
from web_admin.core.database import (
    Database,
    DatabaseError,
    Menjin,
    Work,
    is_disk_full,
    sqlite_file,
)
from web_admin.custody.machine_keys import MachineRefused
from web_admin.operations import schema
from web_admin.operations.machines import enter
from web_admin.web.shared_parts import SharedParts

_log = logging.getLogger(__name__)
newest_revision = cache(schema.newest_revision)


@dataclass(frozen=True, slots=True)
class InCommon:
    """Parts that all cells of a process share, without data of a compound. None where there is one cell."""

    clock: Callable[[], datetime]
    parts: SharedParts | None = field(default_factory=SharedParts)
    statements: Statements | None = field(default_factory=Statements)
    closed: Callable[[], None] = lambda: None
    """Called when a cell with an app was closed: memory can be given back."""


def open_parts(
    folder: CellFolder, common: InCommon, lock: ServingLock, keeps_open: Callable[[Work], Work], now: float
) -> Menjin:
    """Take the folder's lock and open its database; raise CellOut with everything closed again."""
    config = folder.config
    if config is None or folder.trouble is not None:
        raise CellOut(folder.trouble or _fault(folder, "it has no settings"))
    try:
        lock.take(now)
    except ServedElsewhere as err:
        raise CellOut(
            Trouble(
                Kind.ELSEWHERE,
                str(err),
                str(folder.path),
                "End that server or wait for it; this one takes the cell automatically",
            )
        ) from err
    except OSError as err:
        raise CellOut(of_os_error(folder, err)) from err
    try:
        return parts_of(folder, config, common, keeps_open)
    except MachineRefused as err:
        lock.give_back()
        raise CellOut(
            Trouble(
                Kind.ELSEWHERE,
                str(err).partition(". ")[0],
                str(folder.path),
                f"Let this machine join: {server_command('join --help')}",
            )
        ) from err
    except CellOut:
        lock.give_back()
        raise
    except Exception as err:
        lock.give_back()
        raise CellOut(of_error(folder, err)) from err


def parts_of(
    folder: CellFolder, config: WebConfig, common: InCommon, keeps_open: Callable[[Work], Work]
) -> Menjin:
    """Open the database and keys of a folder whose lock is taken; raise what is wrong."""
    menjin = replace(
        make_parts(config, clock=common.clock, statements=common.statements), keeps_open=keeps_open
    )
    try:
        refuse_tables(folder, config, menjin.database)
        enter(menjin, common.clock())
    except BaseException:
        menjin.database.engine.dispose()
        raise
    return menjin


def refuse_tables(folder: CellFolder, config: WebConfig, database: Database) -> None:
    """Raise CellOut unless the tables are of this version; raise DatabaseError where they cannot be asked."""
    file = sqlite_file(config.database_url)
    is_there = file is None or file.is_file()
    found = schema.current_revision(database.engine) if is_there else None
    if found == newest_revision():
        return
    place = str(file or folder.path / SETTINGS_NAME)
    if found is None:
        raise CellOut(
            Trouble(
                Kind.DATABASE,
                "its database is empty or missing",
                place,
                "Mend database_url, bring the file back or restore a backup",
            )
        )
    if schema.knows(found):
        what = f"its tables are of revision {found}, before this program's ({newest_revision()})"
        todo = "Run: " + server_command(f"upgrade --data-dir {folder.path}")
    elif schema.is_before_first(found):
        what = f"its tables are of revision {found}, from before 0.3.0, and no version upgrades them"
        todo = "Serve it with the program that made it, or begin a new cell"
    else:
        what = f"its tables are of revision {found}, later than this program's ({newest_revision()})"
        todo = f"Serve it with that version, or go back: {server_command('rollback')}"
    raise CellOut(Trouble(Kind.TABLES, what, place, todo))


def make_app(menjin: Menjin, common: InCommon) -> Flask:
    """Build the app of a cell over its open parts."""
    return create_app(menjin.config, clock=common.clock, menjin=menjin, shared=common.parts)


def of_error(folder: CellFolder, error: Exception) -> Trouble:
    """Return what an error at the opening means; its own words only where no value can be in them."""
    if isinstance(error, OSError):
        return of_os_error(folder, error)
    if isinstance(error, DatabaseError):
        if is_disk_full(error):
            return _disk(folder)
        said = str(getattr(error, "orig", "") or type(error).__name__).splitlines()[0]
        return Trouble(
            Kind.DATABASE,
            f"its database does not answer: {said}",
            str(folder.path / SETTINGS_NAME),
            "Start the database, or mend database_url; the cell comes back automatically",
        )
    _log.error("cell %s cannot be opened", folder.name, exc_info=error)
    return _fault(folder, f"it cannot be opened ({type(error).__name__})")


def of_os_error(folder: CellFolder, error: OSError) -> Trouble:
    """Return what an error of a file means."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk(folder)
    return Trouble(
        Kind.DISK,
        error.strerror or "a file cannot be used",
        str(error.filename or folder.path),
        "Let the server's account read and write it; the cell comes back automatically",
    )


def _disk(folder: CellFolder) -> Trouble:
    return Trouble(
        Kind.DISK,
        "its disk is full",
        str(folder.path),
        "Make room: old backups first; the cell comes back automatically",
    )


def _fault(folder: CellFolder, what: str) -> Trouble:
    return Trouble(Kind.FAULT, what, str(folder.path), "The log says more; it is retried automatically")
