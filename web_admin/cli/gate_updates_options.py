"""Options of `menjin web updates`; no more is loaded for `--help`."""

import argparse
from pathlib import Path


def add_updates(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    """Add the command."""
    updates = commands.add_parser("updates", help="versions of the gates' program")
    kinds = updates.add_subparsers(dest="kind", required=True, metavar="WHAT")
    adds = kinds.add_parser("add", parents=[where], help="check a release and offer it to the gates")
    adds.add_argument("release", type=Path, help="the folder with metadata/ and targets/")
    adds.add_argument(
        "--root", type=Path, metavar="FILE", help="the makers' root.json, the first time: whom to trust"
    )
    kinds.add_parser("list", parents=[where], help="say which versions gates can have, and on what machines")
