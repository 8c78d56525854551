"""Messages for the controller's one queue, other than those of devices and the server."""

from dataclasses import dataclass

from gate_controller.face_control.messages import FaceMessage
from gate_controller.lane.camera_codes import CameraCode
from gate_controller.lane.camera_lease import CameraLent
from gate_controller.lane.camera_watch import CameraSight
from gate_controller.lane.hands_free import HandsFree
from gate_controller.sync.news import SyncNews
from gate_controller.terminal.view import TerminalAction
from hardware.interfaces import CallChange, DeviceReport


@dataclass(frozen=True, slots=True)
class ScreenAction:
    """Someone did something on a lane's screen."""

    lane_id: str
    action: TerminalAction


@dataclass(frozen=True, slots=True, repr=False)
class TypedHashed:
    """A typed number after its hash; never printed."""

    lane_id: str
    home_number: str
    tag: bytes
    read_at_ns: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End the loop."""


Message = (
    DeviceReport
    | CallChange
    | SyncNews
    | ScreenAction
    | TypedHashed
    | CameraCode
    | CameraSight
    | CameraLent
    | HandsFree
    | FaceMessage
    | Stop
)
