"""Commands of `menjin web cells` and their options."""

from pathlib import Path

from gate_controller.command_line.command_names import server_program
from web_admin.cli.options import ANSWERS, DRY_RUN, PROXY, Command, Option, file, flag

_CELL = Option("cell", type=Path, metavar="DIR/NAME", help="the cell's folder")
_PASSPHRASE = file("--passphrase-file", "its first line is the backup's passphrase")
_OF_CELLS = (
    Option("cells", type=Path, metavar="DIR", help="the folder of cells"),
    Option("--workers", type=int, default=1, help="as 'run' has it"),
    flag("--json", "one JSON object a line"),
    Option("--only", action="append", default=[], metavar="NAME", help="only this cell"),
)
_INTO = Option("--into", type=Path, required=True, metavar="DIR", help="this version's cells")


def _step(says: str, *options: Option | tuple[Option, ...]) -> Command:
    return Command(says, options, has_data_dir=False)


CELLS = Command(
    "look after many compounds in one installation",
    has_data_dir=False,
    about=f"""\
Look after an installation that serves many compounds: a folder DIR with a folder for each, which
'{server_program()} run --cells DIR' serves by host name. A cell is a data directory as any other: every other
command works on it with --data-dir DIR/NAME.
""",
    kinds={
        "list": _step("name every cell, its host and who serves it", *_OF_CELLS),
        "check": _step("say what is wrong with which cell, and what to do", *_OF_CELLS),
        "hold": _step("take a cell out and wait until no one serves it", _CELL),
        "resume": _step("let a cell that was held be served again", _CELL),
        "adopt": _step(
            "make a cell of a compound that has a server of its own",
            Option(
                "data_dir", type=Path, metavar="DATA_DIR", help="its data directory; its server has ended"
            ),
            Option("--into", type=Path, metavar="DIR", required=True, help="the folder of cells"),
            Option("--name", required=True, help="the cell's name: a to z, 0 to 9 and hyphens"),
            DRY_RUN,
        ),
        "release": _step(
            "give a cell a data directory of its own again",
            Option("cell", type=Path, metavar="DIR/NAME", help="the cell's folder; no one serves it"),
            Option("--to", type=Path, metavar="DATA_DIR", required=True, help="a new or empty folder"),
            DRY_RUN,
        ),
        # The steps by which a cell goes to another machine, and its removal.
        "expect": _step("on the new machine: say the key to pack a cell for", _CELL),
        "pack": _step(
            "take a cell out and pack it",
            _CELL,
            Option("--key", required=True, metavar="KEY", help="as 'expect' said it"),
            Option("--revision", metavar="NUMBER", help="as 'expect' said it: refuse other tables"),
            file("--to", "transfer archive", dest="file", required=True),
        ),
        "unpack": _step(
            "on the new machine: lay it down; it stays out", _CELL, file("file", "the transfer archive")
        ),
        "leave": _step(
            "destroy the original, whose copy is whole; say the receipt",
            _CELL,
            Option(
                "--parcel", required=True, metavar="DIGEST", help="as 'unpack' said it on the new machine"
            ),
        ),
        "arrive": _step(
            "on the new machine: serve it",
            _CELL,
            Option("--receipt", metavar="RECEIPT", help="as 'leave' said it"),
            flag(
                "--original-is-lost",
                "its machine is gone for good and can say no receipt; two would serve it if that is wrong",
            ),
        ),
        "stay": _step("serve the original again, instead of leaving", _CELL, DRY_RUN),
        "abandon": _step("on the new machine: remove the copy, whose original stays", _CELL),
        "retire": _step("remove a held cell for good, with its keys", _CELL, DRY_RUN),
        "upgrade": _step(
            "bring cells of an older version's folder into this version's",
            Option("cells", type=Path, nargs="+", metavar="DIR/NAME", help="one after another"),
            _INTO,
            DRY_RUN,
            _PASSPHRASE,
        ),
        "downgrade": _step(
            "take a cell back from a later version's folder", _CELL, _INTO, DRY_RUN, _PASSPHRASE
        ),
        "create": _step(
            "make a new compound as a cell; options as 'init' has them", _CELL, DRY_RUN, *ANSWERS
        ),
        "restore": _step(
            "fill a cell from a backup, setting aside what is there",
            _CELL,
            DRY_RUN,
            file("file", "a backup", nargs="?"),
            flag("--replace", "the cell is there: set it aside"),
            (
                flag("--keep", "remove what was set aside, with its keys"),
                flag("--undo", "remove what was restored, put back what was there"),
            ),
            Option("--database-url", help="where to restore to, if not a file in the cell"),
            Option("--public-url", help="the address residents type"),
            PROXY,
            _PASSPHRASE,
        ),
    },
)
