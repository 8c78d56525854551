"""Say where gates are on the map of the compound; what opens does not change."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.action.base import Action, begin, record
from web_admin.action.lookups import gate_of
from web_admin.compound.models import Gate
from web_admin.core.refusal import ActionRefused

PER_MILLE = range(1001)
Spot = tuple[int, int]
"""Per mille from the left and from the top."""


def place_on_map(act: Action, gate_id: str, spot: Spot | None) -> None:
    """Put a gate there on the map; None takes it off."""
    begin(act)
    gate = gate_of(act, gate_id)
    for field, number in zip(("x", "y"), spot or (), strict=False):
        if number not in PER_MILLE:
            raise ActionRefused(field, _("From 0 to 1000."))
    gate.map_x, gate.map_y = spot or (None, None)
    record(act, "gate_on_map", {"gate_id": gate_id, "is_on_it": spot is not None})


def place_in_rows(act: Action, buildings: Mapping[str, str]) -> int:
    """Put the gates that are on no map yet where `proposed_spots` says; return how many."""
    begin(act)
    spots = proposed_spots(buildings)
    missing = select(Gate).where(Gate.site_id == act.site_id, Gate.map_x.is_(None))
    gates = [gate for gate in act.session.scalars(missing) if gate.gate_id in spots]
    for gate in gates:
        gate.map_x, gate.map_y = spots[gate.gate_id]
    if gates:
        record(act, "gates_on_map", {"count": len(gates)})
    return len(gates)


def proposed_spots(buildings: Mapping[str, str]) -> dict[str, Spot]:
    """Return a spot for each gate, by its building: those of none in the first row, then the buildings."""
    alone = [gate_id for gate_id, building in buildings.items() if not building]
    groups: dict[str, list[str]] = {}
    for gate_id, building in buildings.items():
        if building:
            groups.setdefault(building, []).append(gate_id)
    first_row = 180 if alone and groups else 1000 if alone else 0
    spots = _in_cells(alone, (0, 0), (1000, first_row))
    columns, rows = _columns_and_rows(len(groups))
    for number, gates in enumerate(groups.values()):
        width, height = 1000 / columns, (1000 - first_row) / rows
        corner = (number % columns * width, first_row + number // columns * height)
        spots |= _in_cells(gates, corner, (width, height))
    return spots


def _columns_and_rows(count: int) -> tuple[int, int]:
    columns = max(1, ceil(sqrt(count * 1.4)))
    return columns, max(1, ceil(count / columns))


def _in_cells(
    gates: Sequence[str], corner: tuple[float, float], size: tuple[float, float]
) -> dict[str, Spot]:
    """Return spots in the middles of equal cells of a rectangle."""
    rows = min(len(gates), max(1, round(sqrt(len(gates) * size[1] / size[0]))) if size[0] else 1) or 1
    columns = max(1, ceil(len(gates) / rows))
    return {
        gate_id: (
            round(corner[0] + (number % columns + 0.5) * size[0] / columns),
            round(corner[1] + (number // columns + 0.5) * size[1] / rows),
        )
        for number, gate_id in enumerate(gates)
    }
