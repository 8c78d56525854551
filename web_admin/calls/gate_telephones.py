"""Find the gates that can call telephones: those whose device `telephone` reports."""

from dataclasses import dataclass

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
    healths = [
        {str(device.get("device")): device.get("health") for device in devices or ()} for devices in states
    ]
    having = [of_gate for of_gate in healths if DEVICE in of_gate]
    working = [of_gate for of_gate in having if of_gate[DEVICE] == "ok"]
    return GateTelephones(
        len(states), len(having), len(working), sum(VOICE in of_gate for of_gate in working)
    )
