"""`menjin head-office`: run the console of a company, add compounds, make accounts, check once."""

import argparse
import getpass
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import qrcode
from waitress.server import create_server  # type: ignore[import-untyped]  # it has no types

from gate_controller.command_line.command_names import head_office_command
from head_office.accounts import PasswordRefused, code_address, make_account
from head_office.asking.rounds import Rounds
from head_office.judging import View, ordered, view
from head_office.pages.app import Office, create_app
from head_office.settings import (
    Compound,
    FileRefused,
    add_compound,
    checked_key,
    read_compounds,
    read_settings,
)
from head_office.storage import Storage

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
THREADS = 8
_DESCRIPTION = """\
Show how a company's compounds are, in counts and ages. It knows no person.

  menjin head-office account   make an account of its staff, replace its password and codes, or end it
  menjin head-office add       add a compound: its address and the key that its office made
  menjin head-office check     ask every compound once and say how it is
  menjin head-office run       serve the pages until stopped

docs/head_office.md has the setting up in four commands.
"""


def run(argv: list[str]) -> int:
    """Run one `menjin head-office` command; return 0 done, 1 failed, 2 wrong usage or files."""
    arguments = _parser().parse_args(argv)
    data_dir: Path = arguments.data_dir
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        commands = {"run": _serve, "add": _add, "check": _check, "account": _account}
        return commands[arguments.command](arguments)
    except (FileRefused, PasswordRefused) as err:
        return _complain(str(err), EXIT_USAGE)
    except BrokenPipeError:
        raise  # the reader of the pipe is gone: the caller ends quietly
    except OSError as err:
        return _complain(f"{err.filename or 'error'}: {err.strerror or err}", EXIT_FAILED)


def _complain(message: str, status: int) -> int:
    print(f"menjin head-office: {message}", file=sys.stderr)
    return status


def _clock() -> datetime:
    return datetime.now(UTC)


def _serve(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("waitress").setLevel(logging.WARNING)
    settings, storage = read_settings(arguments.data_dir), Storage(arguments.data_dir)
    rounds = Rounds(arguments.data_dir, settings, storage, _clock)
    app = create_app(Office(settings, storage, rounds.read_file, _clock))
    server = create_server(
        app,
        host=arguments.host,
        port=arguments.port,
        threads=THREADS,
        ident=None,
        channel_timeout=30,
        max_request_header_size=16 * 1024,
        max_request_body_size=64 * 1024,
        clear_untrusted_proxy_headers=False,  # `trusted_proxies` says which of them count
    )
    signal.signal(signal.SIGTERM, _stop)
    rounds.start()
    if arguments.ready_fd is not None:
        with os.fdopen(arguments.ready_fd, "w", encoding="ascii") as ready:
            ready.write(f"http://{arguments.host}:{server.effective_port}\n")
    if not storage.account_names():
        print(f"There is no account yet: {head_office_command('account NAME')}", file=sys.stderr)
    try:
        server.run()
    finally:
        rounds.close()
        server.close()
        storage.close()
    return EXIT_OK


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(EXIT_OK)


def _account(arguments: argparse.Namespace) -> int:
    storage = Storage(arguments.data_dir)
    try:
        if arguments.end:
            if not storage.end_account(arguments.name):
                return _complain(f"there is no account {arguments.name!r}", EXIT_FAILED)
            print(f"The account {arguments.name} has ended, with its sessions.")
            return EXIT_OK
        address = code_address(arguments.name, make_account(storage, arguments.name, _password(arguments)))
    finally:
        storage.close()
    picture = qrcode.QRCode(border=2)
    picture.add_data(address)
    drawn = io.StringIO()
    picture.print_ascii(out=drawn, invert=True)
    print(f"{drawn.getvalue()}\n{address}\n")
    print("Read this with an authenticator app now: it is shown once. Each sign-in asks for both.")
    return EXIT_OK


def _password(arguments: argparse.Namespace) -> str:
    if arguments.password_file is not None:
        lines = arguments.password_file.read_text(encoding="utf-8").splitlines()
        return lines[0] if lines else ""
    typed = getpass.getpass("Password (12 characters or more): ")
    if getpass.getpass("The same again: ") != typed:
        raise PasswordRefused("the two are not the same")
    return typed


def _add(arguments: argparse.Namespace) -> int:
    key = checked_key(str(arguments.key_file), arguments.key_file.read_text(encoding="utf-8").strip())
    address = arguments.address.rstrip("/").lower()
    compound = Compound(arguments.word, arguments.name, address, arguments.group, key)
    add_compound(arguments.data_dir, compound)
    [found] = _ask(arguments.data_dir, [compound])
    print(f"Added. {_line(found)}")
    return EXIT_OK


def _check(arguments: argparse.Namespace) -> int:
    compounds = read_compounds(arguments.data_dir)
    views = ordered(_ask(arguments.data_dir, compounds))
    if arguments.json:
        print(json.dumps([_facts(one) for one in views], ensure_ascii=False, indent=2))
    else:
        none = f"There is no compound yet: {head_office_command('add --help')}"
        print("\n".join(map(_line, views)) or none)
    return EXIT_OK if all(one.answers for one in views) else EXIT_FAILED


def _ask(data_dir: Path, compounds: Sequence[Compound]) -> list[View]:
    storage = Storage(data_dir)
    try:
        Rounds(data_dir, read_settings(data_dir), storage, _clock).ask_all()
        answers = storage.answers()
    finally:
        storage.close()
    return [view(one, answers.get((one.word, one.address)), _clock()) for one in compounds]


def _facts(one: View) -> dict[str, object]:
    trouble = one.answer.trouble if one.answer is not None else ""
    return {
        "compound": one.compound.word,
        "level": one.level,
        "no_answer": trouble or None,
        "reasons": [
            {"what": why.what, "word": why.word, "count": why.count, "level": why.level}
            for why in one.reasons
        ],
    }


def _line(one: View) -> str:
    if not one.answers or one.seen is None:
        return f"{one.compound.word}: no answer ({one.answer.trouble if one.answer else 'not asked'})"
    gates = one.seen.gates
    why = ", ".join(reason.word or reason.what for reason in one.reasons)
    says = f"{one.compound.word}: {one.level}, {gates.in_contact} of {gates.total} gates in contact"
    return f"{says}; {why}" if why else says


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="menjin head-office",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--data-dir", type=Path, default=Path(), help="where everything is kept (default: here)"
    )

    serve = commands.add_parser("run", parents=[where], help="serve until stopped")
    serve.add_argument("--host", default="127.0.0.1", help="default: %(default)s, behind a reverse proxy")
    serve.add_argument("--port", type=int, default=8100, help="0 takes a free one (default: %(default)s)")
    serve.add_argument(
        "--ready-fd", type=int, metavar="N", help="write the address to this descriptor when ready"
    )

    add = commands.add_parser("add", parents=[where], help="add a compound")
    add.add_argument("word", help="a short word for it: a-z, 0-9 and -")
    add.add_argument("--name", required=True, help="as the company calls it")
    add.add_argument("--address", required=True, help="https://NAME, the address that its residents type")
    add.add_argument("--key-file", type=Path, required=True, metavar="FILE", help="holds the API key")
    add.add_argument("--group", default="", help="a region or a district: compounds are shown by group")

    check = commands.add_parser("check", parents=[where], help="ask every compound once")
    check.add_argument("--json", action="store_true", help="for programs")

    account = commands.add_parser("account", parents=[where], help="make, replace or end an account")
    account.add_argument("name")
    account.add_argument("--password-file", type=Path, metavar="FILE", help="its first line is the password")
    account.add_argument("--end", action="store_true", help="end it, with its sessions")
    return parser
