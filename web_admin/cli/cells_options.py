"""Options of `menjin web cells`; no more is loaded for `--help`."""

import argparse
from pathlib import Path

from gate_controller.command_line.command_names import server_program
from web_admin.cli.first_setup_options import add_answers

_ABOUT = f"""\
Look after an installation that serves many compounds: a folder DIR with a folder for each, which
'{server_program()} run --cells DIR' serves by host name. A cell is a data directory as any other: every other
command works on it with --data-dir DIR/NAME.
"""


def add_cells(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands and their options."""
    cells = commands.add_parser(
        "cells",
        help="look after many compounds in one installation",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = cells.add_subparsers(dest="kind", required=True, metavar="WHAT")
    for name, says in (
        ("list", "name every cell, its host and who serves it"),
        ("check", "say what is wrong with which cell, and what to do"),
    ):
        looks = kinds.add_parser(name, help=says)
        looks.add_argument("cells", type=Path, metavar="DIR", help="the folder of cells")
        looks.add_argument("--workers", type=int, default=1, help="as 'run' has it")
        looks.add_argument("--json", action="store_true", help="one JSON object a line")
        looks.add_argument("--only", action="append", default=[], metavar="NAME", help="only this cell")
    for name, says in (
        ("hold", "take a cell out and wait until no one serves it"),
        ("resume", "let a cell that was held be served again"),
    ):
        held = kinds.add_parser(name, help=says)
        held.add_argument("cell", type=Path, metavar="DIR/NAME", help="the cell's folder")
    adopt = kinds.add_parser("adopt", help="make a cell of a compound that has a server of its own")
    adopt.add_argument(
        "data_dir", type=Path, metavar="DATA_DIR", help="its data directory; its server has ended"
    )
    adopt.add_argument("--into", type=Path, metavar="DIR", required=True, help="the folder of cells")
    adopt.add_argument("--name", required=True, help="the cell's name: a to z, 0 to 9 and hyphens")
    release = kinds.add_parser("release", help="give a cell a data directory of its own again")
    release.add_argument("cell", type=Path, metavar="DIR/NAME", help="the cell's folder; no one serves it")
    release.add_argument("--to", type=Path, metavar="DATA_DIR", required=True, help="a new or empty folder")
    for moves in (adopt, release):
        moves.add_argument("--dry-run", action="store_true", help="say what would be done")
    _add_between_machines(kinds)
    _add_versions(kinds)
    _add_making(kinds)


def _add_between_machines(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the steps by which a cell goes to another machine, and its removal."""
    steps = {
        "expect": "on the new machine: say the key to pack a cell for",
        "pack": "take a cell out and pack it",
        "unpack": "on the new machine: lay it down; it stays out",
        "leave": "destroy the original, whose copy is whole; say the receipt",
        "arrive": "on the new machine: serve it",
        "stay": "serve the original again, instead of leaving",
        "abandon": "on the new machine: remove the copy, whose original stays",
        "retire": "remove a held cell for good, with its keys",
    }
    made = {name: kinds.add_parser(name, help=says) for name, says in steps.items()}
    for one in made.values():
        one.add_argument("cell", type=Path, metavar="DIR/NAME", help="the cell's folder")
    made["pack"].add_argument("--key", required=True, metavar="KEY", help="as 'expect' said it")
    made["pack"].add_argument("--revision", metavar="NUMBER", help="as 'expect' said it: refuse other tables")
    made["pack"].add_argument(
        "--to", dest="file", type=Path, required=True, metavar="FILE", help="transfer archive"
    )
    made["unpack"].add_argument("file", type=Path, metavar="FILE", help="the transfer archive")
    made["leave"].add_argument(
        "--parcel", required=True, metavar="DIGEST", help="as 'unpack' said it on the new machine"
    )
    made["arrive"].add_argument("--receipt", metavar="RECEIPT", help="as 'leave' said it")
    made["arrive"].add_argument(
        "--original-is-lost",
        action="store_true",
        help="its machine is gone for good and can say no receipt; two would serve it if that is wrong",
    )
    for name in ("stay", "retire"):
        made[name].add_argument("--dry-run", action="store_true", help="say what would be done")


def _add_versions(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = kinds.add_parser("upgrade", help="bring cells of an older version's folder into this version's")
    up.add_argument("cells", type=Path, nargs="+", metavar="DIR/NAME", help="one after another")
    down = kinds.add_parser("downgrade", help="take a cell back from a later version's folder")
    down.add_argument("cell", type=Path, metavar="DIR/NAME", help="the cell's folder")
    for one in (up, down):
        one.add_argument("--into", type=Path, required=True, metavar="DIR", help="this version's cells")
        one.add_argument("--dry-run", action="store_true", help="say what would be done")
        one.add_argument(
            "--passphrase-file", type=Path, metavar="FILE", help="its first line is the backup's passphrase"
        )


def _add_making(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    create = kinds.add_parser("create", help="make a new compound as a cell; options as 'init' has them")
    restore = kinds.add_parser("restore", help="fill a cell from a backup, setting aside what is there")
    for one in (create, restore):
        one.add_argument("cell", type=Path, metavar="DIR/NAME", help="the cell's folder")
        one.add_argument("--dry-run", action="store_true", help="say what would be done")
    add_answers(create)
    restore.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a backup")
    restore.add_argument("--replace", action="store_true", help="the cell is there: set it aside")
    then = restore.add_mutually_exclusive_group()
    then.add_argument("--keep", action="store_true", help="remove what was set aside, with its keys")
    then.add_argument("--undo", action="store_true", help="remove what was restored, put back what was there")
    restore.add_argument("--database-url", help="where to restore to, if not a file in the cell")
    restore.add_argument("--public-url", help="the address residents type")
    restore.add_argument("--behind-proxy", action="store_true", help="a proxy on this machine ends TLS")
    restore.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line is the backup's passphrase"
    )
