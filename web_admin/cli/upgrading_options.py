"""Options of `menjin web upgrade` and `rollback`; no more is loaded for `--help`."""

import argparse
from pathlib import Path


def add_upgrade(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Add both commands; return their parsers."""
    upgrade = commands.add_parser("upgrade", parents=[where], help="bring the tables up to date")
    upgrade.add_argument("--dry-run", action="store_true", help="do everything, then take it back")
    safety = upgrade.add_mutually_exclusive_group()
    safety.add_argument(
        "--backup", type=Path, metavar="FILE", help="where to back up to (default: in the backup folder)"
    )
    safety.add_argument("--no-backup", action="store_true", help="write none: there is no way back then")
    upgrade.add_argument("--cells", type=Path, metavar="DIR", help="every cell in this folder")
    rollback = commands.add_parser("rollback", parents=[where], help="go back to before an upgrade")
    rollback.add_argument("file", type=Path, help="the backup that the upgrade wrote")
    rollback.add_argument("--yes", action="store_true", help="do it without a question")
    return upgrade, rollback
