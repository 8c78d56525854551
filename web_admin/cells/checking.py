"""Look at every cell of an installation from outside, for the operator; nothing is changed."""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from web_admin.cells.folders import CellFolder
from web_admin.cells.installation import Choices, judged, read_cells
from web_admin.cells.open_cell import of_error, refuse_tables
from web_admin.cells.rules import Lease
from web_admin.cells.serving_lock import lease_of
from web_admin.cells.trouble import CellOut, Kind, Trouble
from web_admin.core.database import Database, make_engine
from web_admin.operations.readiness import LEAST_FREE_BYTES


@dataclass(frozen=True, slots=True)
class CellCheck:
    """One cell: its folder, what is wrong, and which process says that it serves it."""

    folder: CellFolder
    trouble: Trouble | None
    lease: Lease | None


def look_at_cells(choices: Choices, only: Collection[str] = ()) -> Iterator[CellCheck]:
    """Give every cell, or only these, its database asked; raise OSError where there is no folder."""
    for name, folder in sorted(judged(choices, read_cells(choices)).items()):
        if only and name not in only:
            continue
        yield CellCheck(folder, folder.trouble or _trouble(folder), lease_of(folder.path))


def _trouble(folder: CellFolder) -> Trouble | None:
    config = folder.config
    if config is None:
        return None
    database = Database(make_engine(config.database_url))
    try:
        refuse_tables(folder, config, database)
        free = shutil.disk_usage(folder.path).free
    except CellOut as out:
        return out.trouble
    except Exception as err:  # noqa: BLE001 - whatever it is, it is said of this cell alone
        return of_error(folder, err)
    finally:
        database.engine.dispose()
    if free < LEAST_FREE_BYTES:
        return Trouble(
            Kind.DISK, f"its disk has {free >> 20} MiB left", str(folder.path), "Make room: old backups first"
        )
    return None
