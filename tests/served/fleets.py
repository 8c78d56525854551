"""A fleet as `menjin fleet` looks after it: machines behind real sshds, real servers of cells on each."""

import contextlib
import fcntl
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import menjin
from tests.served.served_cells import CellBrowser
from tests.served.served_compound import serve_command
from tests.support.gates.waiting import until
from tests.support.ssh_machines import SshMachine, ssh_machine
from web_admin.core.config import SETTINGS_NAME, write_secret
from web_admin.operations.schema import newest_revision

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, str(ROOT / "menjin.py"), "web")
PASSPHRASE = "a passphrase of this machine's backups"


@dataclass
class FleetService:
    """One service: its folders on its machine, and where it answers."""

    name: str
    machine: str
    folder: Path
    address: str
    upgrade_to: str = ""
    program: Sequence[str] = PROGRAM

    @property
    def cells(self) -> Path:
        return self.folder / "cells"

    @property
    def backups(self) -> Path:
        """Return where its backups lie."""
        return self.folder / "backups"

    def table(self) -> str:
        after = f'upgrade_to = "{self.upgrade_to}"\n' if self.upgrade_to else ""
        return (
            f'[services.{self.name}]\nmachine = "{self.machine}"\n'
            f"command = {json.dumps(list(self.program))}\n"
            f'cells = "{self.cells}"\nurl = "{self.address}"\nbackups = "{self.backups}"\n'
            f'passphrase_file = "{self.folder / "passphrase"}"\n{after}\n'
        )

    def status_of(self, cell: str) -> int:
        """Return what the host of a cell answers here: 200 served, 503 out, 421 not here."""
        return CellBrowser(self.address, f"{cell}.example").get("/healthz").status_code


@dataclass
class RunningFleet:
    """The machines, their services and the inventory that names them."""

    folder: Path
    machines: dict[str, SshMachine] = field(default_factory=dict)
    services: dict[str, FleetService] = field(default_factory=dict)

    @property
    def inventory(self) -> Path:
        return self.folder / "fleet.toml"

    def write_inventory(self) -> None:
        tables = [one.table(name) for name, one in self.machines.items()]
        self.inventory.write_text("".join([*tables, *(one.table() for one in self.services.values())]))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; return its status, what it printed and what it said beside."""
        return self.run_with_options(*arguments)

    def run_with_options(self, *arguments: str, options: Sequence[str] = ()) -> tuple[int, str, str]:
        """Run a command with options for the machine behind --."""
        out, beside = io.StringIO(), io.StringIO()
        end = ["--", *options] if options else []
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(beside):
            status = menjin.main(["fleet", *arguments, "--inventory", str(self.inventory), *end])
        return status, out.getvalue(), beside.getvalue()

    def json(self, *arguments: str) -> list[dict[str, object]]:
        """Run a command with --json; return its lines."""
        _status, out, _beside = self.run(*arguments, "--json")
        return [json.loads(line) for line in out.splitlines()]

    def killed_once(self, happens: Callable[[], object], *command: str) -> None:
        """Run a command and kill its group when something happens; wait for what is left of it."""
        started = subprocess.Popen(
            [sys.executable, "-m", "menjin", "fleet", *command, "--inventory", str(self.inventory)],
            cwd=ROOT,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(happens)
        os.killpg(started.pid, signal.SIGKILL)
        assert started.wait(60) == -signal.SIGKILL
        lock = self.inventory.with_name("fleet.state") / "lock"
        with lock.open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # Ansible's workers have groups of their own

    def fails(self, service: FleetService, word: str) -> None:
        """Let one command of a service fail from now on."""
        script = service.folder / "broken"
        script.write_text(
            f'#!/bin/sh\nif [ "$2" = {word} ]; then echo "out of order" >&2; exit 9; fi\n'
            f'exec {shlex.join(PROGRAM)} "$@"\n'
        )
        script.chmod(0o755)
        service.program = (str(script),)
        self.write_inventory()

    def works(self, service: FleetService) -> None:
        """Let it do again."""
        service.program = PROGRAM
        self.write_inventory()

    def where(self) -> dict[str, str]:
        """Return the service of each cell, from the folders themselves."""
        return {
            path.name: one.name
            for one in self.services.values()
            for path in sorted(one.cells.iterdir())
            if not path.name.startswith(".")
        }


@contextmanager
def running_fleet(
    folder: Path,
    services: dict[str, str],
    *,
    upgrade_to: dict[str, str] | None = None,
    programs: dict[str, Sequence[str]] | None = None,
) -> Iterator[RunningFleet]:
    """Run the machines and services of a fleet; `services` says on which machine each is."""
    fleet, after, other = RunningFleet(folder), upgrade_to or {}, programs or {}
    with ExitStack() as stack:
        for machine in dict.fromkeys(services.values()):
            fleet.machines[machine] = stack.enter_context(ssh_machine(folder / machine / "sshd"))
        for name, machine in services.items():
            place = folder / machine / name
            for part in ("cells", "backups"):
                (place / part).mkdir(parents=True)
            (place / "passphrase").write_text(PASSPHRASE)
            (place / "passphrase").chmod(0o600)
            run = ["web", "run", "--cells", str(place / "cells"), "--port", "0"]
            address = stack.enter_context(_serve(run, place / "server.log", other.get(name)))
            fleet.services[name] = FleetService(
                name, machine, place, address, after.get(name, ""), other.get(name, PROGRAM)
            )
        fleet.write_inventory()
        yield fleet


@contextmanager
def _serve(run: Sequence[str], log: Path, program: Sequence[str] | None) -> Iterator[str]:
    """Serve by this version, or by the program of another; give the address."""
    if program is None:
        with serve_command(list(run), log) as (address, _process):
            yield address
        return
    readable, writable = os.pipe()
    with log.open("wb") as out:
        started = subprocess.Popen(
            [*program, *run[1:], "--ready-fd", str(writable)], pass_fds=(writable,), stdout=out, stderr=out
        )
    os.close(writable)
    try:
        with os.fdopen(readable) as ready:
            address = ready.readline().strip()
        assert address, log.read_text()
        yield address
    finally:
        started.terminate()
        started.wait(60)


def next_version(folder: Path) -> Sequence[str]:
    """Make a program of the next version: this one and a migration more; return how it is called."""
    folder.mkdir()
    for name in ("gate_controller", "hardware", "head_office", "fleet", "demo"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "menjin.py", folder)
    (folder / "web_admin").mkdir()
    for path in (ROOT / "web_admin").iterdir():
        if path.name not in {"migrations", "__pycache__"}:
            (folder / "web_admin" / path.name).symlink_to(path)
    migrations = folder / "web_admin" / "migrations"
    shutil.copytree(
        ROOT / "web_admin" / "migrations", migrations, ignore=shutil.ignore_patterns("__pycache__")
    )
    (migrations / "versions" / "9999_next.py").write_text(
        '"""Keep something new."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f'revision, down_revision = "9999", "{newest_revision()}"\nbranch_labels = depends_on = None\n\n\n'
        "def upgrade() -> None:\n"
        '    op.create_table("next", sa.Column("id", sa.Integer, primary_key=True))\n'
    )
    return (sys.executable, str(folder / "menjin.py"), "web")


def first_cell(folder: Path, database_url: str = "") -> Path:
    """Make a compound as `menjin web init` does; return its folder, which others are copies of."""
    made = folder / "first"
    password = folder / "manager-password"
    password.write_text("a quiet gate above four offices")
    status = menjin.main(
        [
            "web",
            "init",
            "--data-dir",
            str(made),
            "--language",
            "en",
            "--timezone",
            "Asia/Shanghai",
            "--name",
            "Willow Court",
            "--public-url",
            "https://first.example",
            "--security-contact",
            "mailto:security@example.org",
            "--manager-email",
            "manager@example.org",
            "--manager-password-file",
            str(password),
            "--root-key",
            str(folder / "root.key"),
            "--root-passphrase-file",
            str(password),
            "--brief",
            "--behind-proxy",
            *(["--database-url", database_url] if database_url else []),
        ]
    )
    assert status == 0
    return made


def copied_cell(first: Path, cells: Path, name: str) -> Path:
    """Make a further cell of a copy: with its own host and its own key of sessions."""
    made = cells / name
    draft = cells / f".{name}.new"
    shutil.copytree(first, draft)
    settings = draft / SETTINGS_NAME
    text = settings.read_text().replace("https://first.example", f"https://{name}.example")
    assert f"{name}.example" in text
    assert tomllib.loads(text)["public_url"] == f"https://{name}.example"
    settings.write_text(text)
    session_key = draft / "secrets" / "session.key"
    session_key.unlink()
    write_secret(draft / "secrets", "session")
    draft.rename(made)
    return made
