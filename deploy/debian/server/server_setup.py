"""Make a running server of an installed package: first account, database, TLS in front, a backup every night.

It asks what `menjin web init` asks, and takes the same options. It may be run again: what is done is not done
twice.
"""

import argparse
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

USER = "menjin-web"
HOME = Path("/var/lib/menjin-web")
SETTINGS = HOME / "web.toml"
PASSPHRASE = Path("/etc/menjin/backup_passphrase")
BACKUPS = Path("/var/backups/menjin")
RUN = Path("/run")
AUTHORITY = Path("/etc/menjin/authority.pem")
ROOT_KEY = Path("/root/menjin_root_key.pem")
PROGRAM = "/usr/lib/menjin-server/bin/menjin"
DATABASE_URL = "postgresql:///menjin?host=/run/postgresql"
"""PostgreSQL knows the server by its user of the system: there is no password."""
PROXY = Path("/etc/systemd/system/caddy.service.d/menjin.conf")
CADDYS_AUTHORITY = Path("/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt")
FILE_OPTIONS = ("--root-passphrase-file", "--manager-password-file", "--manager-totp-file")
OWN_CHOICES = ("--data-dir", "--database-url", "--behind-proxy", "--brief")
"""Options of `menjin web init` that the package answers itself."""
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another on paper."""
SHORTEST_PASSPHRASE = 8
LONGEST_START_SECONDS = 120


class Refused(Exception):
    """It cannot be done as asked; says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Set the server up and say where it is; 0 done, 1 failed, 2 refused."""
    parser = argparse.ArgumentParser(
        prog="menjin-server-setup", description=__doc__,
        epilog="More options: those of 'menjin web init', such as --language, --timezone and --public-url.",
    )
    add, file = parser.add_argument, {"type": Path, "metavar": "FILE"}
    add("--postgresql", action="store_true", help="records in this machine's PostgreSQL, not in a file")
    add("--own-authority", action="store_true",
        help="let Caddy sign its certificate itself, for a name that the internet does not know; "
        "a later run keeps to it")  # fmt: skip
    add("--no-proxy", action="store_true", help="leave Caddy alone: TLS is ended elsewhere")
    add("--root-key", default=ROOT_KEY, help="where the root key goes (%(default)s)", **file)
    add("--backup-passphrase-file", help="its first line seals backups; else one is made", **file)
    for option in FILE_OPTIONS:
        add(option, help=argparse.SUPPRESS, **file)
    for option in OWN_CHOICES:
        add(option, nargs="?", const="", help=argparse.SUPPRESS)
    chosen, more = parser.parse_known_args(arguments)
    try:
        set_up(chosen, more)
    except Refused as err:
        print(f"menjin-server-setup: {err}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as err:
        # What failed has said why.
        print(f"menjin-server-setup: {err.cmd[0]} ended with {err.returncode}", file=sys.stderr)
        return 1
    except OSError as err:
        print(f"menjin-server-setup: {err.filename or 'error'}: {err.strerror or err}", file=sys.stderr)
        return 1
    return 0


def set_up(chosen: argparse.Namespace, more: Sequence[str]) -> None:
    """Do what is not done yet, in the order in which one thing needs another."""
    if os.geteuid() != 0:
        raise Refused("run it as root: sudo menjin-server-setup")
    refuse_without_effect(chosen, more)
    passphrase = None if has_passphrase() else new_passphrase(chosen.backup_passphrase_file)
    if not chosen.no_proxy:
        refuse_without_caddy()
        if not chosen.own_authority and is_own_authority():
            chosen.own_authority = True
            print(f"Caddy goes on signing its certificate itself; to end that, delete {PROXY} first.")
    if SETTINGS.exists():
        print(f"{SETTINGS} is there: the first account and the database stay as they are.")
    else:
        make_server(chosen, more)
    if name_backup_dir():
        run("systemctl", "try-restart", "menjin-web.service")
    address = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["public_url"].rstrip("/")
    if passphrase is not None:
        keep_passphrase(passphrase)
    run("systemctl", "enable", "--quiet", "--now", "menjin-web.service", "menjin-backup.timer")
    wait_until_ready()
    if not chosen.no_proxy:
        set_up_caddy(address, own_authority=chosen.own_authority)
    is_made = passphrase is not None and chosen.backup_passphrase_file is None
    say_what_is_next(address, chosen, is_made)


def refuse_without_effect(chosen: argparse.Namespace, more: Sequence[str]) -> None:
    """Raise Refused where an option was given that would change nothing."""
    for option in OWN_CHOICES:
        if value_of(chosen, option) is not None:
            raise Refused(f"{option} is not for a person to choose here: leave it out")
    if chosen.backup_passphrase_file is not None and has_passphrase():
        raise Refused(f"{PASSPHRASE} is there and stays: leave --backup-passphrase-file out")
    if SETTINGS.exists():
        given = [option for option in ("--postgresql", *FILE_OPTIONS) if value_of(chosen, option)]
        if given or more:
            words = " ".join([*given, *more])
            raise Refused(f"{SETTINGS} is there and stays, so this changes nothing: {words}. Leave it out")


def value_of(chosen: argparse.Namespace, option: str) -> object:
    """Return what was given for an option."""
    return getattr(chosen, option.removeprefix("--").replace("-", "_"))


def refuse_without_caddy() -> None:
    """Raise Refused where Caddy is missing, or serves something that a person wrote."""
    if shutil.which("caddy") is None:
        raise Refused("Caddy is missing: sudo apt install caddy, or say --no-proxy")
    if PROXY.exists():
        return
    said = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Conffiles}", "caddy"], capture_output=True, text=True,
        check=False,
    ).stdout
    digests = dict(line.split()[:2] for line in said.splitlines() if line.strip())
    own = Path("/etc/caddy/Caddyfile")
    if own.exists() and digests.get(str(own)) != digest_of(own):
        raise Refused(
            f"Caddy serves what {own} says. Put the site of /etc/menjin/Caddyfile there by hand "
            "and say --no-proxy"
        )


def digest_of(path: Path) -> str:
    """Return the digest that dpkg compares a file of settings by."""
    return run("md5sum", str(path), read=True).split()[0]


def make_database() -> None:
    """Make the server's role and an empty database in PostgreSQL, where they are missing."""
    if shutil.which("createdb") is None or not Path("/run/postgresql").is_dir():
        raise Refused("PostgreSQL is missing: sudo apt install postgresql")
    as_postgres = ("runuser", "-u", "postgres", "--")
    roles = run(*as_postgres, "psql", "-tAc", "SELECT rolname FROM pg_roles", read=True).split()
    if USER not in roles:
        run(*as_postgres, "createuser", USER)
    names = run(*as_postgres, "psql", "-tAc", "SELECT datname FROM pg_database", read=True).split()
    if "menjin" not in names:
        new = ("createdb", "--owner", USER, "--template", "template0", "--encoding", "UTF8", "menjin")
        run(*as_postgres, *new)


def make_server(chosen: argparse.Namespace, more: Sequence[str]) -> None:
    """Run `menjin web init` as the server's user; the root key goes to root, away from it."""
    try:
        # Opened before anything is made: a path that cannot be written is refused now.
        target = os.open(chosen.root_key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise Refused(f"{chosen.root_key} exists: move it away first; nothing was changed") from None
    private = Path(tempfile.mkdtemp(dir=RUN, prefix="menjin-setup-"))
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
    """Let the server's user make it; return where the root key lies, in a folder of the moment."""
    entry = pwd.getpwnam(USER)
    os.chown(private, entry.pw_uid, entry.pw_gid)
    key, copies = private / "root_key.pem", private / "answers"
    copies.mkdir(mode=0o700)
    os.chown(copies, entry.pw_uid, entry.pw_gid)
    options = [*more, "--root-key", str(key), "--behind-proxy", "--brief"]
    for option in FILE_OPTIONS:
        path = value_of(chosen, option)
        if isinstance(path, Path):
            # Root alone may read what was named; the server's user gets a copy for the moment.
            copy = copies / option.removeprefix("--")
            copy.touch(mode=0o600)
            os.chown(copy, entry.pw_uid, entry.pw_gid)
            copy.write_bytes(path.read_bytes())
            options += [option, str(copy)]
    if chosen.postgresql:
        options += ["--database-url", DATABASE_URL]
    environment = {**os.environ, "MENJIN_DATA_DIR": str(HOME)}
    run("runuser", "-u", USER, "--", PROGRAM, "web", "init", *options, environment=environment)
    shutil.rmtree(copies)
    os.chown(private, 0, 0)
    return key


def keep_root_key(key: Path, target: int, name: Path) -> None:
    """Write the root key to the open file; where that fails the only copy stays, and the error names it."""
    try:
        with os.fdopen(target, "wb") as file:
            file.write(key.read_bytes())
            file.flush()
            os.fsync(file.fileno())
    except OSError as err:
        raise Refused(
            f"{name}: {err.strerror or err}. The server is made; its root key is in {key} until this machine "
            f"is switched off: copy it elsewhere, delete {name} and {key.parent}, and run this again"
        ) from err


def name_backup_dir() -> bool:
    """Let the settings name the folder of backups where they name none; return whether a line was added."""
    text = SETTINGS.read_text(encoding="utf-8")
    if "backup_dir" in tomllib.loads(text):
        return False
    with SETTINGS.open("a", encoding="utf-8") as file:
        file.write(("\n" if text and not text.endswith("\n") else "") + f'backup_dir = "{BACKUPS}"\n')
    return True


def has_passphrase() -> bool:
    """Whether backups have a passphrase; a run that was cut off may have left an empty file."""
    return PASSPHRASE.exists() and PASSPHRASE.read_text(encoding="utf-8").strip() != ""


def new_passphrase(given: Path | None) -> str:
    """Return the passphrase that was given, or a random one; raise Refused where it is too short."""
    if given is None:
        words = ["".join(secrets.choice(LETTERS) for _letter in range(5)) for _word in range(5)]
        return "-".join(words)
    text = given.read_text(encoding="utf-8").partition("\n")[0].strip()
    if len(text) < SHORTEST_PASSPHRASE:
        raise Refused(f"{given}: its first line has to have at least {SHORTEST_PASSPHRASE} characters")
    return text


def keep_passphrase(text: str) -> None:
    """Keep the passphrase of backups where only root and the server read it."""
    PASSPHRASE.parent.mkdir(exist_ok=True)
    part = PASSPHRASE.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(f"{text}\n", encoding="utf-8")
    os.chown(part, 0, pwd.getpwnam(USER).pw_gid)
    part.chmod(0o640)
    part.replace(PASSPHRASE)


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
            raise Refused("the server does not get ready: journalctl -u menjin-web says why")
        time.sleep(0.2)


def is_own_authority() -> bool:
    """Whether an earlier run let Caddy sign its certificate itself."""
    return PROXY.exists() and "local_certs" in PROXY.read_text(encoding="utf-8")


def set_up_caddy(address: str, *, own_authority: bool) -> None:
    """Let Caddy end TLS for the address; its own Caddyfile stays as it is."""
    parts = urlsplit(address)
    if parts.scheme != "https":
        print(f"{address} is not https://: Caddy is left alone.")
        return
    PROXY.parent.mkdir(parents=True, exist_ok=True)
    PROXY.write_text(
        "# Written by menjin-server-setup. The site is in /etc/menjin/Caddyfile.\n"
        "[Service]\n"
        f'Environment="MENJIN_HOST={parts.netloc}" MENJIN_UPSTREAM=127.0.0.1:8000\n'
        f"Environment=MENJIN_CERTIFICATES={'local_certs' if own_authority else ''}\n"
        "ExecStart=\n"
        "ExecStart=/usr/bin/caddy run --environ --config /etc/menjin/Caddyfile\n"
        "# Its administration port is off: a changed file needs a restart.\n"
        "ExecReload=\n",
        encoding="utf-8",
    )
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", "caddy.service")
    run("systemctl", "restart", "caddy.service")
    if own_authority:
        give_up = time.monotonic() + LONGEST_START_SECONDS
        while not CADDYS_AUTHORITY.exists():
            if time.monotonic() > give_up:
                raise Refused("Caddy made no authority: journalctl -u caddy says why")
            time.sleep(0.2)
        shutil.copyfile(CADDYS_AUTHORITY, AUTHORITY)
        AUTHORITY.chmod(0o644)


def say_what_is_next(address: str, chosen: argparse.Namespace, made_passphrase: bool) -> None:
    """Print what a person does now; the address comes last."""
    if chosen.root_key.exists():
        print(
            f"\nMove {chosen.root_key} to two places off this machine, then delete it here:\n"
            "a holder of it and its passphrase can make new keys for all gates."
        )
    if made_passphrase:
        print(
            "Each night a sealed backup goes to /var/backups/menjin. Write down the passphrase in\n"
            f"{PASSPHRASE} and copy the backups elsewhere: without both nothing survives this disk."
        )
    if chosen.own_authority and not chosen.no_proxy:
        print(f"Gates and phones have to know {AUTHORITY}: menjin-gate-setup --server-ca FILE.")
    print(f"The server runs. Sign in as the manager: {address}/staff/sign-in")


def run(*command: str, read: bool = False, environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; raise CalledProcessError when it fails."""
    done = subprocess.run(
        command, check=True, text=True, env=environment, stdout=subprocess.PIPE if read else None
    )
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
