"""Turn gates into dots of the map: one a building where they are many, none that touch; no routes."""

from collections.abc import Sequence
from dataclasses import dataclass

from web_admin.manage.gate_states import GateState

WIDTH, HEIGHT = 1000, 700
"""Of the map, in its own units."""
APART = 80
"""So far apart are the middles of dots at least: on a phone of 360 pixels 24, which a finger still hits."""
EDGE = 120
"""So near to an edge a name begins or ends at its dot."""
FEW_DOTS = 12
"""So many gates have a dot each; of more, a building is one dot."""
SHAPES = {"bad": "bad", "warn": "warn", "info": "warn"}
"""Shape of a state, by the kind of its chip; a gate that was put out of service has a square."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One dot: where it is, and its gates, the most urgent first."""

    x: int
    y: int
    states: tuple[GateState, ...]

    @property
    def shape(self) -> str:
        """Return the shape of its most urgent gate."""
        marks = self.states[0].marks
        return SHAPES.get(marks[0].kind, "off") if marks else "ok"

    @property
    def anchor(self) -> str:
        """Return at which end its name is held, so that it stays on the map."""
        return "start" if self.x < EDGE else "end" if self.x > WIDTH - EDGE else "middle"


def dots_of(states: Sequence[GateState], alone: str = "") -> list[Dot]:
    """Return the dots of the gates that are on the map; the gate `alone` shares its dot with no other."""
    placed = [state for state in states if state.gate.map_x is not None and state.gate.gate_id != alone]
    groups: dict[str, list[GateState]] = {}
    for state in placed:
        shared = state.building if len(placed) > FEW_DOTS else ""
        groups.setdefault(shared or state.gate.gate_id, []).append(state)
    dots: list[Dot] = []
    for group in sorted(groups.values(), key=lambda group: min(state.rank for state in group)):
        _add(dots, group)
    return dots + [
        _dot([state]) for state in states if state.gate.gate_id == alone and state.gate.map_x is not None
    ]


def _add(dots: list[Dot], group: Sequence[GateState]) -> None:
    """Add a dot for these gates, or let them share one that is too near."""
    new = _dot(group)
    for number, dot in enumerate(dots):
        if (dot.x - new.x) ** 2 + (dot.y - new.y) ** 2 < APART**2:
            dots[number] = Dot(dot.x, dot.y, _urgent_first([*dot.states, *group]))
            return
    dots.append(new)


def _dot(group: Sequence[GateState]) -> Dot:
    across = sum(state.gate.map_x or 0 for state in group) / len(group)
    down = sum(state.gate.map_y or 0 for state in group) / len(group)
    return Dot(round(across * WIDTH / 1000), round(down * HEIGHT / 1000), _urgent_first(group))


def _urgent_first(states: Sequence[GateState]) -> tuple[GateState, ...]:
    return tuple(sorted(states, key=lambda state: state.rank))
