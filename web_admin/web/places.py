"""Names of the site's gates and lanes, and which of them a typed text means."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    """The names that gates and lanes have today, retired ones too, for events that were recorded there."""

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


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """The gates that a text means, and the lanes where it means lanes alone."""

    gate_ids: Sequence[str]
    lane_ids: Sequence[str] | None = None


def named_places(text: str, gates: Sequence[Gate]) -> NamedPlaces:
    """Return the gates with each word of a text in their names, else those of the lanes that have them."""
    meant = [gate for gate in gates if has_words(text, names_of_gate(gate))]
    if meant:
        return NamedPlaces([gate.gate_id for gate in meant])
    called = names_of_lanes(gates)
    lanes = [
        lane
        for gate in gates
        for lane in gate.lanes
        if has_words(text, (lane.lane_id, lane.name, called[lane.lane_id]))
    ]
    return NamedPlaces([lane.gate_id for lane in lanes], [lane.lane_id for lane in lanes])


def names_of_gate(gate: Gate) -> tuple[str, ...]:
    return (gate.name, gate.gate_id)


def has_words(text: str, names: Iterable[str]) -> bool:
    """Return whether each word of a text is in one of these names; capitals and full width do not matter.

    A number is the beginning of one: 3栋 is not in 13栋.
    """
    whole = "\n".join(_plain(name) for name in names)
    return all(re.search(_begun(part), whole) for part in _plain(text).split())


def _begun(part: str) -> str:
    return (r"(?<!\d)" if part[0].isdigit() else "") + re.escape(part)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
