"""The parts that `assemble` hands to the controller, and the small state that is replaced as a whole."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gate_controller.contract.calls import TASK_PURPOSES
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.control.recorder import Recorder
from gate_controller.control.screens import Screens
from gate_controller.face_control.faces import Faces
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.lane.camera_codes import CodeLooks
from gate_controller.lane.camera_lease import CameraLeases
from gate_controller.lane.device_watch import DeviceWatch
from gate_controller.lane.guard_call import CallWishes
from gate_controller.lane.lost_readers import LostReaders
from gate_controller.lane.state import LaneDesk, Passage
from gate_controller.rules.identify import GateKeys
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import PolicyStore
from gate_controller.sync.calls import CallReports
from gate_controller.updates.updates import GateUpdates
from hardware.interfaces import Relay, Telephone


class LaneMemory(Protocol):
    """The people inside, as far as readers and doors have reported."""

    def inside(self, now: datetime) -> frozenset[str]:
        """Return the ids of those who came in within the last 12 hours and have not left since."""
        ...

    def passed(self, passage: Passage, now: datetime) -> None:
        """Count a person in or out."""
        ...

    def keep_only(self, person_ids: Collection[str]) -> None:
        """Forget everyone inside who is not among these."""
        ...


@dataclass(frozen=True, slots=True)
class GateTelephone:
    """A gate's telephone, and which numbers are the guard's; without any it calls homes alone."""

    telephone: Telephone
    wishes: CallWishes
    prompts: Mapping[str, str] = field(default_factory=dict)
    """By purpose and language: what is said in calls that the server asks for, `proof.en` and so on."""
    home_prompt: str = ""
    """The file that a home's telephone hears when it is answered; "" where there is none."""
    home_prompt_seconds: float = 0.0
    """How long that speaks."""

    def spoken(self, purpose: str, language: str) -> str:
        """Return the file for a call, in English where the language has none; "" where there is none."""
        return self.prompts.get(f"{purpose}.{language}") or self.prompts.get(f"{purpose}.en", "")

    @property
    def speaks(self) -> bool:
        """Return whether there is a file for each call that the server asks for."""
        return all(self.spoken(purpose, "en") for purpose in TASK_PURPOSES)


@dataclass(frozen=True, slots=True)
class GateParts:
    """Parts that `assemble` puts together for the controller; mappings go by lane or device name."""

    store: PolicyStore
    desks: Mapping[str, LaneDesk]
    relays: Mapping[str, Relay]
    never_held: frozenset[str]
    """Lanes whose drive only accepts the order to open, also where the policy holds them open."""
    lane_of_device: Mapping[str, str]
    journal: Journal
    recorder: Recorder
    clock: GateClock
    hasher: Executor
    screens: Screens
    code_looks: CodeLooks
    lanes_with_scanner: frozenset[str]
    faces: Faces
    keeper: FaceKeeper
    watch: DeviceWatch
    lost_readers: LostReaders
    lane_memory: LaneMemory
    nudge_sync: Callable[[], None]
    updates: GateUpdates | None
    """None where the gate was started without the launcher, and takes no updates."""
    call_reports: CallReports
    camera_leases: CameraLeases
    telephone: GateTelephone | None = None
    """None where help is an alarm at once, and homes are called by their pages alone."""

    @property
    def reads_fire(self) -> bool:
        """True while the fire contact of any lane of the gate is active."""
        return any(desk.door.fire for desk in self.desks.values())


@dataclass(slots=True)
class GateState:
    """State that is replaced as a whole: the policy, the keys, whether the server is in reach."""

    snapshot: PolicySnapshot | None
    keys: GateKeys | None
    online: bool = False
    calls_offered: bool = False
    """True while the server takes calls to homes."""
