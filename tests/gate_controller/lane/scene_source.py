"""A camera that remembers every frame it gave away."""

import time
from dataclasses import dataclass, field

from hardware.errors import DeviceUnavailable
from hardware.interfaces import Frame
from hardware.simulated.camera_scene import CameraScene


@dataclass
class SceneSource:
    """A device that sends a scene at 50 frames a second and remembers every frame it gave away."""

    scene: CameraScene
    given: list[Frame] = field(default_factory=list)
    given_at_ns: list[int] = field(default_factory=list)
    is_away: bool = False
    times_opened: int = 0

    def opened(self) -> "SceneSource":
        if self.is_away:
            raise DeviceUnavailable("eye is away")
        self.times_opened += 1
        return self

    def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
        time.sleep(0.02)
        if self.is_away:
            raise DeviceUnavailable("eye went away")
        if skip:
            return None
        self.given.append(self.scene.next_frame())
        self.given_at_ns.append(time.monotonic_ns())
        return self.given[-1], self.given_at_ns[-1]

    def release(self) -> None:
        return
