"""Name the gates of visitors' passes, and offer those that a pass may be for."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs

from gate_controller.contract.passes import ALL_GATES
from web_admin.compound.models import Gate, Person
from web_admin.compound.queries import all_gates, places_of_site
from web_admin.compound.ways import gates_at, nearest_gate
from web_admin.core.database import request_session
from web_admin.gates.texts import place_name
from web_admin.visitors.gate_sets import ALL, LISTED, WAY, GateChoice
from web_admin.visitors.reach import reads_passes, with_a_controller
from web_admin.web.fields import CheckList, options
from web_admin.web.forms import OnceForm
from web_admin.web.places import site_gates
from web_admin.web.site import current_site

LONG_LIST = 8
"""Of more gates a page offers to find one by typing."""


@dataclass(frozen=True, slots=True)
class OfferedGates:
    """The gates that a resident may choose from: all that there are, and those that lead to their home."""

    gates: Sequence[Gate]
    way: Sequence[Gate]
    nearest: Gate | None
    """The gate for one visit (`ways.nearest_gate`)."""
    way_names: Sequence[str]
    """The names of the way: its gates, of many the places that have them."""

    @property
    def near(self) -> Sequence[Gate]:
        """Return those to show at once: all where they are few, else some of the way, the nearest first."""
        if len(self.gates) <= LONG_LIST:
            return self.way or self.gates
        others = [gate for gate in self.way if gate is not self.nearest]
        return [*([self.nearest] if self.nearest is not None else []), *others][:LONG_LIST]

    @property
    def far(self) -> Sequence[Gate]:
        """Return those to show under *More*, the rest of a long way first."""
        near = {gate.gate_id for gate in self.near}
        way = {gate.gate_id for gate in self.way}
        others = [gate for gate in self.gates if gate.gate_id not in near]
        return sorted(others, key=lambda gate: gate.gate_id not in way)


def offered_gates(person: Person, gates: Sequence[Gate]) -> OfferedGates:
    """Return these gates as a page offers them to a person; none without a controller is chosen at first."""
    places = places_of_site(request_session(), person.site_id)
    way = places.way(places.of_home(person.home))
    live = with_a_controller(gates)
    on_way = gates_at(live, way)
    names = [gate.name for gate in on_way]
    if len(on_way) > LONG_LIST:
        has = [places.by_id.get(gate.place_id or "") for gate in on_way]
        names = list(dict.fromkeys(place_name(places.building_of(place) or place) for place in has))
    return OfferedGates(gates, on_way, nearest_gate(live, way), names)


class NamesInPasses:
    """The gates and places of a compound as passes name them; read once for a whole list."""

    def __init__(self, site_id: str) -> None:
        """Read them in two queries."""
        session = request_session()
        self._ever = all_gates(session, site_id)
        self.gates = [gate for gate in self._ever if gate.state != "retired"]
        places = places_of_site(session, site_id)
        self._places = {place.number: place_name(place) for place in places.in_order}
        self._numbers = {place.place_id: place.number for place in places.rows}
        self._units: dict[int, set[int]] = {}
        for place in places.rows:
            building = self._numbers.get(place.parent_id or "")
            if building is not None:
                self._units.setdefault(building, set()).add(place.number)

    def of(self, numbers: Sequence[int]) -> list[str]:
        """Return what a pass with these numbers opens: places by name, other gates by theirs.

        A building's name stands for all its units; of some of them each is named instead.
        """
        if ALL_GATES in numbers:
            return [_("All gates")]
        named = set(numbers)
        unsaid: set[int] = set()
        for building, units in self._units.items():
            if building in named and units <= named:
                unsaid |= units
            elif units & named:
                unsaid.add(building)
        said = [name for number, name in self._places.items() if number in named - unsaid]
        return said + [
            gate.name
            for gate in self._ever
            if gate.number in named and self._numbers.get(gate.place_id or "") not in named
        ]

    def opened(self, numbers: Sequence[int]) -> list[Gate]:
        """Return the gates that a pass with these numbers is for."""
        named = set(numbers)
        return [
            gate
            for gate in self.gates
            if named & {gate.number, ALL_GATES} or self._numbers.get(gate.place_id or "") in named
        ]


def gates_with_codes() -> list[Gate]:
    return [gate for gate in site_gates() if reads_passes(gate) and gate.state in ("new", "paired")]


def outer_place() -> str | None:
    """Return the id of the place of the outer gates; None where there is none yet."""
    outer = places_of_site(request_session(), current_site().site_id).outer
    return None if outer is None else outer.place_id


class GatesForm(OnceForm):
    """The gates of a pass that the office gives out: a way, all gates, or single ones."""

    way = SelectField(_l("Which gates?"), default=WAY)
    gate_numbers = CheckList(_l("Only these gates"), coerce=int)

    def offer_gates(self) -> None:
        """Offer the ways to the buildings that there are, and the gates that read codes."""
        places = places_of_site(request_session(), current_site().site_id)
        reading = gates_with_codes()
        here = {gate.place_id for gate in with_a_controller(reading)}
        has_outer = places.outer is not None and places.outer.place_id in here
        self.way.choices = [
            *([SelectChoice(WAY, _("Outer gates"))] if has_outer else []),
            *(
                SelectChoice(f"{WAY}:{place.place_id}", _("Outer gates and %(place)s", place=place.name))
                for place in places.of_homes
            ),
            SelectChoice(ALL, _("All gates")),
        ]
        if not has_outer and not self.way.raw_data:
            self.way.data = ALL  # a browser would choose the first building
        self.gate_numbers.choices = options((gate.number, gate.name) for gate in reading)

    def choice(self) -> GateChoice:
        """Return what was chosen: single gates where any is ticked."""
        if self.gate_numbers.data:
            return GateChoice(self.gate_numbers.data, LISTED)
        gate_set, _colon, place_id = str(self.way.data).partition(":")
        return GateChoice((), gate_set, place_id or None)
