"""Judge what the services say of their cells: which is out, which is there twice, which is gone. Pure.

A machine may be in wrong hands: names and hosts that it says are refused unless they are legal ones, since
they go into paths and commands, also of other machines.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from fleet.inventory import NAME
from fleet.words import FleetRefused, _

HOST = re.compile(r"\[[0-9a-f:.]{2,45}\]|[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
"""As `menjin web` names the host of a cell."""
MAX_CELLS = 10_000
TWICE, MISSING = "twice", "missing"
"""Kinds of trouble that only several services together show; the others are those of `menjin web cells`."""
HELD, MOVING, MISNAMED = "held", "moving", "name"
BY_OPERATOR = "cells hold"
"""Among `held_by`; other commands end their holds themselves."""


class Cell(msgspec.Struct, frozen=True):
    """A cell as its service says it; a newer version may say more."""

    cell: str
    host: str | None = None
    database: str = ""
    out: str | None = None
    what: str = ""
    where: str = ""
    todo: str = ""
    served_by: str | None = None
    keys: str | None = None
    held_by: tuple[str, ...] | None = None
    """The commands that hold it; None from an older version."""


@dataclass(frozen=True, slots=True)
class FoundCell:
    service: str
    cell: Cell

    @property
    def sentence(self) -> str:
        """Return what is wrong, where, and what to do; "" where nothing is."""
        one = self.cell
        return "" if one.out is None else " ".join(f"{one.where}: {one.what}. {one.todo}".split())


def read_cells(service: str, machine: str, stdout: str) -> list[FoundCell]:
    """Return the cells of what `menjin web cells list --json` printed; or raise FleetRefused."""
    lines = [line for line in stdout.split("\n") if line]
    if len(lines) > MAX_CELLS:
        raise FleetRefused(
            _(
                "machine %(machine)s names %(count)s cells of %(service)s, more than %(most)s: "
                "look whether it is in wrong hands",
                machine=machine,
                service=service,
                count=len(lines),
                most=MAX_CELLS,
            )
        )
    return [FoundCell(service, _read(service, machine, line)) for line in lines]


def _read(service: str, machine: str, line: str) -> Cell:
    try:
        cell = msgspec.json.decode(line, type=Cell)
    except msgspec.MsgspecError as err:
        raise FleetRefused(
            _(
                "machine %(machine)s prints for %(service)s what is no list of cells: %(said)s",
                machine=machine,
                service=service,
                said=line[-200:],
            )
        ) from err
    if cell.out == MISNAMED:
        return msgspec.structs.replace(cell, host=None)
    for value, legal in ((cell.cell, NAME), (cell.host, HOST)):
        if value is not None and legal.fullmatch(value) is None:
            raise FleetRefused(
                _(
                    "machine %(machine)s says for %(service)s %(value)s, which is no name and "
                    "no host of a cell. Nothing it says is used: look whether it is in wrong "
                    "hands",
                    machine=machine,
                    service=service,
                    value=repr(value[:80]),
                )
            )
    return cell


def judged(seen: Iterable[FoundCell]) -> list[FoundCell]:
    """Return the cells by name, with trouble where two services have one.

    A move has it twice, and both are out until it is done: that is no trouble of its own.
    """
    found = sorted(seen, key=lambda one: (one.cell.cell, one.service))
    return [_judged(one, [other for other in found if other.service != one.service]) for one in found]


def _judged(one: FoundCell, others: Sequence[FoundCell]) -> FoundCell:
    if one.cell.out == MOVING:
        return one
    alike = [
        other
        for other in others
        if other.cell.out != MOVING
        and (
            other.cell.cell == one.cell.cell
            or (one.cell.keys and other.cell.keys == one.cell.keys)
            or (one.cell.host and other.cell.host == one.cell.host)
        )
    ]
    if not alike:
        return one
    where = ", ".join(f"{other.service}/{other.cell.cell}" for other in alike)
    trouble = replace_cell(
        one.cell,
        TWICE,
        _("it is at %(where)s as well", where=where),
        f"{one.service}/{one.cell.cell}",
        _("Find out which is the true one; hold the other (menjin web cells hold) and retire it"),
    )
    return replace(one, cell=trouble)


def replace_cell(cell: Cell, out: str, what: str, where: str, todo: str) -> Cell:
    return msgspec.structs.replace(cell, out=out, what=what, where=where, todo=todo)


def missing(known: Mapping[str, str], seen: Iterable[FoundCell], silent: Iterable[str]) -> list[FoundCell]:
    """Return cells that a service had and that are nowhere now; not those of services without an answer."""
    there, unknown = {one.cell.cell for one in seen}, set(silent)
    return [
        FoundCell(
            service,
            Cell(
                name,
                out=MISSING,
                what=_("it was at %(service)s and is at no service now", service=service),
                where=f"{service}/{name}",
                todo=_(
                    "Restore it from a backup; if it was removed on purpose: menjin fleet check --forget "
                    "%(name)s",
                    name=name,
                ),
            ),
        )
        for name, service in sorted(known.items())
        if name not in there and service not in unknown
    ]
