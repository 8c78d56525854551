"""Choose which gates a page shows and how: a tile each while they are few, else a line each; no routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from web_admin.manage.gate_states import STATES, GateState
from web_admin.web.places import has_words, names_of_gate

FEW_GATES = 8
"""So many have a tile each, as they did before compounds had more."""
TILES_AT_MOST = 9
"""Of many gates, so many that differ from normal have a tile."""
LINES_AT_MOST = 48
"""A page is never longer: of more gates it shows the buildings, and those gates that are looked for."""
BUILDINGS_AT_MOST = 100
MAX_FILTER_CHARS = 60
FILTER_STATES: Mapping[str, LazyString] = {
    "differs": _l("Differs from normal"),
    **STATES,
    "normal": _l("Normal"),
}


@dataclass(frozen=True, slots=True)
class GateFilter:
    """The choice, as it was typed; "" is everything."""

    q: str = ""
    building: str = ""
    state: str = ""
    gate: str = ""

    def chosen(self) -> dict[str, str]:
        """Return the filter, for addresses."""
        every = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in every.items() if value}


@dataclass(frozen=True, slots=True)
class BuildingLine:
    """A building whose gates are not listed: how many they are, and how many differ."""

    name: str
    gates: int
    differing: int


@dataclass(frozen=True, slots=True)
class ShownGates:
    """The gates that a page shows, and their lines."""

    wanted: GateFilter
    is_large: bool
    """True if there are so many gates that they are looked for."""
    total: int
    found: int
    differing: int
    tiles: Sequence[GateState]
    groups: Sequence[tuple[str, Sequence[GateState]]]
    """A line a gate, by building; "" is none."""
    buildings: Sequence[BuildingLine]
    left_out: int
    """How many were found and have no line."""
    all_buildings: Sequence[str]


def filter_of_gates(typed: Mapping[str, str]) -> GateFilter:
    """Return the filter of an address; what cannot be meant is left out."""
    texts = {field.name: typed.get(field.name, "").strip()[:MAX_FILTER_CHARS] for field in fields(GateFilter)}
    texts["state"] = texts["state"] if texts["state"] in FILTER_STATES else ""
    return GateFilter(**texts)


def shown_gates(states: Sequence[GateState], wanted: GateFilter, *, opens_outer: bool = False) -> ShownGates:
    """Return what a page shows of these gates, a bounded part of them.

    Where gates are opened, outer gates that are normal have a tile too; elsewhere those that differ alone.
    """
    is_large = len(states) > FEW_GATES
    found = [state for state in states if _is_meant(state, wanted)] if is_large else list(states)
    differing = sorted((state for state in found if state.marks), key=lambda state: state.rank)
    few = len(found) <= FEW_GATES
    buildings, lines = ([], []) if few else _in_lines(found, wanted)
    shown = lines[:LINES_AT_MOST]
    return ShownGates(
        wanted=wanted,
        is_large=is_large,
        total=len(states),
        found=len(found),
        differing=len(differing),
        tiles=found if few else [*differing[:TILES_AT_MOST], *(_usual(found, wanted) if opens_outer else ())],
        groups=_by_building(shown),
        buildings=buildings[:BUILDINGS_AT_MOST],
        left_out=len(lines) - len(shown) + sum(one.gates for one in buildings[BUILDINGS_AT_MOST:]),
        all_buildings=[name for name in dict.fromkeys(state.building for state in states) if name],
    )


def problems_first(states: Sequence[GateState], wanted: GateFilter) -> tuple[list[GateState], int]:
    """Return a bounded part of the gates that are meant, the most urgent first, and how many are left."""
    found = sorted((state for state in states if _is_meant(state, wanted)), key=lambda state: state.rank)
    return found[:LINES_AT_MOST], max(0, len(found) - LINES_AT_MOST)


def _usual(found: Sequence[GateState], wanted: GateFilter) -> list[GateState]:
    """Return the outer gates, which are opened most, where nothing else is looked for and they are few."""
    outer = [state for state in found if state.is_outer and not state.marks]
    return outer if not wanted.chosen() and len(outer) <= FEW_GATES else []


def _is_meant(state: GateState, wanted: GateFilter) -> bool:
    if wanted.gate and state.gate.gate_id != wanted.gate:
        return False
    if wanted.building and state.building != wanted.building:
        return False
    if (wanted.state == "normal" and state.marks) or (wanted.state == "differs" and not state.marks):
        return False
    if wanted.state in STATES and wanted.state not in state.states:
        return False
    names = (state.building, *names_of_gate(state.gate), *(one.lane.name for one in state.lanes))
    return has_words(wanted.q, names)


def _in_lines(found: Sequence[GateState], wanted: GateFilter) -> tuple[list[BuildingLine], list[GateState]]:
    """Return the buildings that stand for their gates, and the gates that have a line of their own."""
    if len(found) <= LINES_AT_MOST or wanted.building or wanted.state:
        return [], list(found)
    groups = _by_building(found)
    buildings = [
        BuildingLine(name, len(gates), sum(bool(gate.marks) for gate in gates))
        for name, gates in groups
        if name
    ]
    return buildings, [gate for name, gates in groups if not name for gate in gates]


def _by_building(states: Sequence[GateState]) -> list[tuple[str, list[GateState]]]:
    """Return gates by building, those of none first."""
    groups: dict[str, list[GateState]] = {"": []}
    for state in states:
        groups.setdefault(state.building, []).append(state)
    return [(name, gates) for name, gates in groups.items() if gates]
