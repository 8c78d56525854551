"""Options of menjin-server-setup, and those that it leaves to `menjin web init`."""

import argparse
from pathlib import Path

import cells_setup
from neighbours import _

ROOT_KEY = Path("/root/menjin_root_key.pem")
FILE_OPTIONS = ("--root-passphrase-file", "--manager-password-file", "--manager-totp-file")
OWN_CHOICES = ("--data-dir", "--database-url", "--behind-proxy", "--brief")
"""Options of `menjin web init` that the package answers itself."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="menjin-server-setup",
        description=_(
            "Make a running server of the installed package: first account, database, TLS in "
            "front, a backup every night. It may be run again."
        ),
        epilog=_(
            "More options: those of “menjin-server init”, such as --language, --timezone and --public-url."
        ),
    )
    add, file = made.add_argument, {"type": Path, "metavar": "FILE"}
    add("--restore", help=_("start from a sealed backup of another machine instead of from nothing"), **file)
    add(
        "--cells",
        action="store_true",
        help=_("serve many compounds, each a folder of %(folder)s", folder=cells_setup.CELLS),
    )
    add("--postgresql", action="store_true", help=_("records in this machine's PostgreSQL, not in a file"))
    add(
        "--own-authority",
        action="store_true",
        help=_(
            "let Caddy sign its certificate itself, for a name that the internet does not know; a later "
            "run keeps to it"
        ),
    )
    add("--no-proxy", action="store_true", help=_("leave Caddy alone: TLS is ended elsewhere"))
    add("--root-key", default=ROOT_KEY, help=_("where the root key goes (%(default)s)"), **file)
    add(
        "--backup-passphrase-file",
        **file,
        help=_(
            "its first line seals backups, and opens the one to start from; else one is made, or asked for"
        ),
    )
    for option in FILE_OPTIONS:
        add(option, help=argparse.SUPPRESS, **file)
    for option in OWN_CHOICES:
        add(option, nargs="?", const="", help=argparse.SUPPRESS)
    return made


def value_of(chosen: argparse.Namespace, option: str) -> object:
    return getattr(chosen, option.removeprefix("--").replace("-", "_"))
