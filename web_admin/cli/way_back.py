"""Commands by which the operator goes back to the backup from before an upgrade."""

import os
import pwd
from pathlib import Path

from gate_controller.command_line.command_names import SERVER_VARIABLE, is_packaged, server_command
from web_admin.cli.answers import clock
from web_admin.core.config import WebConfig
from web_admin.core.database import database_name, sqlite_file

BEFORE_UPGRADE = "before-upgrade-of-"
"""How the name of a backup begins that an upgrade wrote."""


def backup_folder(config: WebConfig) -> Path:
    """Return where an upgrade writes its backup."""
    return config.backup_dir or config.data_dir / "backups"


def way_back(config: WebConfig, file: Path | None = None) -> list[str]:
    """Return the lines, first to last; without a file they name the newest backup that an upgrade wrote.

    On PostgreSQL the later version's tables keep their database under another name.
    """
    newest = sorted(
        backup_folder(config).glob(f"{BEFORE_UPGRADE}*"), key=lambda path: path.name.rpartition("-")[2]
    )
    named = file or (newest[-1] if newest else Path("BACKUP"))
    is_default = is_packaged(SERVER_VARIABLE) and os.environ.get("MENJIN_DATA_DIR") == str(config.data_dir)
    place = "" if is_default else f"--data-dir {config.data_dir} "
    lines = [] if sqlite_file(config.database_url) is not None else new_database(config)
    return [*lines, server_command(f"rollback {place}{named}")]


def new_database(config: WebConfig) -> list[str]:
    """Return the lines that keep a PostgreSQL database under another name and make an empty one."""
    name, user = database_name(config.database_url)
    owner = user or pwd.getpwuid(os.geteuid()).pw_name  # as PostgreSQL knows a connection without a user
    kept = f"{name}_{clock():%Y%m%d_%H%M}"
    made = f"createdb --template template0 --encoding UTF8 --owner {owner} {name}"
    return [
        f'sudo -u postgres psql -c \'ALTER DATABASE "{name}" RENAME TO "{kept}"\'',
        f"sudo -u postgres {made}",
    ]
