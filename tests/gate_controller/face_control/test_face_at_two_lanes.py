"""A gate of two lanes looks at a face through the camera of the lane where a person asked."""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from gate_controller.contract.records import Grant
from gate_controller.control.messages import Message
from gate_controller.face.sessions import FaceDesk
from gate_controller.face_control.messages import FaceEnded, FaceProgress
from gate_controller.lane.state import LaneDesk
from gate_controller.site_file.face import FaceSection
from gate_controller.terminal.view import Screen
from hardware.interfaces import Frame
from tests.gate_controller.face.matching.face_gates import NOW, Faces, faces, id_of, snapshot
from tests.support.faces.marked import MarkedCamera

__all__ = ["faces"]
IN, OUT = "north-in", "north-out"
PATIENCE_SECONDS = 60.0


class PatientCamera(MarkedCamera):
    """Hands out its first frame once the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_see = threading.Event()
        self.opened = threading.Event()

    def open(self) -> None:
        super().open()
        self.opened.set()

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        assert self.may_see.wait(PATIENCE_SECONDS)
        return super().newest_frame(timeout_seconds)


@dataclass
class TwoLanes:
    """The desk of a gate with two lanes, and what it says."""

    desk: FaceDesk
    cameras: dict[str, PatientCamera]
    said: "queue.SimpleQueue[Message]"
    lanes: dict[str, LaneDesk]

    def look(self, lane_id: str) -> None:
        self.desk.recognise(self.lanes[lane_id], [id_of(0), id_of(1)], 0.0)

    def ends(self) -> tuple[str, str | None, str]:
        """Wait for the end of a look: at which lane, whom it found, why."""
        while isinstance(message := self.said.get(timeout=PATIENCE_SECONDS), FaceProgress):
            pass
        assert isinstance(message, FaceEnded)
        return message.lane_id, message.result.person_id, message.result.reason.value


@pytest.fixture
def two(faces: Faces) -> Iterator[TwoLanes]:
    faces.keep(2)
    cameras = {IN: PatientCamera(), OUT: PatientCamera()}
    said: queue.SimpleQueue[Message] = queue.SimpleQueue()
    with ExitStack() as stack:
        workers = {lane_id: stack.enter_context(ThreadPoolExecutor(1)) for lane_id in cameras}
        desk = FaceDesk(faces.service, cameras, workers, lambda: 1000.0, said.put, FaceSection(enabled=True))
        yield TwoLanes(desk, cameras, said, {lane_id: LaneDesk(lane_id) for lane_id in cameras})
        for camera in cameras.values():
            camera.may_see.set()


def test_each_lane_looks_through_its_own_camera(two: TwoLanes) -> None:
    two.cameras[IN].show(0)
    two.cameras[OUT].show(1)
    for lane_id, number in ((IN, 0), (OUT, 1)):
        assert two.desk.ready_at(lane_id)
        two.cameras[lane_id].may_see.set()
        two.look(lane_id)
        assert two.ends() == (lane_id, id_of(number), "matched")
    assert not two.desk.ready_at("north-side")


def test_while_one_lane_looks_the_other_does_not_and_its_back_button_ends_nothing(two: TwoLanes) -> None:
    two.cameras[IN].show(0)
    two.look(IN)
    assert two.cameras[IN].opened.wait(PATIENCE_SECONDS)
    assert two.desk.looks_elsewhere(OUT)
    assert not two.desk.looks_elsewhere(IN)
    two.desk.cancel(OUT)
    assert not two.cameras[OUT].opened.is_set()
    two.cameras[IN].may_see.set()
    assert two.ends() == (IN, id_of(0), "matched")
    assert not two.desk.looks_elsewhere(OUT)


def test_tampering_ends_the_look_at_whichever_lane(two: TwoLanes) -> None:
    two.cameras[OUT].show(1)
    two.look(OUT)
    assert two.lanes[OUT].screen.shows is Screen.FACE_LOOKING
    assert two.cameras[OUT].opened.wait(PATIENCE_SECONDS)
    two.desk.cancel_all()
    two.cameras[OUT].may_see.set()
    assert two.ends() == (OUT, None, "cancelled")


def test_an_enrolment_that_never_began_keeps_no_lane_waiting(two: TwoLanes, faces: Faces) -> None:
    faces.service.drop_all_leases()
    known = snapshot(1)
    two.desk.enrol(two.lanes[IN], known.face_roster[id_of(0)], 0.0)
    assert two.ends() == (IN, None, "no_lease")
    assert not two.desk.looks_elsewhere(OUT)


def test_who_is_searched_without_a_number_is_counted_for_each_lane(two: TwoLanes) -> None:
    def only_out(number: int) -> dict[str, object]:
        return {"grants": (Grant(lanes=(OUT,)),)} if number else {"grants": (Grant(lanes=(IN, OUT)),)}

    known = snapshot(2, only_out)
    found = {
        lane_id: two.desk.recognisable_alone(lane_id, known.policy, known.face_roster, NOW)
        for lane_id in (IN, OUT)
    }
    assert found == {IN: (id_of(0),), OUT: (id_of(0), id_of(1))}
