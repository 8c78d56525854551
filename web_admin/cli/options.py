"""Commands of `menjin web` and their options in one table; no more is loaded for `--help`."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate_controller.contract.languages import LANGUAGES
from web_admin.cli.answers import PASSPHRASE_VARIABLE


class Option:
    """Arguments of `argparse.ArgumentParser.add_argument`."""

    def __init__(self, *names: str, **how: Any) -> None:
        self.names, self.how = names, how


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its line in the help, and its options; those in a tuple exclude each other."""

    says: str
    options: tuple[Option | tuple[Option, ...], ...] = ()
    kinds: Mapping[str, "Command"] = field(default_factory=dict)
    has_data_dir: bool = True
    about: str | None = None


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", table: Mapping[str, Command]
) -> None:
    """Add the commands of a table to a parser, and what each can do."""
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--data-dir", type=Path, help="where the server keeps everything (default: here)")
    for name, command in table.items():
        parser = commands.add_parser(
            name,
            parents=[where] if command.has_data_dir else [],
            help=command.says,
            description=command.about,
            formatter_class=argparse.RawDescriptionHelpFormatter if command.about else argparse.HelpFormatter,
        )
        for option in command.options:
            if isinstance(option, Option):
                parser.add_argument(*option.names, **option.how)
                continue
            group = parser.add_mutually_exclusive_group()
            for one in option:
                group.add_argument(*one.names, **one.how)
        if command.kinds:
            kinds = parser.add_subparsers(dest="kind", required=True, metavar="WHAT")
            add_commands(kinds, command.kinds)


def flag(name: str, says: str) -> Option:
    """Return an option that takes nothing."""
    return Option(name, action="store_true", help=says)


def file(name: str, says: str, **more: Any) -> Option:
    return Option(name, type=Path, metavar="FILE", help=says, **more)


PROXY = flag("--behind-proxy", "a proxy on this machine ends TLS")
DRY_RUN = flag("--dry-run", "say what would be done")
_PASSPHRASE = file(
    "--passphrase-file", f"its first line is the backup's passphrase (or ${PASSPHRASE_VARIABLE}, or typed)"
)
_EVERY_CELL = Option("--cells", type=Path, metavar="DIR", help="every cell in this folder")

ANSWERS = (
    Option("--language", choices=LANGUAGES, help="of the compound's pages"),
    Option("--timezone", help="of the compound, such as Asia/Shanghai"),
    Option("--name", help="the compound's name, as residents know it"),
    Option("--public-url", help="the address residents type, such as https://gate.example.org"),
    Option(
        "--security-contact", metavar="ADDRESS", help="mailto:, https:// or tel: for who finds a weakness"
    ),
    PROXY,
    flag("--brief", "do not say what comes next"),
    Option("--database-url", help="postgresql://… instead of a file in the data directory"),
    file("--root-key", "where to write the root key, to be moved away"),
    file("--root-passphrase-file", "its first line protects the root key"),
    Option("--manager-email", help="who manages the compound"),
    (
        file("--manager-password-file", "its first line is the password"),
        flag("--manager-link", "ask for no password: say a link with which the manager chooses one"),
    ),
    file(
        "--manager-totp-file",
        "base32 secret of the authenticator; without it the first sign-in sets it up",
    ),
)
"""An option for each answer of `init`; what none says is asked for at a terminal."""

COMMANDS: Mapping[str, Command] = {
    "init": Command("make keys, database and first account", ANSWERS),
    "run": Command(
        "serve until stopped",
        (
            Option(
                "--host",
                default="127.0.0.1",
                help="address to listen on (default: 127.0.0.1, behind a reverse proxy)",
            ),
            Option("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)"),
            Option("--threads", type=int, default=16, help="requests at a time (default: %(default)s)"),
            Option("--workers", type=int, default=1, help="processes, for PostgreSQL (default: %(default)s)"),
            Option(
                "--cells",
                type=Path,
                metavar="DIR",
                help="serve every compound in this folder, each by its host name",
            ),
            Option(
                "--trusted-proxies",
                type=int,
                choices=range(9),
                default=0,
                metavar="N",
                help="with --cells: reverse proxies in front of all of them (default: %(default)s)",
            ),
            Option(
                "--open-cells",
                type=int,
                default=500,
                metavar="N",
                help="with --cells: so many are open at a time in each process (default: %(default)s)",
            ),
            Option(
                "--ready-fd", type=int, metavar="N", help="write the address to this descriptor when ready"
            ),
        ),
    ),
    "upgrade": Command(
        "bring the tables up to date",
        (
            flag("--dry-run", "do everything, then take it back"),
            (
                file("--backup", "where to back up to (default: in the backup folder)"),
                flag("--no-backup", "write none: there is no way back then"),
            ),
            _EVERY_CELL,
            _PASSPHRASE,
        ),
    ),
    "rollback": Command(
        "go back to before an upgrade",
        (
            Option("file", type=Path, help="the backup that the upgrade wrote"),
            flag("--yes", "do it without a question"),
            _PASSPHRASE,
        ),
    ),
    "deliver": Command("send the messages that are due, once"),
    "staff-link": Command("reset a staff account", (Option("email", help="the address they sign in with"),)),
    "updates": Command(
        "versions of the gates' program",
        has_data_dir=False,
        kinds={
            "add": Command(
                "check a release and offer it to the gates",
                (
                    Option("release", type=Path, help="the folder with metadata/ and targets/"),
                    file("--root", "the makers' root.json, the first time: whom to trust"),
                ),
            ),
            "list": Command("say which versions gates can have, and on what machines"),
        },
    ),
    "backup": Command(
        "write a sealed backup",
        (
            Option("file", type=Path, help="or a folder: then it is named for the time"),
            Option(
                "--cells",
                type=Path,
                metavar="DIR",
                help="every cell in this folder, into its own backup_dir, or a folder of its name in FILE",
            ),
            _PASSPHRASE,
        ),
    ),
    "restore": Command(
        "start again from a backup",
        (
            Option("file", type=Path, nargs="?", help="a backup; the data directory must be new"),
            Option(
                "--without-gate",
                metavar="GATE",
                action="append",
                default=[],
                help="do not wait for this gate, which is lost; may be given several times",
            ),
            Option("--database-url", help="where to restore to, if not a file in the data directory"),
            Option("--public-url", help="the address residents type from now on"),
            PROXY,
            _PASSPHRASE,
        ),
    ),
    "rotate-keys": Command(
        "change keys, destroy old ones",
        (
            flag("--working", "also the keys that sign policies, passes, orders and anchors"),
            file("--root-key", "for --working: the root key's file"),
            file("--root-passphrase-file", "for --working: its first line opens it"),
        ),
    ),
    "hand-over": Command(
        "give the site away, without faces",
        (
            Option("file", type=Path, help="where to write everything but faces"),
            Option("--to", required=True, metavar="NAME", help="who takes over, as residents will read"),
            Option("--contact", required=True, metavar="TEXT", help="how residents reach them"),
            file("--passphrase-file", "its first line seals the file"),
        ),
    ),
    "breach-drill": Command(
        "stop face everywhere, change keys",
        (
            flag("--for-real", "end every face; nothing resumes"),
            flag("--resume", "end what an interrupted drill left suspended"),
            Option("--reason", default="", metavar="TEXT", help="kept with the record"),
            Option(
                "--wait-seconds",
                type=float,
                default=30.0,
                metavar="N",
                help="for gates (default: %(default)s)",
            ),
            Option("--language", choices=LANGUAGES, help="of the report (default: the site's)"),
            flag("--json", "print the signed record"),
        ),
    ),
    "certificate": Command(
        "list certificates, or write one",
        (
            Option("consent", nargs="?", metavar="CONSENT", help="which one; without it: list all"),
            Option("file", nargs="?", type=Path, help="a new file for it (default: print it)"),
        ),
    ),
    "housekeeping": Command(
        "remove what has ended, now",
        (flag("--dry-run", "only count; nothing is changed"), flag("--json", "print one object")),
    ),
    "audit-verify": Command(
        "check all that was written down", (file("--anchor", "a signed head, or a certificate"),)
    ),
    "export-ledger": Command(
        "write the ledger for an auditor",
        (
            Option("file", type=Path),
            flag("--with-personal", "with the personal parts, which need not leave here"),
        ),
    ),
    "gate-card": Command(
        "write the folder that makes a gate of a stock card",
        (
            Option("gate", help="the gate's short name, as the office added it"),
            Option("out", type=Path, help="a new folder"),
            Option("--version", help="of the program (default: the newest that was added)"),
            Option("--machine", help="such as cp313-aarch64 (default: the first for aarch64)"),
            Option("--devices", type=Path, help="the part of the site file that names lanes and ports"),
            Option("--server-ca", type=Path, help="certificate of an authority of your own"),
            Option(
                "--battery-clock",
                action=argparse.BooleanOptionalAction,
                default=False,
                help="the gate has a clock with a battery (default: it has none)",
            ),
            Option("--days", type=int, choices=range(1, 15), default=7, help="(default: %(default)s)"),
        ),
    ),
    "bell": Command(
        "let a broker of NATS wake gates that have something to fetch",
        has_data_dir=False,
        kinds={
            "account": Command("print this compound's account at a broker"),
            "config": Command(
                "write the file for 'nats-server -c', with this compound's account",
                (
                    Option("file", type=Path, help="where to write it; one that is there is replaced"),
                    Option(
                        "--certificate", required=True, metavar="FILE", help="of the broker, at the broker"
                    ),
                    Option("--key", required=True, metavar="FILE", help="of that certificate, at the broker"),
                    Option(
                        "--listen",
                        default="0.0.0.0:4222",
                        metavar="ADDRESS:PORT",
                        help="(default: %(default)s)",
                    ),
                    Option(
                        "--account",
                        action="append",
                        default=[],
                        metavar="A…",
                        help="of another compound; may be given again",
                    ),
                    Option(
                        "--cluster",
                        nargs="+",
                        default=[],
                        metavar="NAME:PORT",
                        help="all brokers of one cluster",
                    ),
                    Option("--cluster-listen", default="0.0.0.0:6222", metavar="ADDRESS:PORT"),
                    Option(
                        "--ca", metavar="FILE", help="whose certificates the brokers take from each other"
                    ),
                ),
            ),
        },
    ),
    "join": Command(
        "one more machine over the same PostgreSQL",
        (
            Option("file", type=Path, help="a new backup of a running machine, for the secrets in it"),
            Option("--database-url", required=True, help="the PostgreSQL that the others use"),
            Option("--public-url", help="the address residents type, as the others have it"),
            Option("--name", help="what this machine is called (default: its name on the network)"),
            flag("--behind-proxy", "one reverse proxy is in front"),
            _PASSPHRASE,
        ),
    ),
    "machines": Command(
        "list the machines of this database",
        (Option("--forget", metavar="NAME", help="take out a machine that is gone for good"),),
    ),
}
