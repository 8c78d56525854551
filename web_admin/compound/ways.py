"""Find the way to a home: the outer gates and those of its own building. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from web_admin.compound.models import Gate
from web_admin.compound.ordering import sort_key
from web_admin.compound.place_models import Place
from web_admin.compound.place_names import BUILDING, KINDS, OUTER, UNIT, longest_code

CLOSER = (OUTER, BUILDING, UNIT)
"""Kinds of places on a way, each closer to the home than the one before."""


class Placed(Protocol):
    """A home, or of one what says where it is."""

    @property
    def number(self) -> str: ...
    @property
    def place_id(self) -> str | None: ...


@dataclass(frozen=True)
class Places:
    """The places of a compound that have not ended."""

    rows: Sequence[Place]

    @cached_property
    def by_id(self) -> dict[str, Place]:
        return {place.place_id: place for place in self.rows}

    @cached_property
    def by_code(self) -> dict[str, Place]:
        """Return buildings and units by the code with which their homes' numbers begin."""
        return {place.code: place for place in self.rows if place.code}

    @cached_property
    def outer(self) -> Place | None:
        """Return the place of the outer gates; None where no gate was sorted yet."""
        return next((place for place in self.rows if place.kind == OUTER), None)

    @property
    def of_homes(self) -> list[Place]:
        """Return buildings and units, each unit after its building, as people count them."""
        return sorted((place for place in self.rows if place.kind in (BUILDING, UNIT)), key=self._order)

    @property
    def in_order(self) -> list[Place]:
        """Return all: the outer gates, buildings with their units, garages, shared rooms."""
        others = [place for place in self.rows if place.kind not in (BUILDING, UNIT, OUTER)]
        others.sort(key=lambda place: (KINDS.index(place.kind), place.name))
        return [*([self.outer] if self.outer else []), *self.of_homes, *others]

    def _order(self, place: Place) -> tuple[str, str, str]:
        building = self.building_of(place) or place
        return sort_key(building.code), building.place_id, "" if building is place else sort_key(place.code)

    def building_of(self, place: Place | None) -> Place | None:
        """Return the building of a unit, a building itself, and None of every other place."""
        if place is None or place.kind == BUILDING:
            return place
        return self.by_id.get(place.parent_id or "") if place.kind == UNIT else None

    def of_home(self, home: Placed | None) -> Place | None:
        """Return the building or unit of a home: the one that was chosen, or the one that its number says."""
        if home is None:
            return None
        if home.place_id is not None:
            return self.by_id.get(home.place_id)
        return self.of_number(home.number)

    def of_number(self, number: str) -> Place | None:
        """Return the building or unit that a home's number says."""
        code = longest_code(number, self.by_code)
        return None if code is None else self.by_code[code]

    def way(self, place: Place | None) -> list[Place]:
        """Return the places on the way to a home there: the outer gates, its building, its unit.

        Of a home whose building alone is known all units of that building. Without any, the outer gates.
        """
        building = self.building_of(place)
        on_it = [place for place in self.rows if place.kind == OUTER]
        if building is not None:
            on_it.append(building)
            on_it += [
                unit
                for unit in self.rows
                if unit.kind == UNIT and unit.parent_id == building.place_id and place in (building, unit)
            ]
        return on_it


def nearest_gate(gates: Sequence[Gate], way: Iterable[Place]) -> Gate | None:
    """Return the gate for one visit: of the home's unit, of its building, or the first outer one.

    Visitors may come by any of the outer gates, but all pass the one that is nearest the home. A gate with a
    controller is before one without; where none is on the way it is the first, and without gates None.
    """
    kinds = {place.place_id: place.kind for place in way}

    def nearness(gate: Gate) -> tuple[bool, bool, int]:
        kind = kinds.get(gate.place_id or "", "")
        return kind in CLOSER, gate.state == "paired", CLOSER.index(kind) if kind in CLOSER else 0

    return max(gates, key=nearness, default=None)


def gates_at(gates: Iterable[Gate], places: Iterable[Place]) -> list[Gate]:
    """Return the gates that are at one of these places."""
    ids = {place.place_id for place in places}
    return [gate for gate in gates if gate.place_id in ids]
