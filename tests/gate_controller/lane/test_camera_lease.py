"""A camera has one holder at a time: the gate's program or the browser of its screen, never both."""

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from gate_controller.lane.camera_codes import CameraCode, look_for_code
from gate_controller.lane.camera_lease import GONE_SECONDS, CameraLeases, CameraLent
from gate_controller.lane.camera_watch import WatchedCamera
from gate_controller.lane.hands_free import HandsFreeCodes
from hardware.cameras.camera import GrabbingCamera
from hardware.simulated.camera_scene import CameraScene
from tests.gate_controller.lane.scene_source import SceneSource
from tests.support.gates.waiting import until

LANE = "north-in"


@dataclass
class Lane:
    """One lane's camera, its worker, and what the controller would read."""

    scene: SceneSource
    camera: WatchedCamera
    worker: ThreadPoolExecutor
    inbox: "queue.SimpleQueue[object]" = field(default_factory=queue.SimpleQueue)

    def leases(self, hands_free: HandsFreeCodes | None = None) -> CameraLeases:
        codes = {LANE: hands_free} if hands_free is not None else {}
        return CameraLeases({LANE: self.camera}, {LANE: self.worker}, codes, time.monotonic, self.inbox.put)

    def next_lent(self) -> CameraLent:
        """Return the next word on the lease; the camera's own messages are passed over."""
        while not isinstance(message := self.inbox.get(timeout=60), CameraLent):
            pass
        return message


@pytest.fixture
def lane() -> Iterator[Lane]:

    scene = SceneSource(CameraScene())
    worker = ThreadPoolExecutor(1)
    made = Lane(
        scene,
        WatchedCamera(GrabbingCamera(scene.opened, name="eye"), LANE, lambda _: None, time.monotonic),
        worker,
    )
    yield made
    made.camera.close()
    worker.shutdown(wait=True, cancel_futures=True)


def look(lane: Lane, cancelled: threading.Event) -> CameraCode:
    return look_for_code(lane.camera, LANE, 30.0, cancelled, time.monotonic)


def test_the_browser_may_open_the_camera_only_once_the_gates_look_has_closed_it(lane: Lane) -> None:
    cancelled = threading.Event()
    lane.worker.submit(look, lane, cancelled)
    until(lambda: lane.camera.is_open)
    leases = lane.leases()
    leases.lend(LANE)
    with pytest.raises(queue.Empty):
        lane.inbox.get(timeout=0.3)
    assert lane.camera.is_open
    cancelled.set()
    assert lane.next_lent() == CameraLent(LANE, is_lent=True)
    assert not lane.camera.is_open
    leases.cancel_all()


def test_the_gate_looks_again_only_after_the_page_has_said_that_it_closed_the_camera(lane: Lane) -> None:
    leases = lane.leases()
    leases.lend(LANE)
    assert lane.next_lent().is_lent
    cancelled = threading.Event()
    waiting = lane.worker.submit(look, lane, cancelled)
    for _ in range(15):
        leases.page_said(LANE, is_open=True, is_wanted=False)
        time.sleep(0.1)
        assert not lane.camera.is_open
    assert lane.inbox.empty()
    leases.page_said(LANE, is_open=False, is_wanted=False)
    assert lane.next_lent() == CameraLent(LANE, is_lent=False)
    until(lambda: lane.camera.is_open)
    cancelled.set()
    waiting.result()


def test_a_page_that_has_not_opened_the_camera_yet_keeps_the_lease(lane: Lane) -> None:
    leases = lane.leases()
    leases.lend(LANE)
    assert lane.next_lent().is_lent
    leases.page_said(LANE, is_open=False, is_wanted=True)
    leases.lend(LANE)
    assert lane.inbox.empty()
    leases.page_said(LANE, is_open=False, is_wanted=False)
    assert not lane.next_lent().is_lent


def test_a_page_that_is_gone_has_the_camera_for_a_second_and_no_longer(lane: Lane) -> None:
    leases = lane.leases()
    leases.lend(LANE)
    assert lane.next_lent().is_lent
    leases.page_said(LANE, is_open=True, is_wanted=True)
    heard = time.monotonic()
    assert not lane.next_lent().is_lent
    assert time.monotonic() - heard > GONE_SECONDS * 0.9
    leases.lend(LANE)
    assert lane.next_lent().is_lent, "the next call has it again"
    leases.cancel_all()


def test_codes_are_not_read_hands_free_while_the_browser_has_the_camera(lane: Lane) -> None:
    codes = HandsFreeCodes(lane.camera, LANE, lane.inbox.put, time.monotonic)
    codes.start()
    until(lambda: lane.camera.is_open)
    leases = lane.leases(codes)
    leases.lend(LANE)
    assert lane.next_lent().is_lent
    opened = lane.scene.times_opened
    for _ in range(10):
        leases.page_said(LANE, is_open=True, is_wanted=True)
        time.sleep(0.05)
        assert not lane.camera.is_open
    leases.page_said(LANE, is_open=False, is_wanted=False)
    until(lambda: lane.camera.is_open)
    assert lane.scene.times_opened == opened + 1
    codes.stop()


def test_a_lease_that_was_given_up_before_its_turn_is_none(lane: Lane) -> None:
    cancelled = threading.Event()
    lane.worker.submit(look, lane, cancelled)
    leases = lane.leases()
    leases.lend(LANE)
    leases.page_said(LANE, is_open=False, is_wanted=False)
    cancelled.set()
    assert lane.next_lent() == CameraLent(LANE, is_lent=False)


def test_a_lane_without_a_camera_of_the_gates_own_lends_the_browsers(lane: Lane) -> None:
    leases = CameraLeases({}, {LANE: lane.worker}, {}, time.monotonic, lane.inbox.put)
    leases.lend(LANE)
    assert lane.next_lent().is_lent
    leases.lend("elsewhere")
    leases.cancel_all()
    assert not lane.next_lent().is_lent


def test_a_camera_that_was_left_open_is_closed_before_it_is_lent(lane: Lane) -> None:
    lane.camera.open()
    leases = lane.leases()
    leases.lend(LANE)
    assert lane.next_lent().is_lent
    assert not lane.camera.is_open
    leases.cancel_all()
