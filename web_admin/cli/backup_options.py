"""Options of `menjin web backup` and `restore`; no more is loaded for `--help`."""

import argparse
from pathlib import Path


def add_backup(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Add both commands; return their parsers."""
    backup = commands.add_parser("backup", parents=[where], help="write a sealed backup")
    backup.add_argument("file", type=Path, help="or a folder: then it is named for the time")
    backup.add_argument(
        "--cells",
        type=Path,
        metavar="DIR",
        help="every cell in this folder, into its own backup_dir, or a folder of its name in FILE",
    )
    restore = commands.add_parser("restore", parents=[where], help="start again from a backup")
    restore.add_argument("file", type=Path, nargs="?", help="a backup; the data directory must be new")
    restore.add_argument(
        "--without-gate",
        metavar="GATE",
        action="append",
        default=[],
        help="do not wait for this gate, which is lost; may be given several times",
    )
    restore.add_argument("--database-url", help="where to restore to, if not a file in the data directory")
    restore.add_argument("--public-url", help="the address residents type from now on")
    restore.add_argument("--behind-proxy", action="store_true", help="a proxy on this machine ends TLS")
    return backup, restore
