"""A person before a folder camera: new frames one after the other, and ears for what the screen asks."""

import threading
import time
from pathlib import Path

import numpy as np

from hardware.cameras.camera import FolderCamera
from hardware.interfaces import Frame
from hardware.simulated.live_person import FolderPerson

PATIENCE_SECONDS = 60.0


class GreyActor:
    """Shows a plain frame and notes what it is asked."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.has_heard = threading.Event()

    def frame(self, at_seconds: float) -> Frame:
        return np.full((48, 64, 3), 60 + int(at_seconds * 50) % 100, dtype=np.uint8)

    def hears(self, prompt: str, _at_seconds: float) -> None:
        self.heard.append(prompt)
        self.has_heard.set()


def test_a_folder_camera_sees_the_person_who_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "frame-000001.png").write_bytes(b"what was held there before")
    camera = FolderCamera(tmp_path, name="eye", frames_per_second=2)
    with FolderPerson(GreyActor(), tmp_path, prompt=str) as person:
        assert person.in_view_at_ns <= time.monotonic_ns()
        camera.open()
        frames = [camera.newest_frame(PATIENCE_SECONDS) for _ in range(3)]
        camera.close()
    assert all(frame is not None and frame.shape == (48, 64, 3) for frame in frames)
    assert [path.name[:6] for path in tmp_path.iterdir()] == ["person"]


def test_each_prompt_is_received_once(tmp_path: Path) -> None:
    actor, asked = GreyActor(), ["turn_left"]
    with FolderPerson(actor, tmp_path, prompt=lambda: asked[-1]):
        assert actor.has_heard.wait(PATIENCE_SECONDS)
        actor.has_heard.clear()
        asked.append("straight_again")
        assert actor.has_heard.wait(PATIENCE_SECONDS)
    assert actor.heard == ["turn_left", "straight_again"]
