"""Ask the services of the fleet which cells they have and how those are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fleet.inventory import Fleet
from fleet.judging import MISNAMED, FoundCell, judged, missing, read_cells
from fleet.notes import read_note, write_note
from fleet.progress import Bar
from fleet.running import Event, Runner
from fleet.words import FleetRefused, _

KNOWN = "known_cells.json"


@dataclass
class Survey:
    """The cells of every service, and the services that did not answer, with the reason."""

    cells: list[FoundCell]
    silent: dict[str, str] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    """Services whose machine answers, and which do not answer there themselves."""
    misnamed: list[FoundCell] = field(default_factory=list)
    """Folders whose names no cell may have: they are shown, and no command takes them."""

    def of(self, name: str) -> list[FoundCell]:
        return [one for one in self.cells if one.cell.cell == name]

    def only_place(self, name: str) -> FoundCell:
        """Return the one service that has a cell; raise FleetRefused."""
        found = self.of(name)
        if len(found) == 1:
            return found[0]
        if found:
            where = ", ".join(one.service for one in found)
            raise FleetRefused(
                _(
                    "%(name)s is at several services: %(where)s. Is a move under way? menjin "
                    "fleet check says more",
                    name=name,
                    where=where,
                )
            )
        for service, why in self.silent.items():
            raise FleetRefused(
                _(
                    "no service that answers has a cell %(name)s, and %(service)s gives no answer: %(why)s",
                    name=name,
                    service=service,
                    why=why,
                )
            )
        raise FleetRefused(
            _("no service that answers has a cell %(name)s; menjin fleet list names all", name=name)
        )

    def refuse_silence(self, name: str) -> None:
        """Raise FleetRefused where a service gave no answer: it may have the cell."""
        for service, why in self.silent.items():
            raise FleetRefused(
                _(
                    "%(service)s gives no answer and may serve %(cell)s still (%(why)s). If its "
                    "machine is gone for good: --although-silent",
                    service=service,
                    cell=name,
                    why=why,
                )
            )


def look(runner: Runner, *, check: bool = False, only: Sequence[str] = ()) -> Survey:
    """Return every cell of every service, those that are known and nowhere included."""
    fleet = runner.fleet
    services = list(fleet.services)
    bar = Bar(len(services))

    def hear(event: Event) -> None:
        if event.event != "start" and event.task == "cells":
            bar.step(event.service)

    chosen = [word for name in only for word in ("--only", name)]
    ran = runner.run("look", services, {"look": "check" if check else "list", "only": chosen}, hear)
    bar.close()
    said: list[FoundCell] = []
    silent = {one.service: one.why for one in ran.wrong()}
    for event in ran.given("cells"):
        try:
            machine = fleet.service(event.service).machine
            said += read_cells(event.service, machine, event.given.stdout)
        except FleetRefused as err:
            silent[event.service] = str(err)
    for service in services:
        if service not in silent and not any(one.service == service for one in ran.given("cells")):
            silent[service] = _("it was not asked: %(why)s", why=" ".join(ran.stderr.split())[:300] or "?")
    found = [one for one in said if one.cell.out != MISNAMED]
    misnamed = [one for one in said if one.cell.out == MISNAMED]
    known = known_cells(fleet)
    gone = missing({name: at for name, at in known.items() if not only or name in only}, found, silent)
    remember(fleet, known | {one.cell.cell: one.service for one in found})
    down = {
        one.service: str(one.given.msg) for one in ran.events if one.task == "ask" and one.event == "ignored"
    }
    return Survey(judged(found) + gone, silent, down, misnamed)


def known_cells(fleet: Fleet) -> dict[str, str]:
    """Return at which service each cell was seen last."""
    return read_note(fleet.state / KNOWN, dict[str, str]) or {}


def remember(fleet: Fleet, known: dict[str, str]) -> None:
    """Keep at which service each cell is."""
    fleet.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if known != known_cells(fleet):
        write_note(fleet.state / KNOWN, known)
