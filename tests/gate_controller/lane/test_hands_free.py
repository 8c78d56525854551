"""A camera that stays open reads codes and nothing else; a face is looked at only after a press."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.engines.engine import CosineEngine, Embedding, EngineCard, FaceEngine, FoundFace
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from gate_controller.face.liveness.liveness import PersonCheck
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs, open_face_file
from gate_controller.face_control.kept_faces import Lease
from gate_controller.face_control.reasons import FaceReason
from gate_controller.lane.camera_watch import CameraSight, WatchedCamera
from gate_controller.lane.hands_free import LOOKS_A_SECOND, CodesInView, HandsFree, HandsFreeCodes
from hardware.cameras.camera import GrabbingCamera
from hardware.errors import DeviceUnavailable
from hardware.interfaces import CodeRead, Frame
from hardware.simulated.camera_scene import CameraScene
from tests.flows.code_pictures import code_picture
from tests.gate_controller.lane.scene_source import SceneSource
from tests.support.faces.actors import living
from tests.support.faces.fixtures import require_portraits

PATIENCE_SECONDS = 60.0
FRAMES_A_SECOND = 12.0
"""How many frames the detector looks at in a second of the person's time, on a machine of any pace."""


class CountingEngine(CosineEngine):
    """The real engine, and how often it was asked to look."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self.looks = 0

    @property
    def card(self) -> EngineCard:
        return self._engine.card

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        self.looks += 1
        return self._engine.find(frame)

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        return self._engine.embed(frame, face)

    def clear(self) -> None:
        self._engine.clear()


@dataclass
class Bench:
    source: SceneSource
    codes: HandsFreeCodes
    camera: GrabbingCamera
    said: list[CodeRead | HandsFree | CameraSight]


@pytest.fixture
def bench() -> Iterator[Bench]:
    said: list[CodeRead | HandsFree | CameraSight] = []
    source = SceneSource(CameraScene())
    camera = GrabbingCamera(source.opened, name="eye")
    watched = WatchedCamera(camera, "north-in", said.append, time.monotonic)
    codes = HandsFreeCodes(watched, "north-in", said.append, time.monotonic)
    codes.start()
    yield Bench(source, codes, camera, said)
    codes.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def wait_for_looks(bench: Bench, count: int) -> None:
    enough = len(bench.source.given) + count
    wait_until(lambda: len(bench.source.given) >= enough)


@pytest.mark.wide
def test_no_frame_of_the_look_for_codes_reaches_the_face_detector(bench: Bench, tmp_path) -> None:
    require_portraits()
    engine = CountingEngine(load_engine(DEFAULT_ENGINE))

    def seconds() -> float:
        return engine.looks / FRAMES_A_SECOND

    bench.source.scene = CameraScene(seconds=seconds)
    check = PersonCheck()
    connection = open_face_file(tmp_path / "faces.sqlite3", datetime.now(UTC))
    service = FaceService(
        engine_loader=lambda: engine,
        blobs=SqliteFaceBlobs(connection),
        gate_secret=bytes(32),
        site_id="site-1",
        gate_id="north",
        camera=bench.codes.asked,
        boot_seconds=seconds,
        make_liveness=lambda: check,
    )
    service.start_loading()
    assert service.wait_until_ready(PATIENCE_SECONDS)
    service.set_leases({"person-1": Lease("consent-1", bytearray(32), 600)})
    bench.source.scene.act(living("person_a_1"), lambda: check.now.prompt.value)
    wait_for_looks(bench, 8)
    assert engine.looks == 0

    capability = CameraCapability(lifetime_seconds=30, boot_seconds=seconds)
    assert service.enrol("person-1", "consent-1", capability).reason is FaceReason.ENROLLED
    looks = engine.looks
    assert looks >= 5
    assert bench.camera.is_open
    wait_for_looks(bench, 8)
    assert engine.looks == looks
    assert service.recognise(["person-1"], capability).reason is FaceReason.CAPABILITY_ENDED
    assert engine.looks == looks
    connection.close()


def test_every_frame_is_overwritten_after_its_codes_were_read(bench: Bench) -> None:
    bench.source.scene.show(code_picture("HELLO"))
    wait_until(lambda: any(isinstance(word, CodeRead) for word in bench.said))
    wait_for_looks(bench, 3)
    bench.codes.stop()
    assert len(bench.source.given) >= 4
    assert not any(frame.any() for frame in bench.source.given)
    assert not bench.camera.is_open


def test_few_frames_are_decoded_without_a_request_and_all_during_one(bench: Bench) -> None:
    wait_for_looks(bench, 2)
    before, began = len(bench.source.given), time.monotonic()
    wait_for_looks(bench, 5)
    assert len(bench.source.given) - before <= (time.monotonic() - began) * LOOKS_A_SECOND + 2
    bench.codes.asked.open()
    wait_for_looks(bench, 25)
    bench.codes.asked.close()


def test_a_look_gets_no_frame_from_before_the_press_and_no_code_is_looked_for_meanwhile(
    bench: Bench,
) -> None:
    wait_for_looks(bench, 3)
    pressed_ns = time.monotonic_ns()
    bench.codes.asked.open()
    bench.source.scene.show(code_picture("MEANWHILE"))
    for _ in range(10):
        frame = bench.codes.asked.newest_frame(2)
        assert frame is not None
        assert bench.codes.asked.newest_captured_at_ns > pressed_ns
    assert not any(isinstance(word, CodeRead) for word in bench.said)
    bench.codes.asked.close()
    assert bench.codes.asked.newest_frame(0.1) is None
    wait_until(lambda: any(isinstance(word, CodeRead) and word.text == "MEANWHILE" for word in bench.said))
    assert bench.source.times_opened == 1


def test_the_screen_is_notified_before_the_first_frame_is_read_and_after_the_camera_is_closed(
    bench: Bench,
) -> None:
    bench.source.scene.show(code_picture("HELLO"))
    wait_until(lambda: any(isinstance(word, CodeRead) for word in bench.said))
    assert bench.said[0] == HandsFree("north-in", True)
    bench.codes.stop()
    assert bench.said[-1] == HandsFree("north-in", False)


def test_a_camera_that_goes_away_is_shown_closed_and_a_session_says_it_is_not_there(bench: Bench) -> None:
    wait_for_looks(bench, 1)
    bench.source.is_away = True
    wait_until(lambda: bench.said[-1] == HandsFree("north-in", False))
    with pytest.raises(DeviceUnavailable, match="away"):
        bench.codes.asked.open()
    bench.codes.asked.close()
    bench.source.is_away = False
    bench.codes.asked.open()
    assert bench.codes.asked.newest_frame(2) is not None
    bench.codes.asked.close()
    wait_until(lambda: bench.said[-1] == HandsFree("north-in", True))


def test_a_session_closed_twice_or_never_opened_gives_the_camera_back_once(bench: Bench) -> None:
    bench.codes.asked.close()
    bench.codes.asked.open()
    bench.codes.asked.open()
    bench.codes.asked.close()
    bench.codes.asked.close()
    wait_for_looks(bench, 2)


SIXTEENTHS = st.integers(1, 128).map(lambda sixteenths: sixteenths / 16)
"""Of a second: their sums are exact, so that 3 s are 3 s at whatever time they begin."""


@given(st.lists(st.tuples(SIXTEENTHS, st.lists(st.sampled_from("abcdefghijkl"))), max_size=40))
def test_a_code_is_answered_when_it_comes_into_view_and_not_while_it_stays(looks) -> None:
    view, at = CodesInView(), 0.0
    last_seen: dict[str, float] = {}
    for seconds, texts in looks:
        at += seconds
        shown = tuple(dict.fromkeys(texts))
        fresh = view.new_among(shown, at)
        assert set(fresh) <= set(shown)
        assert all(at - last_seen.get(text, -100.0) >= 3 for text in fresh)
        assert all(text in last_seen and at - last_seen[text] < 3 for text in set(shown[:8]) - set(fresh))
        last_seen.update(dict.fromkeys(shown[:8], at))


def test_a_frame_of_any_size_goes_through_the_loop() -> None:
    sizes = iter([(1, 1), (3000, 4000), (7, 2000)])
    frames: list[Frame] = []

    class OddSource(SceneSource):
        def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
            time.sleep(0.02)
            size = None if skip else next(sizes, None)
            frames.extend([] if size is None else [np.full((*size, 3), 9, np.uint8)])
            return None if size is None else (frames[-1], 1)

    said: list[object] = []
    camera = GrabbingCamera(OddSource(CameraScene()).opened, name="eye")
    watched = WatchedCamera(camera, "a", said.append, time.monotonic)
    codes = HandsFreeCodes(watched, "a", said.append, time.monotonic)
    codes.start()
    wait_until(lambda: len(frames) == 3 and not any(frame.any() for frame in frames))
    assert camera.is_open
    codes.stop()
    assert said == [HandsFree("a", True), HandsFree("a", False)]
