"""Read the inventory: which machines there are, how one signs in, and the services of cells on each.

    [machines.NAME]    address, port, user, key_file, known_hosts, python, account, become
    [services.NAME]    machine, command, cells, url, backups, passphrase_file, upgrade_to

A service is one `menjin web run --cells`: a program of one version and its folder of cells. Two versions on
one machine are two services.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from fleet.terminal import printable
from fleet.words import FleetRefused, _

NAME = re.compile(r"[a-z0-9-]{1,40}")
MAX_FILE_BYTES = 1024 * 1024
Word = Annotated[str, Meta(min_length=1, max_length=300)]


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one signs in to a machine by ssh."""

    address: Word
    port: Annotated[int, Meta(ge=1, le=65535)] = 22
    user: str = ""
    key_file: str = ""
    known_hosts: str = ""
    """Where the machine's host key lies; without it where ssh looks for it."""
    python: str = "/usr/bin/python3"
    account: str = ""
    """As whom the commands run there, if not as who signs in."""
    become: Literal["sudo", "su"] = "sudo"


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `menjin web run --cells` of a machine."""

    machine: Word
    cells: Word
    url: Word
    """Where the machine itself asks its service, such as http://127.0.0.1:8000."""
    command: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=8)] = ("menjin-server",)
    backups: str = ""
    passphrase_file: str = ""
    """A file of the machine: the passphrase of its backups never leaves it."""
    upgrade_to: str = ""
    """The service of the next version, on the same machine."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    machines: dict[str, Machine] = {}
    services: dict[str, Service] = {}


@dataclass(frozen=True, slots=True)
class Fleet:
    path: Path
    machines: dict[str, Machine]
    services: dict[str, Service]

    @property
    def state(self) -> Path:
        """Return the folder of what is under way, beside the inventory."""
        return self.path.with_name(f"{self.path.stem}.state")

    def service(self, name: str) -> Service:
        """Return a service by name; raise FleetRefused."""
        found = self.services.get(name)
        if found is None:
            raise FleetRefused(
                _(
                    "%(path)s has no service %(name)s; it has: %(all)s",
                    path=self.path,
                    name=name,
                    all=", ".join(self.services),
                )
            )
        return found

    def service_before(self, name: str) -> str | None:
        """Return the service whose cells are upgraded to this one; else this one, if it has a next itself."""
        before = (old for old, one in self.services.items() if one.upgrade_to == name)
        return next(before, name if self.service(name).upgrade_to else None)


def read_fleet(path: Path) -> Fleet:
    """Return what the file says; raise FleetRefused with the file, the place and what to do."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FleetRefused(_("%(path)s is larger than 1 MB: it is no inventory", path=path))
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise FleetRefused(
            _(
                "%(path)s is missing: write the inventory (docs/fleet.md shows one), or say --inventory FILE",
                path=path,
            )
        ) from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as err:
        raise FleetRefused(f"{path}: {err}") from err
    try:
        file = msgspec.convert(table, type=_File)
    except msgspec.ValidationError as err:
        raise FleetRefused(f"{path}: {err}") from err
    found = Fleet(path.resolve(), file.machines, file.services)
    if not found.services:
        raise FleetRefused(
            _(
                "%(path)s names no service: add [services.NAME] and the [machines.NAME] that it is on",
                path=path,
            )
        )
    for kind, names in (("machines", found.machines), ("services", found.services)):
        for name in names:
            if NAME.fullmatch(name) is None:
                raise FleetRefused(
                    _(
                        "%(path)s: [%(where)s]: legal are 1 to 40 of a-z, 0-9 and -",
                        path=path,
                        where=f"{kind}.{name}",
                    )
                )
    for name, machine in found.machines.items():
        _check_machine(path, name, machine)
    for name, service in found.services.items():
        _check_service(found, name, service)
    return found


def _check_machine(path: Path, name: str, machine: Machine) -> None:
    where = f"{path}: [machines.{name}]"
    for field in ("address", "user", "key_file", "known_hosts", "python", "account"):
        _refuse_odd(where, field, getattr(machine, field), spaces=False)
    if machine.address.startswith("-") or machine.user.startswith("-"):
        raise FleetRefused(_("%(where)s address and user begin with a letter or a digit", where=where))


def _check_service(fleet: Fleet, name: str, service: Service) -> None:
    where = f"{fleet.path}: [services.{name}]"
    if service.machine not in fleet.machines:
        raise FleetRefused(
            _(
                "%(where)s machine %(name)s is not there: add [machines.%(name)s]",
                where=where,
                name=service.machine,
            )
        )
    for field in ("cells", "backups", "passphrase_file"):
        value = getattr(service, field)
        _refuse_odd(where, field, value)
        if value and (not value.startswith("/") or value.endswith("/") or "/." in value):
            raise FleetRefused(
                _(
                    "%(where)s %(field)s %(value)s: write a whole path, such as /var/lib/menjin-web/cells",
                    where=where,
                    field=field,
                    value=repr(value),
                )
            )
    for word in service.command:
        _refuse_odd(where, "command", word)
    parts = urlsplit(service.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise FleetRefused(
            _(
                "%(where)s url %(value)s: write where the machine asks its own service, such as "
                "http://127.0.0.1:8000",
                where=where,
                value=repr(service.url),
            )
        )
    _refuse_odd(where, "url", service.url)
    for other, one in fleet.services.items():
        if other != name and (one.machine, one.cells) == (service.machine, service.cells):
            raise FleetRefused(
                _(
                    "%(where)s has the folder of cells of [services.%(other)s]: each service has its own",
                    where=where,
                    other=other,
                )
            )
    if service.upgrade_to:
        _check_upgrade(fleet, name, service)


def _check_upgrade(fleet: Fleet, name: str, service: Service) -> None:
    where = f"{fleet.path}: [services.{name}]"
    after = fleet.services.get(service.upgrade_to)
    if after is None or service.upgrade_to == name or after.machine != service.machine:
        raise FleetRefused(
            _(
                "%(where)s upgrade_to %(value)s: name another service on the same machine",
                where=where,
                value=repr(service.upgrade_to),
            )
        )


def _refuse_odd(where: str, field: str, value: str, *, spaces: bool = True) -> None:
    """Refuse what Ansible would take for a template, and marks that no path or name needs."""
    if why := odd(value, spaces=spaces):
        raise FleetRefused(
            _("%(where)s %(field)s %(value)s: %(why)s", where=where, field=field, value=repr(value), why=why)
        )


def odd(value: str, *, spaces: bool = True) -> str | None:
    """Say what is wrong with a text that goes to a machine, or nothing."""
    if any(mark in value for mark in ("{{", "{%", "{#")):
        return _("write it without braces: Ansible would fill them in")
    if printable(value) != value or "\n" in value or "\t" in value or (not spaces and " " in value):
        return _("write it in one line, without spaces or control characters")
    return None
