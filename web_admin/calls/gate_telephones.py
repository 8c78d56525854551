"""Find the gates that can call telephones: those whose device `telephone` reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate

DEVICE = "telephone"
"""The name under which a gate reports its telephone program (`gate_controller/assembly/telephone.py`)."""
VOICE = "telephone-voice"
"""And that it has something to say in calls of its own (`gate_controller/control/telephone_tasks.py`)."""


@dataclass(frozen=True, slots=True)
class GateTelephones:
    """Counts of the gates in use, of those with a telephone, and of those whose telephone answers.

    Of these some have spoken files too: they alone prove numbers and make test calls.
    """

    gates: int
    having: int
    working: int
    speaking: int


def telephones_of_gates(session: Session, site_id: str) -> GateTelephones:
    """Count the gates of a site that can call telephones."""
    states = session.scalars(
        select(Gate.device_states).where(Gate.site_id == site_id, Gate.state == "paired")
    ).all()
    healths = [_healths(devices) for devices in states]
    having = [of_gate for of_gate in healths if DEVICE in of_gate]
    working = [of_gate for of_gate in having if of_gate[DEVICE] == "ok"]
    return GateTelephones(len(states), len(having), len(working), sum(map(_speaks, working)))


def speaks(gate: Gate) -> bool:
    """Return whether a gate makes calls without a visitor: its telephone answers and it has spoken files."""
    return _speaks(_healths(gate.device_states))


def _healths(devices: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {str(device.get("device")): device.get("health") for device in devices or ()}


def _speaks(healths: Mapping[str, Any]) -> bool:
    return healths.get(DEVICE) == "ok" and VOICE in healths
