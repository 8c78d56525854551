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
AUTHORITY = Path("/etc/menjin/authority.pem")
ROOT_KEY = Path("/root/menjin_root_key.pem")
PROGRAM = "/usr/lib/menjin-server/bin/menjin"
DATABASE_URL = "postgresql:///menjin?host=/run/postgresql"
"""PostgreSQL knows the server by its user of the system: there is no password."""
PROXY = Path("/etc/systemd/system/caddy.service.d/menjin.conf")
CADDYS_AUTHORITY = Path("/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt")
FILE_OPTIONS = ("--root-passphrase-file", "--manager-password-file", "--manager-totp-file")
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another on paper."""
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
        help="let Caddy sign its certificate itself, for a name that the internet does not know")  # fmt: skip
    add("--no-proxy", action="store_true", help="leave Caddy alone: TLS is ended elsewhere")
    add("--root-key", default=ROOT_KEY, help="where the root key goes (%(default)s)", **file)
    add("--backup-passphrase-file", help="its first line seals backups; else one is made", **file)
    for option in FILE_OPTIONS:
        add(option, help=argparse.SUPPRESS, **file)
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
    if not chosen.no_proxy:
        refuse_without_caddy()
    if SETTINGS.exists():
        print(f"{SETTINGS} is there: the first account and the database stay as they are.")
    else:
        if chosen.root_key.exists():
            raise Refused(f"{chosen.root_key} exists: move it away first; nothing was changed")
        if chosen.postgresql:
            make_database()
        make_server(chosen, more)
    address = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["public_url"].rstrip("/")
    made = make_passphrase(chosen.backup_passphrase_file)
    run("systemctl", "enable", "--quiet", "--now", "menjin-web.service", "menjin-backup.timer")
    wait_until_ready()
    if not chosen.no_proxy:
        set_up_caddy(address, own_authority=chosen.own_authority)
    say_what_is_next(address, chosen, made)


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
    entry = pwd.getpwnam(USER)
    with tempfile.TemporaryDirectory(dir="/run", prefix="menjin-setup-") as folder:
        private = Path(folder)
        os.chown(private, entry.pw_uid, entry.pw_gid)
        options = [*more, "--root-key", str(private / "root_key.pem"), "--behind-proxy", "--brief"]
        for option in FILE_OPTIONS:
            path = getattr(chosen, option.removeprefix("--").replace("-", "_"))
            if path is not None:
                # Root alone may read what was named; the server's user gets a copy for the moment.
                copy = private / option.removeprefix("--")
                copy.touch(mode=0o600)
                os.chown(copy, entry.pw_uid, entry.pw_gid)
                copy.write_bytes(path.read_bytes())
                options += [option, str(copy)]
        if chosen.postgresql:
            options += ["--database-url", DATABASE_URL]
        environment = {**os.environ, "MENJIN_DATA_DIR": str(HOME)}
        run("runuser", "-u", USER, "--", PROGRAM, "web", "init", *options, environment=environment)
        shutil.copyfile(private / "root_key.pem", chosen.root_key)
        chosen.root_key.chmod(0o600)
    with SETTINGS.open("a", encoding="utf-8") as file:
        file.write('backup_dir = "/var/backups/menjin"\n')


def make_passphrase(given: Path | None) -> bool:
    """Keep the passphrase of backups where only root and the server read it; return whether one was made."""
    if PASSPHRASE.exists():
        return False
    words = ["".join(secrets.choice(LETTERS) for _letter in range(5)) for _word in range(5)]
    text = "-".join(words) if given is None else given.read_text(encoding="utf-8").partition("\n")[0].strip()
    PASSPHRASE.parent.mkdir(exist_ok=True)
    PASSPHRASE.touch(mode=0o640)
    os.chown(PASSPHRASE, 0, pwd.getpwnam(USER).pw_gid)
    PASSPHRASE.write_text(f"{text}\n", encoding="utf-8")
    return given is None


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
