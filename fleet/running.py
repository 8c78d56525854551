"""Run a playbook by ansible-playbook, on services over ssh, and read its results as they come."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

import fleet
from fleet.inventory import Fleet, Machine, Service
from fleet.words import FleetRefused, _

PLAYBOOKS = Path(fleet.__file__).parent / "playbooks"
CONFIG = PLAYBOOKS / "ansible.cfg"
KEPT_LINES, KEPT_CHARS = 20, 2000


class TaskResult(msgspec.Struct, frozen=True):
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    msg: object = ""
    status: int | None = None


class Event(msgspec.Struct, frozen=True):
    """One line of the callback: a task began, or gave something, on a service."""

    event: str
    service: str
    task: str
    cell: str = ""
    given: TaskResult = TaskResult()

    @property
    def why(self) -> str:
        """Return why it failed: the last lines of its errors, else of its output, else its message."""
        said = self.given.stderr.strip() or self.given.stdout.strip() or str(self.given.msg).strip()
        return " ".join(said.splitlines()[-KEPT_LINES:])[-KEPT_CHARS:] or "?"


@dataclass
class PlaybookRun:
    status: int
    events: list[Event] = field(default_factory=list)
    stderr: str = ""

    def given(self, task: str) -> Iterator[Event]:
        """Give the results of a task, one a service and round."""
        return (one for one in self.events if one.task == task and one.event in {"ok", "ignored"})

    def wrong(self) -> list[Event]:
        """Return what failed or did not answer."""
        return [one for one in self.events if one.event in {"failed", "unreachable"}]


Hear = Callable[[Event], None]


def _quiet(_event: Event) -> None:
    """Ignore an event."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs playbooks for one inventory; `lock` is kept open by what it starts."""

    fleet: Fleet
    lock: int | None = None

    def run(
        self,
        playbook: str,
        services: Sequence[str],
        values: Mapping[str, object],
        hear: Hear = _quiet,
        per_service: Mapping[str, Mapping[str, object]] | None = None,
    ) -> PlaybookRun:
        """Run a playbook on services; raise FleetRefused where there is no Ansible or it cannot begin."""
        program = ansible_playbook()
        with tempfile.TemporaryDirectory(prefix="menjin-fleet-") as folder:
            inventory = Path(folder) / "inventory.yml"
            inventory.write_text(_without_templates(self._inventory(services, per_service or {})), "utf-8")
            extra = Path(folder) / "values.yml"
            extra.write_text(_without_templates(dict(values)), "utf-8")
            arguments = [
                program,
                "--inventory",
                str(inventory),
                "--extra-vars",
                f"@{extra}",
                str(PLAYBOOKS / f"{playbook}.yml"),
            ]
            with tempfile.TemporaryFile() as errors:
                ran = self._run(arguments, folder, errors, hear)
                errors.seek(0)
                ran.stderr = errors.read().decode(errors="replace")
        if not ran.events and ran.status:
            raise FleetRefused(_("Ansible could not begin: %(why)s", why=" ".join(ran.stderr.split())[:800]))
        return ran

    def _run(self, arguments: list[str], folder: str, errors: IO[bytes], hear: Hear) -> PlaybookRun:
        around = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        around |= {
            "ANSIBLE_CONFIG": str(CONFIG),
            "ANSIBLE_LOCAL_TEMP": folder,
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_NOCOLOR": "1",
        }
        started = subprocess.Popen(
            arguments,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=() if self.lock is None else (self.lock,),
            text=True,
            encoding="utf-8",
        )
        ran = PlaybookRun(0)
        try:
            with started:
                for line in started.stdout or ():
                    event = _read(line)
                    if event is not None:
                        ran.events.append(event)
                        hear(event)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                started.send_signal(signal.SIGINT)
            started.wait()
            raise
        ran.status = started.returncode
        return ran

    def _inventory(
        self, services: Sequence[str], per_service: Mapping[str, Mapping[str, object]]
    ) -> dict[str, object]:
        hosts = {}
        for name in services:
            service = self.fleet.service(name)
            machine = self.fleet.machines[service.machine]
            hosts[name] = {**_signing_in(machine), **_about(service), **per_service.get(name, {})}
        return {"all": {"hosts": hosts}}


def _without_templates(values: object) -> str:
    """Return values as Ansible reads them from a file: no text in them is a template."""
    return f"!unsafe {json.dumps(values, ensure_ascii=False)}\n"


def _signing_in(machine: Machine) -> dict[str, object]:
    found: dict[str, object] = {
        "ansible_connection": "ssh",
        "ansible_host": machine.address,
        "ansible_port": machine.port,
        "ansible_python_interpreter": machine.python,
    }
    if machine.user:
        found["ansible_user"] = machine.user
    if machine.key_file:
        found["ansible_ssh_private_key_file"] = machine.key_file
    if machine.known_hosts:
        found["ansible_ssh_common_args"] = f"-o UserKnownHostsFile={machine.known_hosts}"
    if machine.account:
        found |= {
            "ansible_become": True,
            "ansible_become_user": machine.account,
            "ansible_become_method": machine.become,
        }
    return found


def _about(service: Service) -> dict[str, object]:
    return {
        "menjin": list(service.command),
        "cells_dir": service.cells,
        "service_url": service.url.rstrip("/"),
        "backups_dir": service.backups,
        "with_passphrase": ["--passphrase-file", service.passphrase_file] if service.passphrase_file else [],
    }


def _read(line: str) -> Event | None:
    try:
        return msgspec.json.decode(line, type=Event)
    except msgspec.MsgspecError:
        return None  # a line of Ansible's own


def ansible_playbook() -> str:
    """Return the program: of this environment, or of the system; raise FleetRefused."""
    beside = Path(sys.executable).with_name("ansible-playbook")
    found = str(beside) if beside.is_file() else shutil.which("ansible-playbook")
    if found is None:
        raise FleetRefused(
            _(
                "there is no ansible-playbook here: pip install 'menjin[fleet]', or sudo apt "
                "install ansible-core"
            )
        )
    return found
