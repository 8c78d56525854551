"""Collect a gate's status for each call to the server."""

from dataclasses import dataclass

from gate_controller.contract.messages import (
    DeviceHealth,
    FaceStatus,
    LaneState,
)


@dataclass(frozen=True, slots=True)
class GateStatus:
    """Status of lanes and devices for the manager's page."""

    lanes: tuple[LaneState, ...]
    devices: tuple[DeviceHealth, ...]
    face: FaceStatus | None = None
