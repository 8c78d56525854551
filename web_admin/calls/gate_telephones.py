"""Find the gates that can call telephones: those whose device `telephone` reports."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate

DEVICE = "telephone"
"""The name under which a gate reports its telephone program (`gate_controller/assembly/telephone.py`)."""


@dataclass(frozen=True, slots=True)
class GateTelephones:
    """Counts of the gates in use, of those with a telephone, and of those whose telephone answers."""

    gates: int
    having: int
    working: int


def telephones_of_gates(session: Session, site_id: str) -> GateTelephones:
    """Count the gates of a site that can call telephones."""
    states = session.scalars(
        select(Gate.device_states).where(Gate.site_id == site_id, Gate.state == "paired")
    ).all()
    healths = [
        device.get("health")
        for devices in states
        for device in devices or ()
        if device.get("device") == DEVICE
    ]
    return GateTelephones(len(states), len(healths), sum(health == "ok" for health in healths))
