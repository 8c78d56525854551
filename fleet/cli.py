"""`menjin fleet`: look after cells on several machines. What changes something first says what."""

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fleet.commands import keep, make, move, show, upgrade
from fleet.inventory import NAME, read_fleet
from fleet.notes import alone
from fleet.running import Runner
from fleet.terminal import beside
from fleet.words import FleetRefused, _
from gate_controller.command_line.spoken import language_of

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
_DESCRIPTION = """\
Look after the cells of a company on several machines, by ssh and Ansible. What changes something says
what it would do, and does it with --do. Cut off, the same command goes on.

  menjin fleet list      name every cell and the service that has it
  menjin fleet check     say what is wrong with which cell or service, and what to do
  menjin fleet create    make a new compound as a cell of a service
  menjin fleet backup    back cells up, each on its machine
  menjin fleet restore   fill a cell from a backup; --keep or --undo what was restored
  menjin fleet move      carry a cell to another service; --undo until the original is gone
  menjin fleet upgrade   bring cells to the next version: one, then tens; --undo takes one back
  menjin fleet retire    remove a cell for good

The inventory, fleet.toml, names the machines: docs/fleet.md shows one.
"""
Command = Callable[[argparse.Namespace, Runner], int]
COMMANDS: dict[str, Command] = {
    "list": show.show,
    "check": show.check,
    "create": make.create,
    "backup": keep.backup,
    "restore": keep.restore,
    "move": move.move,
    "upgrade": upgrade.upgrade,
    "retire": make.retire,
}


def run(argv: list[str]) -> int:
    """Run one `menjin fleet` command; return 0 done, 1 something is wrong, 2 refused."""
    # What follows -- is for the machine: argparse would take it apart.
    end = argv.index("--") if "--" in argv else len(argv)
    arguments = _parser().parse_args(argv[:end])
    arguments.options = argv[end + 1 :]
    arguments.now = datetime.now(UTC)
    _.speak(language_of(os.environ))
    try:
        _refuse_odd_names(arguments)
        fleet = read_fleet(arguments.inventory)
        with alone(fleet.state) as lock:
            return COMMANDS[arguments.command](arguments, Runner(fleet, lock))
    except FleetRefused as err:
        return _complain(str(err), EXIT_USAGE)
    except BrokenPipeError:
        raise  # the reader of the pipe is gone: the caller ends quietly
    except OSError as err:
        return _complain(f"{err.filename or 'error'}: {err.strerror or err}", EXIT_FAILED)


def _refuse_odd_names(arguments: argparse.Namespace) -> None:
    """Refuse what no cell is called: names go into paths."""
    said = [getattr(arguments, field, None) for field in ("cell", "canary", "undo")]
    for name in [*said, *getattr(arguments, "cells", ())]:
        if isinstance(name, str) and NAME.fullmatch(name) is None:
            raise FleetRefused(
                _("%(name)s is no name: a to z, 0 to 9 and hyphens, at most 40", name=repr(name))
            )


def _complain(message: str, status: int) -> int:
    beside(f"menjin fleet: {message}")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="menjin fleet", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--inventory",
        type=Path,
        default=Path("fleet.toml"),
        metavar="FILE",
        help="names machines and services (default: %(default)s)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, says in (
        ("list", "name every cell and where it is"),
        ("check", "say what is wrong with which cell or service"),
    ):
        looks = commands.add_parser(name, parents=[where], help=says)
        looks.add_argument("--json", action="store_true", help="one JSON object a line")
    looks.add_argument(
        "--forget",
        action="append",
        default=[],
        metavar="NAME",
        help="this cell is gone on purpose: do not miss it",
    )
    changing = argparse.ArgumentParser(add_help=False, parents=[where])
    changing.add_argument("--do", action="store_true", help="do it; without, say what would be done")
    _add_changing(commands, changing)
    return parser


def _add_changing(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", changing: argparse.ArgumentParser
) -> None:
    made = commands.add_parser(
        "create",
        parents=[changing],
        help="make a new compound as a cell",
        usage="menjin fleet create NAME --on SERVICE [--do] -- OPTIONS OF 'menjin web init'",
        epilog="Files that the options name are those of the machine.",
    )
    made.add_argument("cell", metavar="NAME")
    made.add_argument("--on", dest="service", required=True, metavar="SERVICE", help="where")
    made.add_argument(
        "--although-silent", action="store_true", help="a machine that gives no answer is gone for good"
    )
    kept = commands.add_parser("backup", parents=[changing], help="back cells up, each on its machine")
    kept.add_argument("cells", nargs="*", metavar="NAME", help="without any: all")
    kept.add_argument("--again", action="store_true", help="begin with all, not with what was left")
    back = commands.add_parser("restore", parents=[changing], help="fill a cell from a backup")
    back.add_argument("cell", metavar="NAME")
    back.add_argument("--on", dest="service", metavar="SERVICE", help="where, if it is nowhere now")
    file = back.add_mutually_exclusive_group()
    file.add_argument("--from", dest="file", type=Path, metavar="FILE", help="a backup on this machine")
    file.add_argument("--there", metavar="FILE", help="a backup on the service's machine")
    file.add_argument("--keep", action="store_true", help="remove what was set aside, with its keys")
    file.add_argument("--undo", action="store_true", help="put back what was set aside")
    back.add_argument("--replace", action="store_true", help="the cell is there: set it aside")
    back.add_argument("--public-url", help="the address residents type, if the cell is nowhere now")
    back.add_argument(
        "--although-silent", action="store_true", help="a machine that gives no answer is gone for good"
    )
    moved = commands.add_parser("move", parents=[changing], help="carry a cell to another service")
    moved.add_argument("cell", metavar="NAME")
    moved.add_argument("--to", dest="service", metavar="SERVICE", help="where to")
    moved.add_argument("--undo", action="store_true", help="take a move back that is under way")
    raised = commands.add_parser("upgrade", parents=[changing], help="bring cells to the next version")
    raised.add_argument(
        "--wave",
        type=int,
        default=10,
        choices=range(1, 101),
        metavar="COUNT",
        help="so many at a time after the first one (default: %(default)s)",
    )
    raised.add_argument("--canary", metavar="NAME", help="the one that comes first")
    raised.add_argument("--undo", metavar="NAME", help="take this one back")
    gone = commands.add_parser("retire", parents=[changing], help="remove a cell for good")
    gone.add_argument("cell", metavar="NAME")
    gone.add_argument("--no-backup", action="store_true", help="without a last backup")
