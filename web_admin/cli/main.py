"""`menjin web`: set a server up, run it, bring its tables up to date, back it up, restore it."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from gate_controller.command_line.command_names import server_program
from gate_controller.command_line.spoken import language_of
from web_admin.cli.answers import CommandRefused
from web_admin.cli.cells_options import CELLS
from web_admin.cli.options import COMMANDS, add_commands
from web_admin.cli.words import _, in_words
from web_admin.core.config import ConfigRefused
from web_admin.core.database import DatabaseError
from web_admin.core.log_lines import set_up_log
from web_admin.core.shared_times import counted_together

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
Command = Callable[[argparse.Namespace], str]

_DESCRIPTION = """\
Set up and run the server of a compound.

  menjin web init       make keys, database and the first manager's account
  menjin web run        serve pages and gates until stopped
  menjin web upgrade    bring the tables up to date after an update of the program
  menjin web rollback   go back to the backup from before an upgrade
  menjin web backup     write one sealed file (faces cannot come back from it)
  menjin web restore    start again from a backup, or leave a lost gate out
  menjin web join       set up one more machine over the same PostgreSQL
  menjin web machines   list the machines of the database, or take one out
  menjin web deliver    send waiting mail and signed messages now ('run' does it as well)
  menjin web staff-link reset a staff account: the only manager lost phone or password
  menjin web updates    add a signed version of the gates' program, or list what was added
  menjin web cells      many compounds in one installation: list, check, hold, adopt, release
  menjin web gate-card  write the folder that makes a paired gate of a stock card
  menjin web bell       write the file of a broker that wakes gates, or print this compound's account there

  menjin web rotate-keys    change the key of face shares now; --working also those that sign
  menjin web breach-drill   stop face everywhere and change keys, as a drill or for real
  menjin web hand-over      end all faces, give the rest to another company
  menjin web certificate    list certificates of forgetting, or write one for who moved out
  menjin web housekeeping   remove what has ended; --dry-run counts
  menjin web audit-verify   check ledger, consents and the gates' journals
  menjin web export-ledger  write the ledger for 'menjin audit verify --ledger'
"""

_EPILOG = """\
settings: DATA_DIR/web.toml holds database_url, public_url, trusted_proxies and how long things are
kept (docs/settings.md); MENJIN_DATABASE_URL and so on go before it, as do MENJIN_DATA_DIR and
MENJIN_SECRETS_DIR. Secrets are files in DATA_DIR/secrets.
"""


def run(argv: list[str]) -> int:
    """Run one `menjin web` command; return 0 done, 1 failed, 2 wrong usage or configuration.

    3 where the tables are those of a later version, as `upgrade` and `run` say.
    """
    arguments = _parser().parse_args(argv)
    _.speak(language_of(os.environ))
    if arguments.command == "run":
        set_up_log()
        with counted_together():
            return _do(arguments)
    return _do(arguments)


def _command_of(arguments: argparse.Namespace) -> Command:
    """Return what does the command that was typed, and gives the text to print."""
    from web_admin.cli import (
        all_cells,
        bell,
        cells,
        first_setup,
        forgetting,
        gate_card,
        gate_updates,
        restoring,
        several_machines,
        upgrading,
    )
    from web_admin.cli import commands as cli_commands  # they load database and pages: not for --help

    of_cells = getattr(arguments, "cells", None) is not None
    commands: dict[str, Command] = {
        "init": first_setup.init,
        "run": cli_commands.serve,
        "cells": cells.cells,
        "upgrade": all_cells.upgrade if of_cells else upgrading.upgrade,
        "rollback": upgrading.rollback,
        "backup": all_cells.backup if of_cells else cli_commands.backup,
        "restore": restoring.restore,
        "join": several_machines.join,
        "machines": several_machines.show_machines,
        "deliver": cli_commands.deliver_messages,
        "staff-link": cli_commands.staff_link,
        "updates": gate_updates.updates,
        "gate-card": gate_card.gate_card,
        "bell": bell.bell,
        "rotate-keys": forgetting.rotate_keys,
        "hand-over": forgetting.hand_over,
        "breach-drill": forgetting.incident_drill,
        "certificate": forgetting.certificate,
        "housekeeping": forgetting.keep_house,
        "audit-verify": forgetting.audit_verify,
        "export-ledger": forgetting.write_ledger,
    }
    return commands[arguments.command]


def _do(arguments: argparse.Namespace) -> int:
    from web_admin.cli import forgetting  # it loads database and pages: not for --help
    from web_admin.custody.machine_keys import MachineRefused

    try:
        print(_command_of(arguments)(arguments), end="")
    except forgetting.CheckFailed as err:
        print(err)
        return EXIT_FAILED
    except CommandRefused as err:
        return _complain(str(err), err.status)
    except MachineRefused as err:
        return _complain(in_words(err), EXIT_USAGE)
    except ConfigRefused as err:
        return _complain(str(err), EXIT_USAGE)
    except DatabaseError as err:
        # The statement and its values may be personal: only the driver's own words are shown.
        why = str(getattr(err, "orig", err)).splitlines()[0]
        if "disk is full" in why:  # SQLite says no more
            why = f"{why} ({(arguments.data_dir or Path(os.environ.get('MENJIN_DATA_DIR', '.'))).resolve()})"
        return _complain(_("the database: %(why)s", why=why), EXIT_FAILED)
    except BrokenPipeError:
        raise  # the reader of the pipe is gone: the caller ends quietly
    except OSError as err:
        return _complain(f"{err.filename or 'error'}: {err.strerror or err}", EXIT_FAILED)
    return EXIT_OK


def _complain(message: str, status: int) -> int:
    print(f"{server_program()}: {message}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=server_program(),
        description=_DESCRIPTION.replace("menjin web", server_program()),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_commands(commands, {**COMMANDS, "cells": CELLS})
    return parser
