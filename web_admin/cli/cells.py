"""`menjin web cells`: list, check, hold, resume, adopt, release."""

import argparse
import json

from gate_controller.command_line.command_names import server_command
from web_admin.cells.checking import CellCheck, look_at_cells
from web_admin.cells.folders import keys_mark
from web_admin.cells.holds import BY_OPERATOR, end_all_holds, holders
from web_admin.cells.installation import Choices
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.moving import Move, carry_out, plan
from web_admin.cells.rules import is_name
from web_admin.cli import between_machines, making_cells, upgrading_cells
from web_admin.cli.answers import CommandRefused
from web_admin.cli.cell_folder import cell_of, hold_cell, refuse_its_host, say
from web_admin.cli.forgetting import CheckFailed


def cells(arguments: argparse.Namespace) -> str:
    """Do one of the commands; return what to print."""
    commands = {
        "list": show,
        "check": check,
        "hold": hold,
        "resume": resume,
        "adopt": adopt,
        "release": release,
        **between_machines.COMMANDS,
        **upgrading_cells.COMMANDS,
        **making_cells.COMMANDS,
    }
    try:
        return commands[arguments.kind](arguments)
    except MoveRefused as err:
        raise CommandRefused(str(err)) from err


def show(arguments: argparse.Namespace) -> str:
    """Name every cell."""
    return "".join(_line(one, arguments.json) for one in _looked(arguments))


def check(arguments: argparse.Namespace) -> str:
    """Say what is wrong with which cell; raise CheckFailed where something is."""
    found = list(_looked(arguments))
    wrong = [one for one in found if one.trouble is not None]
    lines = "".join(_line(one, arguments.json) for one in (found if arguments.json else wrong))
    if wrong:
        sums = "" if arguments.json else f"{len(wrong)} of {len(found)} cells are out"
        raise CheckFailed(f"{lines}{sums}".rstrip("\n"))
    return lines if arguments.json else f"{len(found)} cells, none is out.\n"


def _looked(arguments: argparse.Namespace) -> list[CellCheck]:
    return list(
        look_at_cells(Choices(arguments.cells.resolve(), workers=arguments.workers), only=arguments.only)
    )


def _line(one: CellCheck, as_json: bool) -> str:
    folder, trouble, lease = one.folder, one.trouble, one.lease
    if as_json:
        # Two cells with the same keys are copies, also on two machines; a mark shows no key.
        facts = {
            "cell": folder.name,
            "host": folder.host,
            "database": "sqlite" if folder.is_sqlite else "postgresql",
            "out": None if trouble is None else str(trouble.kind),
            "held_by": holders(folder.path),
            **(
                {}
                if trouble is None
                else {"what": trouble.what, "where": trouble.where, "todo": trouble.todo}
            ),
            "keys": None if folder.config is None else keys_mark(folder.config)[:16],
            "served_by": None if lease is None else f"{lease.machine.partition('/')[0]}:{lease.process}",
        }
        return json.dumps(facts, ensure_ascii=False) + "\n"
    state = f"out, {trouble.sentence()}" if trouble is not None else "good"
    who = "" if lease is None else f"process {lease.process} of {lease.machine.partition('/')[0]}"
    by = f", served by {who}" if who else ""
    return f"{folder.name:<24} {folder.host or '-':<32} {state}{by}\n"


def hold(arguments: argparse.Namespace) -> str:
    """Take a cell out and wait until no process serves it."""
    cell = cell_of(arguments.cell)
    hold_cell(cell, BY_OPERATOR)
    again = server_command(f"cells resume {cell}")
    return f"{cell} is held and served by no one. To serve it again: {again}\n"


def resume(arguments: argparse.Namespace) -> str:
    """Let a held cell be served again."""
    cell = cell_of(arguments.cell)
    end_all_holds(cell)
    return f"{cell} is served again within seconds where a server runs.\n"


def adopt(arguments: argparse.Namespace) -> str:
    """Make a cell of a data directory."""
    if not is_name(arguments.name):
        raise CommandRefused(f"{arguments.name!r} is no name: a to z, 0 to 9 and hyphens, at most 40")
    move = Move(arguments.data_dir.resolve(), arguments.into.resolve() / arguments.name)
    refuse_its_host(move)
    return _moved(
        arguments,
        move,
        f"{move.target} is a cell now; a server with --cells {move.target.parent} serves it within "
        "seconds. Its address stays: let the proxy lead it there.\n",
    )


def release(arguments: argparse.Namespace) -> str:
    """Give a cell a data directory of its own."""
    target = arguments.to.parent.resolve() / arguments.to.name
    move = Move(cell_of(arguments.cell, is_there=False), target)
    return _moved(arguments, move, f"Its server: {server_command(f'run --data-dir {target}')}\n")


def _moved(arguments: argparse.Namespace, move: Move, done: str) -> str:
    if arguments.dry_run:
        return "".join(f"would {step}\n" for step in plan(move))
    carry_out(move, say)
    return done
