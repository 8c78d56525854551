"""Why a cell is out: what its host answers, and what the operator reads about what, where and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Cause for which a cell is not served; a word for programs."""

    NAME = "name"
    SETTINGS = "settings"
    HOST_TAKEN = "host_taken"
    DATABASE_TAKEN = "database_taken"
    KEYS_TAKEN = "keys_taken"
    BACKUPS_TAKEN = "backups_taken"
    SEVERAL_PROCESSES = "several_processes"
    HELD = "held"
    MOVING = "moving"
    ELSEWHERE = "served_elsewhere"
    TABLES = "tables"
    DATABASE = "database"
    DISK = "disk"
    FAULT = "fault"


MEANT = frozenset({Kind.HELD, Kind.MOVING, Kind.TABLES})
"""Someone works on the cell: its visitors read that it takes a while, and not that something is wrong."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, its place, and the operator's remedy; nothing personal."""

    kind: Kind
    what: str
    where: str
    todo: str

    def sentence(self) -> str:
        """Return all of it for a line of the log."""
        return f"{self.where}: {self.what}. {self.todo}"


class CellOut(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.sentence())
        self.trouble = trouble
