"""Report a gate's state with each call to the server."""

from dataclasses import dataclass

from gate_controller.contract.messages import (
    DeviceHealth,
    FaceStatus,
    LaneState,
)


@dataclass(frozen=True, slots=True)
class GateStatus:
    """What the manager's page is told about lanes and devices."""

    lanes: tuple[LaneState, ...]
    devices: tuple[DeviceHealth, ...]
    face: FaceStatus | None = None
