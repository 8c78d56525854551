"""The gate looks at the face of a person who asked, for seconds, and at no other."""

import logging
import secrets
import threading
from pathlib import Path

import numpy as np
import pytest

from gate_controller.face.engines.capability import CameraCapability, GatedEngine
from gate_controller.face.engines.errors import BadFaceSetting, NoCapability
from gate_controller.face.engines.yunet_sface import YunetSfaceEngine
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs
from gate_controller.face_control.kept_faces import Lease
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceStep, Prompt
from hardware.simulated.face_clips import MovedPicture
from hardware.simulated.pictures import live_like_frames
from tests.gate_controller.face.conftest import BootClock
from tests.gate_controller.face.matching.conftest import CONSENT, Gate
from tests.support.faces.actors import picture_and_points
from tests.support.faces.fixtures import portraits


@pytest.mark.wide
def test_a_person_enrols_and_is_recognised_later(annas_gate: Gate) -> None:
    steps: list[FaceStep] = []
    result = annas_gate.service.recognise(["anna"], annas_gate.request(), steps.append)
    assert (result.ok, result.person_id, result.reason) == (True, "anna", FaceReason.MATCHED)
    assert len(steps) == result.frames
    asked = [step.prompt for step in steps]
    assert asked[0] is Prompt.LOOK_STRAIGHT
    assert Prompt.STRAIGHT_AGAIN in asked
    assert len({Prompt.TURN_LEFT, Prompt.TURN_RIGHT} & set(asked)) == 1


@pytest.mark.wide
def test_a_picture_of_the_enrolled_person_opens_nothing(annas_gate: Gate) -> None:
    annas_gate.camera.show(annas_gate.looks_at(MovedPicture(*picture_and_points("person_a_2"), seed=1)))
    result = annas_gate.service.recognise(["anna"], annas_gate.request())
    assert (result.ok, result.person_id, result.reason) == (False, None, FaceReason.TURN_MORE)


@pytest.mark.wide
def test_a_picture_of_a_person_enrols_no_face(gate: Gate) -> None:
    gate.lend("anna")
    gate.camera.show(gate.looks_at(MovedPicture(*picture_and_points("person_a_2"), seed=1)))
    assert gate.service.enrol("anna", CONSENT, gate.request()).reason is FaceReason.TURN_MORE
    assert not gate.service.has_face("anna")


@pytest.mark.wide
def test_a_stranger_is_refused_and_every_frame_of_them_is_overwritten(annas_gate: Gate) -> None:
    annas_gate.show("impostor_1")
    result = annas_gate.service.recognise(["anna"], annas_gate.request())
    assert (result.ok, result.person_id, result.reason) == (False, None, FaceReason.NOT_RECOGNISED)
    assert len(annas_gate.camera.handed_out) > 5
    assert not any(frame.any() for frame in annas_gate.camera.handed_out)


@pytest.mark.wide
def test_only_the_home_that_was_given_is_searched(annas_gate: Gate) -> None:
    annas_gate.lend("anna", "bo")
    annas_gate.enrol("bo", "person_b_1")
    annas_gate.show("person_a_2")
    assert annas_gate.reason("bo") is FaceReason.NOT_RECOGNISED


@pytest.mark.wide
def test_the_camera_is_open_during_a_session_only(annas_gate: Gate) -> None:
    opened_before = annas_gate.camera.times_opened
    assert not annas_gate.camera.is_open
    annas_gate.reason("anna")
    assert annas_gate.camera.times_opened == opened_before + 1
    assert not annas_gate.camera.is_open


@pytest.mark.wide
def test_the_camera_is_shut_when_the_screen_fails_in_the_middle(annas_gate: Gate) -> None:
    def broken_screen(_step: FaceStep) -> None:
        raise RuntimeError("the screen went away")

    with pytest.raises(RuntimeError, match="screen"):
        annas_gate.service.recognise(["anna"], annas_gate.request(), broken_screen)
    assert not annas_gate.camera.is_open
    assert annas_gate.reason("anna") is FaceReason.MATCHED


@pytest.mark.wide
def test_a_request_is_good_for_one_session(annas_gate: Gate) -> None:
    request = annas_gate.request()
    annas_gate.service.recognise(["anna"], request)
    looks, opened = annas_gate.engine.looks, annas_gate.camera.times_opened
    assert annas_gate.service.recognise(["anna"], request).reason is FaceReason.CAPABILITY_ENDED
    assert (annas_gate.engine.looks, annas_gate.camera.times_opened) == (looks, opened)


@pytest.mark.wide
def test_an_expired_request_reaches_neither_camera_nor_detector(annas_gate: Gate) -> None:
    request = annas_gate.request(seconds=5)
    annas_gate.clock.seconds += 5
    looks, opened = annas_gate.engine.looks, annas_gate.camera.times_opened
    assert annas_gate.service.recognise(["anna"], request).reason is FaceReason.CAPABILITY_ENDED
    assert (annas_gate.engine.looks, annas_gate.camera.times_opened) == (looks, opened)


def test_the_detector_refuses_a_frame_without_a_live_request(gate: Gate) -> None:
    request = gate.request()
    gated = GatedEngine(gate.engine, request)
    frame = np.zeros((480, 640, 3), dtype=np.uint8)
    with pytest.raises(NoCapability, match="not begun"):
        gated.find(frame)
    request.begin()
    assert gated.find(frame) == ()
    request.end()
    with pytest.raises(NoCapability):
        gated.find(frame)
    assert gate.engine.looks == 1


def test_cancelling_ends_the_session_before_the_next_frame(annas_gate: Gate) -> None:
    request, looks = annas_gate.request(), annas_gate.engine.looks
    result = annas_gate.service.recognise(["anna"], request, lambda _step: request.cancel())
    assert (result.reason, annas_gate.engine.looks) == (FaceReason.CANCELLED, looks + 1)


def test_a_request_that_ends_while_a_frame_is_on_its_way_discards_it(annas_gate: Gate) -> None:
    request, looks = annas_gate.request(), annas_gate.engine.looks
    annas_gate.camera.before_frame = lambda _number: request.cancel()
    assert annas_gate.service.recognise(["anna"], request).reason is FaceReason.CANCELLED
    assert annas_gate.engine.looks == looks
    assert not annas_gate.camera.handed_out[-1].any()


@pytest.mark.parametrize("seconds", [0, -1, 61, float("nan"), float("inf")])
def test_a_request_lives_for_at_most_a_minute(clock: BootClock, seconds: float) -> None:
    with pytest.raises(BadFaceSetting, match="at most 60"):
        CameraCapability(lifetime_seconds=seconds, boot_seconds=clock)


def test_a_person_who_cannot_be_recognised_does_not_open_the_camera(gate: Gate) -> None:
    gate.lend("anna")
    assert gate.reason("anna") is FaceReason.NO_TEMPLATE
    assert (gate.camera.times_opened, gate.engine.looks) == (0, 0)


def test_without_a_lease_no_face_is_enrolled_and_the_camera_stays_shut(gate: Gate) -> None:
    assert gate.service.enrol("anna", CONSENT, gate.request()).reason is FaceReason.NO_LEASE
    gate.lend("anna", consent_id="an older consent")
    assert gate.service.enrol("anna", CONSENT, gate.request()).reason is FaceReason.NO_LEASE
    assert gate.camera.times_opened == 0


@pytest.mark.wide
def test_after_the_lease_ran_out_the_face_opens_nothing(annas_gate: Gate) -> None:
    annas_gate.clock.seconds += 3600
    assert annas_gate.reason("anna") is FaceReason.NO_TEMPLATE
    annas_gate.lend("anna")
    assert annas_gate.reason("anna") is FaceReason.MATCHED


def test_a_template_made_without_the_mirror_image_is_not_compared_and_is_asked_for_again(
    annas_gate: Gate,
) -> None:
    with annas_gate.connection as connection:
        (kind,) = connection.execute("SELECT engine FROM face_look").fetchone()
        assert kind.startswith("yunet-sface-int8bq-2:")
        connection.execute("UPDATE face_look SET engine = ?", (kind.replace("bq-2:", "bq-1:"),))
    assert not annas_gate.service.can_recognise("anna"), "so the gate offers to take the face again"
    assert annas_gate.service.has_face("anna"), "and it is forgotten and receipted like any other"
    opened = annas_gate.camera.times_opened
    assert annas_gate.reason("anna") is FaceReason.NO_TEMPLATE
    assert annas_gate.camera.times_opened == opened


@pytest.mark.wide
def test_after_a_restart_the_face_waits_for_its_lease(annas_gate: Gate) -> None:
    annas_gate.service = annas_gate.started_service()
    assert annas_gate.service.has_face("anna")
    assert not annas_gate.service.can_recognise("anna")
    assert annas_gate.reason("anna") is FaceReason.NO_TEMPLATE
    annas_gate.lend("anna")
    assert annas_gate.reason("anna") is FaceReason.MATCHED


def test_a_wrong_share_opens_nothing_and_is_reported_by_id(
    annas_gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    annas_gate.shares["anna"] = secrets.token_bytes(32)
    annas_gate.lend("anna")
    with caplog.at_level(logging.WARNING):
        assert annas_gate.reason("anna") is FaceReason.NO_TEMPLATE
    assert "person anna stays shut" in caplog.text


def test_a_dropped_or_replaced_share_is_overwritten(gate: Gate) -> None:
    first, second = (Lease(CONSENT, bytearray(b"x" * 32), 9999.0) for _ in range(2))
    gate.service.set_leases({"anna": first})
    gate.service.set_leases({"anna": second})
    assert first.share == bytes(32)
    assert second.share == b"x" * 32
    gate.service.drop_lease("anna")
    assert second.share == bytes(32)


def test_a_share_of_the_wrong_size_changes_nothing(annas_gate: Gate) -> None:
    with pytest.raises(BadFaceSetting, match="not 32 bytes but 5"):
        annas_gate.service.set_leases({"anna": Lease(CONSENT, bytearray(b"short"), 9999.0)})
    assert annas_gate.service.can_recognise("anna")


def test_a_lease_does_not_show_its_share() -> None:
    assert "xx" not in repr(Lease(CONSENT, bytearray(b"x" * 32), 9999.0))


def test_a_forgotten_person_is_gone_from_memory_and_disk(annas_gate: Gate, tmp_path: Path) -> None:
    (blob,) = SqliteFaceBlobs(annas_gate.connection).of_person("anna")
    assert annas_gate.service.forget("anna")
    assert not annas_gate.service.has_face("anna")
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert blob.ciphertext[:16] not in on_disk
    annas_gate.lend("anna")
    assert annas_gate.reason("anna") is FaceReason.NO_TEMPLATE
    assert not annas_gate.service.forget("anna")


@pytest.mark.wide
def test_withdrawing_while_standing_before_the_camera_wins(annas_gate: Gate) -> None:
    result = annas_gate.service.recognise(
        ["anna"], annas_gate.request(), lambda _step: annas_gate.service.drop_lease("anna")
    )
    assert (result.ok, result.reason) == (False, FaceReason.NO_LEASE)


@pytest.mark.wide
def test_withdrawing_during_enrolment_leaves_no_template(gate: Gate) -> None:
    gate.lend("anna")
    gate.show("person_a_1")
    result = gate.service.enrol(
        "anna", CONSENT, gate.request(), lambda _step: gate.service.drop_lease("anna")
    )
    assert (result.ok, result.reason, gate.service.has_face("anna")) == (False, FaceReason.NO_LEASE, False)


@pytest.mark.wide
def test_frames_of_two_people_leave_no_template(gate: Gate) -> None:
    gate.lend("anna")
    pictures = portraits()
    gate.camera.show(
        [*live_like_frames(pictures["person_a_1"], 3), *live_like_frames(pictures["person_b_1"], 3)]
    )
    assert gate.service.enrol("anna", CONSENT, gate.request()).reason is FaceReason.INCONSISTENT
    assert not gate.service.has_face("anna")


def test_a_missing_camera_and_a_camera_that_gives_nothing_are_reported(annas_gate: Gate) -> None:
    annas_gate.camera.show([])
    assert annas_gate.reason("anna") is FaceReason.CAMERA_LOST
    annas_gate.camera.unplugged = True
    assert annas_gate.reason("anna") is FaceReason.CAMERA_LOST


def test_a_search_ends_at_its_deadline_with_the_last_hint(annas_gate: Gate) -> None:
    annas_gate.camera.show(np.full((480, 640, 3), 96, dtype=np.uint8) for _ in range(100))

    def a_second_passes(_step: FaceStep) -> None:
        annas_gate.clock.seconds += 1

    result = annas_gate.service.recognise(["anna"], annas_gate.request(), a_second_passes, deadline_seconds=8)
    assert (result.reason, result.hint, result.frames) == (FaceReason.TIME_IS_UP, FaceReason.NO_FACE, 8)


@pytest.mark.wide
def test_a_second_session_at_the_same_time_is_refused_as_busy(annas_gate: Gate) -> None:
    seen: list[FaceReason] = []

    def press_again(step: FaceStep) -> None:
        # Each waits its second for the clean-up of a session: two are enough.
        other = threading.Thread(target=lambda: seen.append(annas_gate.reason("anna")))
        busy = step.frames_taken <= 2
        for _ in range(busy):
            other.start()
            other.join()

    assert annas_gate.service.recognise(["anna"], annas_gate.request(), press_again).ok
    assert set(seen) == {FaceReason.BUSY}


def test_an_engine_that_does_not_load_leaves_the_reason_and_no_camera(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    def broken_loader() -> YunetSfaceEngine:
        raise OSError("the weights are gone; install them again")

    service = FaceService(
        engine_loader=broken_loader,
        blobs=SqliteFaceBlobs(gate.connection),
        gate_secret=gate.gate_secret,
        site_id="site-1",
        gate_id="gate-1",
        camera=gate.camera,
        boot_seconds=gate.clock,
    )
    assert service.recognise(["anna"], gate.request()).reason is FaceReason.ENGINE_NOT_READY
    service.start_loading()
    assert not service.wait_until_ready(10)
    assert service.load_error == "the weights are gone; install them again"
    assert service.recognise(["anna"], gate.request()).reason is FaceReason.ENGINE_NOT_READY
    assert gate.camera.times_opened == 0
