"""`menjin fleet`: look after cells on several machines. What changes something first says what."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from fleet.commands import show
from fleet.inventory import read_fleet
from fleet.notes import alone
from fleet.running import Runner
from fleet.words import FleetRefused, _
from gate_controller.contract.spoken import language_of

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
_DESCRIPTION = """\
Look after the cells of a company on several machines, by ssh and Ansible. What changes something says
what it would do, and does it with --do. Cut off, the same command goes on.

  menjin fleet list      name every cell and the service that has it
  menjin fleet check     say what is wrong with which cell or service, and what to do

The inventory, fleet.toml, names the machines: docs/fleet.md shows one.
"""
Command = Callable[[argparse.Namespace, Runner], int]
COMMANDS: dict[str, Command] = {"list": show.show, "check": show.check}


def run(argv: list[str]) -> int:
    """Run one `menjin fleet` command; return 0 done, 1 something is wrong, 2 refused with nothing changed."""
    arguments = _parser().parse_args(argv)
    _.speak(language_of(os.environ))
    try:
        fleet = read_fleet(arguments.inventory)
        with alone(fleet.state) as lock:
            return COMMANDS[arguments.command](arguments, Runner(fleet, lock))
    except FleetRefused as err:
        return _complain(str(err), EXIT_USAGE)
    except BrokenPipeError:
        raise  # the reader of the pipe is gone: the caller ends quietly
    except OSError as err:
        return _complain(f"{err.filename or 'error'}: {err.strerror or err}", EXIT_FAILED)


def _complain(message: str, status: int) -> int:
    print(f"menjin fleet: {message}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="menjin fleet", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--inventory", type=Path, default=Path("fleet.toml"), metavar="FILE",
                       help="names machines and services (default: %(default)s)")  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, says in (("list", "name every cell and where it is"),
                       ("check", "say what is wrong with which cell or service")):
        looks = commands.add_parser(name, parents=[where], help=says)
        looks.add_argument("--json", action="store_true", help="one JSON object a line")
    looks.add_argument("--forget", action="append", default=[], metavar="NAME",
                       help="this cell is gone on purpose: do not miss it")  # fmt: skip
    return parser
