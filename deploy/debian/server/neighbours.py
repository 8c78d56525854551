"""What is beside the server on its machine: Caddy in front, PostgreSQL behind; words, calls of a set-up."""

import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import web_admin
from gate_controller.command_line.spoken import Catalogue

USER = "menjin-web"
AUTHORITY = Path("/etc/menjin/authority.pem")
PROXY = Path("/etc/systemd/system/caddy.service.d/menjin.conf")
CADDYS_AUTHORITY = Path("/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt")
LONGEST_START_SECONDS = 120

_ = Catalogue(Path(web_admin.__file__).parent / "translations")


class Refused(Exception):
    """It cannot be done as asked; says what to do."""


def run(*command: str, read: bool = False, environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; raise CalledProcessError when it fails."""
    done = subprocess.run(
        command, check=True, text=True, env=environment, stdout=subprocess.PIPE if read else None
    )
    return done.stdout or ""


def refuse_without_caddy() -> None:
    """Raise Refused where Caddy is missing, or serves something that a person wrote."""
    if shutil.which("caddy") is None:
        raise Refused(_("Caddy is missing: sudo apt install caddy, or say --no-proxy"))
    if PROXY.exists():
        return
    said = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Conffiles}", "caddy"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    digests = dict(line.split()[:2] for line in said.splitlines() if line.strip())
    own = Path("/etc/caddy/Caddyfile")
    if own.exists() and digests.get(str(own)) != digest_of(own):
        raise Refused(
            _(
                "Caddy serves what %(file)s says. Put the site of /etc/menjin/Caddyfile there by "
                "hand and say --no-proxy",
                file=own,
            )
        )


def digest_of(path: Path) -> str:
    """Return the digest that dpkg compares a file of settings by."""
    return run("md5sum", str(path), read=True).split()[0]


def make_database() -> None:
    """Make the server's role and an empty database in PostgreSQL, where they are missing."""
    if shutil.which("createdb") is None or not Path("/run/postgresql").is_dir():
        raise Refused(_("PostgreSQL is missing: sudo apt install postgresql"))
    as_postgres = ("runuser", "-u", "postgres", "--")
    roles = run(*as_postgres, "psql", "-tAc", "SELECT rolname FROM pg_roles", read=True).split()
    if USER not in roles:
        run(*as_postgres, "createuser", USER)
    names = run(*as_postgres, "psql", "-tAc", "SELECT datname FROM pg_database", read=True).split()
    if "menjin" not in names:
        new = ("createdb", "--owner", USER, "--template", "template0", "--encoding", "UTF8", "menjin")
        run(*as_postgres, *new)


def is_own_authority() -> bool:
    """Whether an earlier run let Caddy sign its certificate itself."""
    return PROXY.exists() and "local_certs" in PROXY.read_text(encoding="utf-8")


def set_up_caddy(address: str, *, own_authority: bool) -> None:
    """Let Caddy end TLS for the address; its own Caddyfile stays as it is."""
    parts = urlsplit(address)
    if parts.scheme != "https":
        print(_("%(address)s is not https://: Caddy is not changed.", address=address))
        return
    lead_hosts([parts.netloc], own_authority=own_authority)


def lead_hosts(names: list[str], *, own_authority: bool) -> None:
    """Let Caddy end TLS for these hosts and lead them to the server."""
    PROXY.parent.mkdir(parents=True, exist_ok=True)
    PROXY.write_text(
        "# Written by menjin-server-setup. The site is in /etc/menjin/Caddyfile.\n"
        "[Service]\n"
        f'Environment="MENJIN_HOST={", ".join(names)}" MENJIN_UPSTREAM=127.0.0.1:8000\n'
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
                raise Refused(_("Caddy made no authority: journalctl -u caddy says why"))
            time.sleep(0.2)
        # Its folder is Caddy's: what Caddy itself may not read, a link there does not copy.
        AUTHORITY.write_text(run("runuser", "-u", "caddy", "--", "cat", str(CADDYS_AUTHORITY), read=True))
        AUTHORITY.chmod(0o644)
