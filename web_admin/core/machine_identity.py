"""Identity of this machine, where several serve one database: a file among the secrets, and its run.

    <secrets_dir>/machine.toml    machine_id, run, next_run

Each start gives the machine another run, first here and then in the database. So a second start from a copy
of the folder shows: the database names a run that the copy's file does not have.
"""

import os
import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path

NAME = "machine.toml"


@dataclass(frozen=True, slots=True)
class Identity:
    """Contents of the file; `next_run` is the run that a start has begun to take."""

    machine_id: str
    run: str
    next_run: str

    @property
    def runs(self) -> tuple[str, str]:
        """Return the runs by which the database may know this machine."""
        return self.run, self.next_run


def read_identity(secrets_dir: Path | None) -> Identity | None:
    """Return which machine this is; None for a server that is the only one."""
    if secrets_dir is None:
        return None
    try:
        table = tomllib.loads((secrets_dir / NAME).read_text(encoding="utf-8"))
        return Identity(str(table["machine_id"]), str(table["run"]), str(table["next_run"]))
    except (FileNotFoundError, tomllib.TOMLDecodeError, KeyError):
        return None


def write_identity(secrets_dir: Path, identity: Identity) -> None:
    """Store which machine this is, as a whole or not at all."""
    path, draft = secrets_dir / NAME, secrets_dir / f"{NAME}.draft"
    lines = [f'{name} = "{getattr(identity, name)}"\n' for name in ("machine_id", "run", "next_run")]
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(lines))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def new_name() -> str:
    """Return a fresh name for a machine or a run."""
    return secrets.token_hex(8)
