"""Read the input of `menjin web` from options, files or a terminal."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from zoneinfo import available_timezones

from web_admin.cli.words import _

PASSPHRASE_VARIABLE = "MENJIN_BACKUP_PASSPHRASE_FILE"  # noqa: S105 - names a file
SHORTEST_PASSPHRASE = 8
SHORTEST_PASSWORD = 10
Judge = Callable[[str], str | None]
"""Says what is wrong with an answer, or nothing."""


class CommandRefused(Exception):
    """The command cannot be done as asked; says what to do instead."""

    status = 2
    """Exit status of the program."""


def clock() -> datetime:
    """Return the present; the only place of the server that reads the clock."""
    return datetime.now(UTC)


def first_line(path: Path) -> str:
    """Return the first line of a file that holds a secret; raise CommandRefused when it is empty."""
    line = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    if not line:
        raise CommandRefused(_("%(file)s has nothing in its first line", file=path))
    return line


def answer(
    value: str | None, question: str, option: str, judge: Judge = lambda _value: None, proposed: str = ""
) -> str:
    """Return an option's value, or ask for it at a terminal until it does; raise CommandRefused.

    `judge` says what is wrong with a value, or nothing: an option that does not do ends the command, a typed
    answer is asked for again. Who types nothing takes what is `proposed`.
    """
    if value:
        if trouble := judge(value):
            raise CommandRefused(
                _("%(option)s: %(trouble)s; nothing was changed", option=option, trouble=trouble)
            )
        return value
    _refuse_without_terminal(question, option)
    asked = f"{question} [{proposed}]: " if proposed else f"{question}: "
    while True:
        typed = input(asked).strip() or proposed
        if trouble := judge(typed) if typed else _("please answer"):
            print(f"  {trouble}")
        else:
            return typed


def optional_answer(value: str | None, question: str, option: str, judge: Judge) -> str:
    """Return an option's value, or what is typed at a terminal, where nothing is an answer too."""
    if value or not sys.stdin.isatty():
        return answer(value, question, option, judge) if value else ""
    while True:
        typed = input(_("%(question)s [none]: ", question=question)).strip()
        if not typed or not (trouble := judge(typed)):
            return typed
        print(f"  {trouble}")


def chosen_answer(value: str | None, question: str, option: str, choices: Mapping[str, str]) -> str:
    """Return an option's value, or let one of a few be chosen at a terminal by its number, code or name."""
    if value:
        return value
    _refuse_without_terminal(question, option)
    named = [f"{number} {name}" for number, name in enumerate(choices.values(), 1)]
    by_word = {
        word.lower(): code
        for number, (code, name) in enumerate(choices.items(), 1)
        for word in (str(number), code, name)
    }
    while True:
        typed = input(f"{question} ({', '.join(named)}): ").strip().lower()
        if typed in by_word:
            return by_word[typed]
        print("  " + _("one of: %(names)s", names=", ".join(named)))


def secret_answer(
    path: Path | None, question: str, option: str, shortest: int, judge: Judge = lambda _value: None
) -> str:
    """Return a secret from a file, or ask for it twice at a terminal until it does; raise CommandRefused."""

    def trouble_with(secret: str) -> str | None:
        if len(secret) < shortest:
            return _("use at least %(count)s characters", count=shortest)
        return judge(secret)

    if path is not None:
        secret = first_line(path)
        if trouble := trouble_with(secret):
            raise CommandRefused(f"{option}: {trouble}")
        return secret
    _refuse_without_terminal(question, option)
    while True:
        asked = _("%(question)s (at least %(count)s characters): ", question=question, count=shortest)
        secret = getpass(asked)
        if trouble := trouble_with(secret):
            print(f"  {trouble}")
        elif getpass(_("once more: ")) != secret:
            print("  " + _("the two were not the same"))
        else:
            return secret


def _refuse_without_terminal(question: str, option: str) -> None:
    if not sys.stdin.isatty():
        raise CommandRefused(
            _(
                "%(option)s is missing (%(question)s); give it, or answer at a terminal",
                option=option,
                question=question,
            )
        )


def backup_passphrase(arguments: argparse.Namespace) -> str:
    path: Path | None = arguments.passphrase_file
    if path is None and os.environ.get(PASSPHRASE_VARIABLE):
        path = Path(os.environ[PASSPHRASE_VARIABLE])
    return secret_answer(path, _("Passphrase of the backup"), "--passphrase-file", SHORTEST_PASSPHRASE)


def no_timezone(name: str) -> str | None:
    """Say what is wrong with a time zone's name, or nothing."""
    if name in available_timezones():
        return None
    return _("there is no time zone %(name)s; legal are IANA names such as Asia/Shanghai", name=repr(name))
