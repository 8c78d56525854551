"""Make a server of many compounds of an installed package: each is a cell of /var/lib/menjin-web/cells.

Run as a program, by the server's user, it lets each cell name its folder of backups where it names none.
"""

import json
import shutil
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from neighbours import USER, run

HOME = Path("/var/lib/menjin-web")
CELLS = HOME / "cells"
BACKUPS = Path("/var/backups/menjin")
DROP_IN = Path("/etc/systemd/system/menjin-web.service.d/cells.conf")
PACKAGES_DROP_IN = Path(__file__).with_name("cells.conf")
COMMAND = "/usr/bin/menjin-server"
PYTHON = "/usr/lib/menjin-server/bin/python3"


def make_folder_and_unit() -> None:
    """Let the service serve every cell of the folder, from now on; a folder that is there stays."""
    run("runuser", "-u", USER, "--", "mkdir", "-p", "-m", "700", str(CELLS))
    DROP_IN.parent.mkdir(mode=0o755, exist_ok=True)
    shutil.copyfile(PACKAGES_DROP_IN, DROP_IN)
    DROP_IN.chmod(0o644)
    run("systemctl", "daemon-reload")


def bring_up_to_date() -> None:
    """Upgrade the tables of all cells, and let each name its folder of backups."""
    run("runuser", "-u", USER, "--", PYTHON, "-I", str(Path(__file__)))
    run(COMMAND, "upgrade", "--cells", str(CELLS))


def hosts() -> list[str]:
    lines = run(COMMAND, "cells", "list", str(CELLS), "--json", read=True).splitlines()
    return sorted({str(host) for line in lines if (host := json.loads(line)["host"])})


def name_backup_dirs() -> None:
    """Let each cell's settings name a folder of backups of its own; old ones are deleted there alone."""
    for settings in sorted(CELLS.glob("[!.]*/web.toml")):
        text = settings.read_text(encoding="utf-8")
        try:
            is_named = "backup_dir" in tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue  # the server says so of this cell
        if not is_named:
            folder = BACKUPS / settings.parent.name
            folder.mkdir(mode=0o700, exist_ok=True)
            with settings.open("a", encoding="utf-8") as file:
                end = "\n" if text and not text.endswith("\n") else ""
                file.write(f'{end}backup_dir = "{folder}"\n')


if __name__ == "__main__":
    name_backup_dirs()
