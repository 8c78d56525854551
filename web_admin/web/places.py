"""Names of the site's gates and lanes."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from web_admin.compound.gate_names import names_of_lanes
from web_admin.compound.models import Gate, Lane
from web_admin.compound.queries import all_gates, gates_of_site
from web_admin.core.database import request_session
from web_admin.web.site import current_site


def site_gates() -> Sequence[Gate]:
    """Return the site's gates with their lanes in the order of their numbers, retired ones left out."""
    return gates_of_site(request_session(), current_site().site_id)


def site_lanes() -> list[Lane]:
    """Return all lanes of the site, gate by gate."""
    return [lane for gate in site_gates() for lane in gate.lanes]


def lane_names() -> dict[str, str]:
    """Return *gate · lane* of all lanes of the site, by id."""
    return names_of_lanes(site_gates())


class HasPlace(Protocol):
    """An entry or an alarm, which happened at a gate, and perhaps at one of its lanes."""

    @property
    def gate_id(self) -> str | None:
        """Return at which gate."""

    @property
    def lane_id(self) -> str | None:
        """Return at which lane."""


class RecordedNames:
    """What gates and lanes are called today, retired ones too: for what was recorded there."""

    def __init__(self, gates: Iterable[Gate]) -> None:
        """Read the names of these gates and their lanes."""
        gates = list(gates)
        self._gates = {gate.gate_id: gate.name for gate in gates}
        self._lanes = names_of_lanes(gates)

    def of(self, recorded: HasPlace) -> str:
        """Return *gate · lane*, or the gate alone; "—" of what happened at no gate."""
        lane = self._lanes.get(recorded.lane_id or "")
        return lane or self._gates.get(recorded.gate_id or "") or recorded.gate_id or "—"


def recorded_names() -> RecordedNames:
    """Return the names of all gates that the site ever had."""
    return RecordedNames(all_gates(request_session(), current_site().site_id))
