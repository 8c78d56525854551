"""Read the input of `menjin web` from options, files or a terminal."""

import argparse
import os
import sys
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from zoneinfo import available_timezones

PASSPHRASE_VARIABLE = "MENJIN_BACKUP_PASSPHRASE_FILE"  # noqa: S105 - names a file
SHORTEST_PASSPHRASE = 8
SHORTEST_PASSWORD = 10


class CommandRefused(Exception):
    """The command cannot be done as asked; says what to do instead."""


def clock() -> datetime:
    """Return the present; the only place of the server that reads the clock."""
    return datetime.now(UTC)


def first_line(path: Path) -> str:
    """Return the first line of a file that holds a secret; raise CommandRefused when it is empty."""
    line = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    if not line:
        raise CommandRefused(f"{path} has nothing in its first line")
    return line


def answer(value: str | None, question: str, option: str) -> str:
    """Return an option's value, or ask for it at a terminal; raise CommandRefused without one."""
    if value:
        return value
    if not sys.stdin.isatty():
        raise CommandRefused(f"{option} is missing ({question}); give it, or answer at a terminal")
    return input(f"{question}: ").strip() or answer(None, question, option)


def secret_answer(path: Path | None, question: str, option: str, shortest: int) -> str:
    """Return a secret from a file, or ask for it twice at a terminal; raise CommandRefused."""
    if path is not None:
        secret = first_line(path)
    elif sys.stdin.isatty():
        secret = getpass(f"{question}: ")
        if getpass("once more: ") != secret:
            raise CommandRefused("the two were not the same")
    else:
        raise CommandRefused(f"{option} is missing ({question}); give it, or answer at a terminal")
    if len(secret) < shortest:
        raise CommandRefused(f"{option}: use at least {shortest} characters")
    return secret


def backup_passphrase(arguments: argparse.Namespace) -> str:
    """Return the passphrase that seals a backup."""
    path: Path | None = arguments.passphrase_file
    if path is None and os.environ.get(PASSPHRASE_VARIABLE):
        path = Path(os.environ[PASSPHRASE_VARIABLE])
    return secret_answer(path, "Passphrase of the backup", "--passphrase-file", SHORTEST_PASSPHRASE)


def known_timezone(name: str) -> str:
    """Return a time zone's name; raise CommandRefused when there is no such zone."""
    if name not in available_timezones():
        raise CommandRefused(f"--timezone is {name!r}; legal are IANA names such as Asia/Shanghai")
    return name
