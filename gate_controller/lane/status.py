"""Collect a gate's status for each call to the server."""

from dataclasses import dataclass

import msgspec

from gate_controller.contract.messages import (
    DeviceHealth,
    FaceStatus,
    LaneState,
)


def without_lost(lanes: tuple[LaneState, ...]) -> tuple[LaneState, ...]:
    """Return lanes for a server that does not know of lost readers."""
    return tuple(msgspec.structs.replace(lane, lost=msgspec.UNSET) for lane in lanes)


@dataclass(frozen=True, slots=True)
class GateStatus:
    """Status of lanes and devices for the manager's page."""

    lanes: tuple[LaneState, ...]
    devices: tuple[DeviceHealth, ...]
    face: FaceStatus | None = None
