"""Make a running server of an installed package: first account, database, TLS in front, a backup every night.

It asks what `menjin web init` asks, and takes the same options; or it starts from a backup. It may be run
again: what is done is not done twice.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from gate_controller.command_line.handed_files import (
    between,
    folder_between,
    folder_of,
    lend,
    open_in,
    read_in,
)
from gate_controller.command_line.spoken import asked_language, language_of

sys.path.insert(0, str(Path(__file__).parent))
import cells_setup
from backup_passphrase import PASSPHRASE, has_passphrase, keep_passphrase, new_passphrase, say_of_passphrase
from neighbours import (
    AUTHORITY,
    LONGEST_START_SECONDS,
    PROXY,
    USER,
    Refused,
    _,
    is_own_authority,
    lead_hosts,
    make_database,
    refuse_without_caddy,
    run,
    set_up_caddy,
)
from setup_options import FILE_OPTIONS, OWN_CHOICES, ROOT_KEY, parser, value_of

HOME = Path("/var/lib/menjin-web")
SETTINGS = HOME / "web.toml"
BACKUPS = Path("/var/backups/menjin")
RUN = Path("/run")
ROOM = Path("/var/tmp")  # noqa: S108 - what goes there is in a folder of root's own
"""Where a copy of a backup lies, which may be larger than the memory."""
PROGRAM = "/usr/lib/menjin-server/bin/menjin"
COMMAND = "/usr/bin/menjin-server"
DATABASE_URL = "postgresql:///menjin?host=/run/postgresql"
"""PostgreSQL knows the server by its user of the system: there is no password."""


def main(arguments: Sequence[str]) -> int:
    """Set the server up and say where it is; 0 done, 1 failed, 2 refused."""
    _.speak(language_of(os.environ))
    chosen, more = parser().parse_known_args(arguments)
    try:
        choose_language()
        set_up(chosen, more)
    except Refused as err:
        print(f"menjin-server-setup: {err}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as err:
        # What failed has said why.
        said = _("%(command)s ended with %(status)s", command=err.cmd[0], status=err.returncode)
        print(f"menjin-server-setup: {said}", file=sys.stderr)
        return 1
    except OSError as err:
        print(f"menjin-server-setup: {err.filename or 'error'}: {err.strerror or err}", file=sys.stderr)
        return 1
    return 0


def choose_language() -> None:
    """Ask for the language where the locale names none of ours; what is started here follows it."""
    if language_of(os.environ) is None and sys.stdin.isatty():
        language = asked_language(input)
        os.environ["LANGUAGE"] = language.value
        _.speak(language)


def set_up(chosen: argparse.Namespace, more: Sequence[str]) -> None:
    """Do what is not done yet, in the order in which one thing needs another."""
    if os.geteuid() != 0:
        raise Refused(_("run it as root: sudo menjin-server-setup"))
    refuse_without_effect(chosen, more)
    passphrase = None if has_passphrase() else new_passphrase(chosen)
    if not chosen.no_proxy:
        refuse_without_caddy()
        if not chosen.own_authority and is_own_authority():
            chosen.own_authority = True
            print(
                _(
                    "Caddy goes on signing its certificate itself; to end that, delete %(file)s first.",
                    file=PROXY,
                )
            )
    if chosen.cells or (cells_setup.CELLS.is_dir() and not SETTINGS.exists()):
        set_up_cells(chosen, passphrase)
        return
    was_there = SETTINGS.exists()
    if was_there:
        print(_("%(file)s is there: the first account and the database stay as they are.", file=SETTINGS))
    elif chosen.restore is not None:
        restore_server(chosen, more, passphrase)
    else:
        make_server(chosen, more)
    if name_in_settings("backup_dir", BACKUPS):
        run("systemctl", "try-restart", "menjin-web.service")
    address = tomllib.loads(settings_text())["public_url"].rstrip("/")
    if passphrase is not None:
        keep_passphrase(passphrase)
    if was_there:
        # A checkout's tables, or an upgrade that could not be sealed; nothing where they are of this version.
        run(COMMAND, "upgrade")
    start()
    if not chosen.no_proxy:
        set_up_caddy(address, own_authority=chosen.own_authority)
        if chosen.own_authority and name_in_settings("own_authority", AUTHORITY):
            run("systemctl", "try-restart", "menjin-web.service")
    is_made = passphrase is not None and chosen.backup_passphrase_file is None and chosen.restore is None
    say_what_is_next(address, chosen, is_made)


def start() -> None:
    """Start the server and its backups, now and with the machine; wait until it is ready."""
    run("systemctl", "enable", "--quiet", "--now", "menjin-web.service", "menjin-backup.timer")
    wait_until_ready()


def set_up_cells(chosen: argparse.Namespace, passphrase: str | None) -> None:
    """Serve many compounds: each new cell is made by a command, and led to by the next run."""
    cells_setup.make_folder_and_unit()
    if passphrase is not None:
        keep_passphrase(passphrase)
    cells_setup.bring_up_to_date()
    run("systemctl", "try-restart", "menjin-web.service")
    start()
    hosts = cells_setup.hosts()
    if hosts and not chosen.no_proxy:
        lead_hosts(hosts, own_authority=chosen.own_authority)
    if passphrase is not None and chosen.backup_passphrase_file is None:
        say_of_passphrase()
    print(
        _(
            "The server runs, with %(count)s compounds. A new one, and then this command again:",
            count=len(hosts),
        )
    )
    print(f"  sudo menjin-server cells create {cells_setup.CELLS}/NAME --root-key {HOME}/NAME_root_key.pem")
    print(f"  sudo menjin-server-setup{' --own-authority' if chosen.own_authority else ''}")


def refuse_without_effect(chosen: argparse.Namespace, more: Sequence[str]) -> None:
    """Raise Refused where an option was given that would change nothing."""
    for option in OWN_CHOICES:
        if value_of(chosen, option) is not None:
            raise Refused(_("%(option)s is not for a person to choose here: leave it out", option=option))
    if chosen.backup_passphrase_file is not None and has_passphrase():
        raise Refused(
            _(
                "%(file)s is there and stays: leave %(option)s out",
                file=PASSPHRASE,
                option="--backup-passphrase-file",
            )
        )
    if chosen.cells:
        own = ("--restore", "--postgresql", *FILE_OPTIONS)
        if given := [option for option in own if value_of(chosen, option)] + list(more):
            raise Refused(
                _(
                    "a compound of many is made by menjin-server cells create: leave %(option)s out",
                    option=" ".join(given),
                )
            )
        if SETTINGS.exists():
            raise Refused(
                _(
                    "%(file)s is there: stop the server and make a cell of it first, with "
                    "menjin-server cells adopt",
                    file=SETTINGS,
                )
            )
    if chosen.restore is not None:
        if chosen.root_key != ROOT_KEY:
            said = _("a restored server keeps its root key: leave %(option)s out", option="--root-key")
            raise Refused(said)
        for option in FILE_OPTIONS:
            if value_of(chosen, option) is not None:
                raise Refused(_("a restored server has its accounts: leave %(option)s out", option=option))
    if SETTINGS.exists():
        own = ("--restore", "--postgresql", *FILE_OPTIONS)
        given = [option for option in own if value_of(chosen, option)]
        if given or more:
            words = " ".join([*given, *more])
            raise Refused(
                _(
                    "%(file)s is there and stays, so this changes nothing: %(options)s. Leave it out",
                    file=SETTINGS,
                    options=words,
                )
            )


def make_server(chosen: argparse.Namespace, more: Sequence[str]) -> None:
    """Run `menjin web init` as the server's user; the root key goes to root, away from it."""
    try:
        # Opened before anything is made: a path that cannot be written is refused now.
        target = os.open(chosen.root_key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        said = _("%(file)s exists: move it away first; nothing was changed", file=chosen.root_key)
        raise Refused(said) from None
    private = folder_between(RUN)
    try:
        if chosen.postgresql:
            make_database()
        key = run_init(private, chosen, more)
    except BaseException:
        os.close(target)
        chosen.root_key.unlink()
        shutil.rmtree(private)
        raise
    keep_root_key(key, target, chosen.root_key)
    shutil.rmtree(private)


def run_init(private: Path, chosen: argparse.Namespace, more: Sequence[str]) -> Path:
    """Let the server's user make it; return where the root key lies, in a folder that is root's by then."""
    made = folder_of(USER, private / "made")
    key = made / "root_key.pem"
    options = [*more, "--root-key", str(key), "--behind-proxy", "--brief"]
    for option in FILE_OPTIONS:
        path = value_of(chosen, option)
        if isinstance(path, Path):
            with path.open("rb") as file:
                options += [option, str(lend(file, private / option.removeprefix("--"), USER))]
    if chosen.postgresql:
        options += ["--database-url", DATABASE_URL]
    as_server("init", *options)
    os.chown(made, 0, 0)
    return key


def as_server(*words: str) -> None:
    """Run a command of the server as its user, in its new folder."""
    environment = {**os.environ, "MENJIN_DATA_DIR": str(HOME)}
    run("runuser", "-u", USER, "--", PROGRAM, "web", *words, environment=environment)


def restore_server(chosen: argparse.Namespace, more: Sequence[str], passphrase: str | None) -> None:
    """Fill a new server from a backup; the passphrase is the one that opens it."""
    said = PASSPHRASE.read_text(encoding="utf-8") if passphrase is None else passphrase
    with between(ROOM) as folder, chosen.restore.open("rb") as backup:
        word = lend(BytesIO(f"{said.strip()}\n".encode()), folder / "passphrase", USER)
        options = [str(lend(backup, folder / "backup", USER)), *more, "--passphrase-file", str(word)]
        if chosen.postgresql:
            make_database()
            options += ["--database-url", DATABASE_URL]
        as_server("restore", *options, "--behind-proxy")


def keep_root_key(key: Path, target: int, name: Path) -> None:
    """Write the root key to the open file; where that fails the only copy stays, and the error names it."""
    try:
        with os.fdopen(target, "wb") as file:
            file.write(read_in(key.parent, key.name))
            file.flush()
            os.fsync(file.fileno())
    except OSError as err:
        said = _(
            "The server is made; its root key is in %(key)s until this machine is switched off: copy it "
            "elsewhere, delete %(file)s and %(folder)s, and run this again",
            key=key,
            file=name,
            folder=key.parent.parent,
        )
        raise Refused(f"{name}: {err.strerror or err}. {said}") from err


def name_in_settings(setting: str, path: Path) -> bool:
    """Let the settings name a path where they name none; return whether a line was added."""
    text = settings_text()
    if setting in tomllib.loads(text):
        return False
    added = open_in(SETTINGS.parent, SETTINGS.name, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(added, "a", encoding="utf-8") as file:
        file.write(("\n" if text and not text.endswith("\n") else "") + f'{setting} = "{path}"\n')
    return True


def settings_text() -> str:
    """Return what the settings say; their folder is the server's user's."""
    return read_in(SETTINGS.parent, SETTINGS.name).decode()


def wait_until_ready() -> None:
    """Wait until the server reads and writes its records; raise Refused when it does not in time."""
    give_up = time.monotonic() + LONGEST_START_SECONDS
    while True:
        try:
            with urlopen("http://127.0.0.1:8000/readyz", timeout=10) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            pass
        if time.monotonic() > give_up:
            raise Refused(_("the server does not get ready: journalctl -u menjin-web says why"))
        time.sleep(0.2)


def say_what_is_next(address: str, chosen: argparse.Namespace, made_passphrase: bool) -> None:
    """Print what a person does now; the address comes last."""
    if chosen.root_key.exists():
        said = _(
            "Move %(file)s to two places off this machine, then delete it here: a holder of it and its "
            "passphrase can make new keys for all gates.",
            file=chosen.root_key,
        )
        print(f"\n{said}")
    if made_passphrase:
        say_of_passphrase()
    if chosen.own_authority and not chosen.no_proxy:
        print(
            _("Gates and phones have to know %(file)s: menjin-gate-setup --server-ca FILE.", file=AUTHORITY)
        )
    if chosen.restore is not None:
        print(
            _(
                "The server runs at %(address)s. Every account of the staff is closed; let a manager begin "
                "with:",
                address=address,
            )
        )
        print("  sudo menjin-server staff-link EMAIL")
        return
    print(_("The server runs. Sign in as the manager: %(address)s", address=f"{address}/staff/sign-in"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
