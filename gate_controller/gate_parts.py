"""The parts `assemble` hands to the controller, and the little state that is swapped whole."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from gate_controller.clock import GateClock
from gate_controller.device_watch import DeviceWatch
from gate_controller.face_desk import FaceDesk
from gate_controller.identify import GateKeys
from gate_controller.journal import Journal
from gate_controller.lane_desk import LaneDesk
from gate_controller.policy import PolicySnapshot
from gate_controller.policy_store import PolicyStore
from gate_controller.screen_acts import ScreenActs
from gate_controller.screens import Screens
from hardware.interfaces import Relay


@dataclass(frozen=True, slots=True)
class GateParts:
    """What `assemble` puts together for the controller; mappings go by lane or device name."""

    store: PolicyStore
    desks: Mapping[str, LaneDesk]
    relays: Mapping[str, Relay]
    never_held: frozenset[str]
    """Lanes whose drive is only ever told to open, whatever the policy says of holding."""
    lane_of_device: Mapping[str, str]
    journal: Journal
    clock: GateClock
    hasher: Executor
    screens: Screens
    screen_acts: ScreenActs
    faces: FaceDesk
    watch: DeviceWatch
    nudge_sync: Callable[[], None]


@dataclass(slots=True)
class GateState:
    """What changes as a whole: the policy, the keys, whether the server is in reach."""

    snapshot: PolicySnapshot | None
    keys: GateKeys | None
    online: bool = False
