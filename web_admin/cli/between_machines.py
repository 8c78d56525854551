"""`menjin web cells expect`, `pack`, `unpack`, `leave`, `arrive`, `stay`, `abandon`; and `retire`.

What a program needs for the next step is printed as one JSON object.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from web_admin.cells import retiring, transfer_archive
from web_admin.cells.moving import Move
from web_admin.cli.answers import CommandRefused
from web_admin.cli.cell_folder import cell_of, refuse_its_host, say
from web_admin.operations.schema import newest_revision


def _said(**facts: str) -> str:
    return json.dumps(facts) + "\n"


def _cell(arguments: argparse.Namespace) -> Path:
    return cell_of(arguments.cell, is_there=False)


def expect(arguments: argparse.Namespace) -> str:
    """Say the key to pack for."""
    public_key, unpacked = transfer_archive.expect(_cell(arguments))
    return _said(public_key=public_key, parcel=unpacked, revision=newest_revision())


def pack(arguments: argparse.Namespace) -> str:
    """Take the cell out and pack it."""
    cell = cell_of(arguments.cell)
    return _said(parcel=transfer_archive.pack(cell, arguments.key, arguments.file, say, arguments.revision))


def unpack(arguments: argparse.Namespace) -> str:
    """Lay the cell down here, out until it arrives."""
    target = _cell(arguments)
    return _said(
        parcel=transfer_archive.unpack(
            target, arguments.file, lambda cell: refuse_its_host(Move(cell, target))
        )
    )


def leave(arguments: argparse.Namespace) -> str:
    """Destroy the original, whose copy is whole."""
    return _said(receipt=transfer_archive.leave(_cell(arguments), arguments.parcel, say))


def arrive(arguments: argparse.Namespace) -> str:
    """Let the copy be served."""
    if not arguments.receipt and not arguments.original_is_lost:
        raise CommandRefused("--receipt is missing: 'cells leave' says it on the other machine")
    cell = _cell(arguments)
    transfer_archive.arrive(cell, arguments.receipt or "", is_original_lost=arguments.original_is_lost)
    return f"{cell} is served within seconds where a server runs.\n"


def stay(arguments: argparse.Namespace) -> str:
    """Let the original be served again."""
    cell = _cell(arguments)
    if arguments.dry_run:
        transfer_archive.can_stay(cell)
        return f"would serve {cell} again\n"
    transfer_archive.stay(cell, say)
    return f"{cell} is served again within seconds where a server runs.\n"


def abandon(arguments: argparse.Namespace) -> str:
    """Remove the copy, whose original stays."""
    cell = _cell(arguments)
    transfer_archive.abandon(cell)
    return f"nothing of {cell} is here.\n"


def retire(arguments: argparse.Namespace) -> str:
    """Remove a cell for good."""
    cell = _cell(arguments)
    if not cell.exists():
        return f"{cell} is not there.\n"
    if arguments.dry_run:
        return "".join(f"would {step}\n" for step in retiring.plan(cell))
    retiring.retire(cell, say)
    return f"{cell} is gone, its keys were overwritten.\n"


COMMANDS: dict[str, Callable[[argparse.Namespace], str]] = {
    "expect": expect,
    "pack": pack,
    "unpack": unpack,
    "leave": leave,
    "arrive": arrive,
    "stay": stay,
    "abandon": abandon,
    "retire": retire,
}
