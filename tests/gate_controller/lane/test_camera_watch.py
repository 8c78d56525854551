"""What a lane's camera reports of itself, and what the gate makes of it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.lane.camera_codes import look_for_code
from gate_controller.lane.camera_state import TRY_AGAIN_SECONDS, CameraState
from gate_controller.lane.camera_watch import CameraSight, WatchedCamera, take_sight
from gate_controller.lane.device_watch import DeviceWatch
from gate_controller.lane.memory import LaneMemory
from gate_controller.lane.state import LaneDesk
from gate_controller.storage.clock import GateClock
from gate_controller.terminal.view import Screen
from hardware.cameras.trouble import Trouble
from hardware.errors import DeviceUnavailable
from hardware.interfaces import Frame
from hardware.simulated.camera_scene import CameraScene

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
TROUBLES = list(Trouble)


class SceneCamera:
    """A camera before a scene, and a clock that each frame moves on by a tenth of a second."""

    name = "eye"
    newest_captured_at_ns = 0
    loss = "eye: sends no frames any more"

    def __init__(self) -> None:
        self.scene = CameraScene(width=160, height=120)
        self.seconds = 0.0
        self.is_open = False
        self.is_there = True
        self.is_silent = False
        self.goes_at_once = False

    def open(self) -> None:
        if not self.is_there:
            raise DeviceUnavailable("eye cannot be reached")
        self.is_open = not self.goes_at_once

    def pace(self, frames_per_second: float | None) -> None:
        return

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        self.seconds += 0.1
        self.is_open = self.is_open and self.is_there
        return self.scene.next_frame() if self.is_open and not self.is_silent else None

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def camera() -> SceneCamera:
    return SceneCamera()


def watched(camera: SceneCamera) -> tuple[WatchedCamera, list[CameraSight]]:
    reported: list[CameraSight] = []
    return WatchedCamera(camera, "north-in", reported.append, lambda: camera.seconds), reported


def look(watch: WatchedCamera, seconds: float) -> None:
    watch.open()
    for _ in range(round(seconds * 10)):
        watch.newest_frame(0.1)
    watch.close()


def test_a_camera_that_sees_reports_nothing(camera: SceneCamera) -> None:
    watch, reported = watched(camera)
    look(watch, 20)
    assert reported == []


def test_each_trouble_is_reported_once_over_many_looks(camera: SceneCamera) -> None:
    watch, reported = watched(camera)
    camera.scene.cover()
    for _ in range(4):
        look(watch, 8)
    camera.scene.clear()
    look(watch, 8)
    assert [sight.trouble for sight in reported] == [Trouble.COVERED, None]
    assert "is the lens covered" in reported[0].detail


def test_a_closed_camera_is_never_opened_to_be_checked(camera: SceneCamera) -> None:
    watch, reported = watched(camera)
    assert watch.newest_frame(0.1) is None
    assert not camera.is_open
    assert reported == []


def test_a_camera_that_cannot_be_opened_is_lost_with_the_reason(camera: SceneCamera) -> None:
    watch, reported = watched(camera)
    camera.is_there = False
    for _ in range(3):
        with pytest.raises(DeviceUnavailable):
            watch.open()
    assert reported == [CameraSight("north-in", "eye", Trouble.LOST, "eye cannot be reached")]


def test_a_camera_that_goes_away_or_sends_nothing_is_lost(camera: SceneCamera) -> None:
    watch, reported = watched(camera)
    camera.is_silent = True
    look(watch, 3)
    camera.is_silent = False
    look(watch, 2)
    watch.open()
    camera.is_there = False
    watch.newest_frame(0.1)
    assert [(sight.trouble, sight.detail.partition(":")[0]) for sight in reported] == [
        (Trouble.LOST, "no picture comes"),
        (None, ""),
        (Trouble.LOST, "eye"),
    ]


def test_a_camera_that_goes_away_before_its_first_frame_is_lost_and_ends_the_look(
    camera: SceneCamera,
) -> None:
    watch, reported = watched(camera)
    camera.goes_at_once = True
    look = look_for_code(watch, "north-in", 20, threading.Event(), lambda: camera.seconds)
    assert look.text is None
    assert camera.seconds < 1
    assert [sight.trouble for sight in reported] == [Trouble.LOST]


@pytest.fixture
def device_watch(tmp_path: Path) -> Iterator[DeviceWatch]:
    memory = LaneMemory(tmp_path / "lanes.sqlite3", NOON)
    yield DeviceWatch(GateClock(lambda: NOON, lambda: 0.0, floor=None, is_battery_backed=True), memory, print)
    memory.close()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_face_is_off_while_the_camera_does_not_see_and_may_be_tried_after_five_minutes(
    device_watch: DeviceWatch, trouble: Trouble
) -> None:
    desk, entries = LaneDesk("north-in"), []
    sight = CameraSight("north-in", "eye", trouble, "in words")
    take_sight(sight, desk, device_watch, lambda *entry: entries.append(entry), 100.0)

    assert not desk.camera.sees(100.0 + TRY_AGAIN_SECONDS - 1)
    assert desk.camera.sees(100.0 + TRY_AGAIN_SECONDS)
    assert [facts for _, facts, _ in entries] == [{"lane_id": "north-in", "trouble": trouble.value}]
    assert [(d.health, d.detail) for d in device_watch.status({}).devices] == [
        ("lost" if trouble is Trouble.LOST else "faulty", "in words")
    ]
    desk.camera.hands_free = True
    assert not desk.camera.sees(100.0 + TRY_AGAIN_SECONDS)
    take_sight(
        CameraSight("north-in", "eye", None), desk, device_watch, lambda *entry: entries.append(entry), 900.0
    )
    assert desk.camera.sees(900.0)
    assert entries[-1][0] == "camera_clear"


def test_only_dark_raises_no_alarm(device_watch: DeviceWatch) -> None:
    kinds: list[str] = []
    for trouble in TROUBLES:
        sight = CameraSight("north-in", "eye", trouble)
        take_sight(sight, LaneDesk("north-in"), device_watch, lambda kind, *_: kinds.append(kind), 0.0)
    assert kinds == ["camera_dark", "alarm_camera", "alarm_camera", "alarm_camera"]


def test_the_sign_of_a_hands_free_camera_is_never_closed_and_a_look_for_a_face_says_so() -> None:
    desk = LaneDesk("north-in", camera=CameraState(hands_free=True))
    shown = []
    for step in (lambda: None, lambda: desk.camera.look_begins("looking"), desk.camera.look_ended, desk.rest):
        step()
        view = desk.view(0.0, standing=Screen.IDLE, online=True, clock_sure=True, lane_name="")
        shown.append(view.camera)
    assert shown == ["codes_only", "looking", "codes_only", "codes_only"]
