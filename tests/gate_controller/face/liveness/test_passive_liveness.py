"""The two optional networks: where they look, what they may decide, and that they may be absent or wrong."""

import logging
from pathlib import Path

import pytest

from gate_controller.face.engines.errors import BadFaceSetting
from gate_controller.face.engines.model_adding import OPTIONAL_MODELS
from gate_controller.face.engines.model_files import FOLDER_VARIABLE, added_models_folder
from gate_controller.face.liveness.liveness import PASSIVE_FRAMES, LivenessVerdict, PersonCheck
from gate_controller.face.liveness.passive_liveness import PassivePair, added_pair, surroundings
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import Prompt
from hardware.interfaces import Frame
from tests.support.faces.actors import FRAMES_A_SECOND, engine, living


class Judge:
    """Says the same of every frame."""

    min_mean = 0.5

    def __init__(self, live_share: float) -> None:
        self._live_share = live_share
        self.asked = 0
        self.cleared = False

    def live_share(self, _frame: Frame, _face: object) -> float:
        self.asked += 1
        return self._live_share

    def clear(self) -> None:
        self.cleared = True


def look(check: PersonCheck, frames: int) -> PersonCheck:
    """Show a living person who is not asked to turn."""
    actor = living("person_b_1")
    for number in range(frames):
        frame = actor.frame(number / FRAMES_A_SECOND)
        check.offer(frame, engine().find(frame)[0], number / FRAMES_A_SECOND)
    return check


def test_without_the_models_the_turn_of_the_head_cannot_be_left_out() -> None:
    with pytest.raises(BadFaceSetting, match="menjin face models add"):
        PersonCheck(active=False)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("live_share", "verdict", "reason"),
    [(0.51, LivenessVerdict.PASSED, None), (0.49, LivenessVerdict.NOT_LIVE, FaceReason.LOOKS_FLAT)],
)
def test_the_mean_of_a_few_frames_decides_where_the_turn_is_left_out(
    live_share: float, verdict: LivenessVerdict, reason: FaceReason | None
) -> None:
    judge = Judge(live_share)
    check = look(PersonCheck(judge=judge, active=False), PASSIVE_FRAMES - 1)
    assert check.now.verdict is LivenessVerdict.UNSURE
    check = look(PersonCheck(judge=judge, active=False), PASSIVE_FRAMES + 1)
    assert (check.now.verdict, check.now.reason, check.now.prompt) == (verdict, reason, Prompt.LOOK_STRAIGHT)
    assert judge.asked == 2 * PASSIVE_FRAMES - 1
    check.close()
    assert judge.cleared


@pytest.mark.wide
def test_a_picture_that_the_models_know_is_refused_before_it_is_asked_to_turn_back() -> None:
    check = look(PersonCheck(judge=Judge(0.1)), PASSIVE_FRAMES + 1)
    assert (check.now.verdict, check.now.reason) == (LivenessVerdict.NOT_LIVE, FaceReason.LOOKS_FLAT)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((300.0, 200.0, 40.0, 60.0), (240, 110, 400, 350)),
        ((0.0, 0.0, 40.0, 60.0), (0, 0, 160, 240)),
        ((600.0, 420.0, 40.0, 60.0), (479, 239, 639, 479)),
        ((200.0, 100.0, 240.0, 300.0), (128, 0, 511, 479)),
    ],
)
def test_the_widened_box_stays_inside_the_frame(
    box: tuple[float, float, float, float], expected: tuple[int, int, int, int]
) -> None:
    assert surroundings(box, 640, 480, 4.0) == pytest.approx(expected, abs=1)


def test_no_models_are_no_fault_and_wrong_ones_are_reported_and_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert added_pair() is None
    assert caplog.text == ""
    (tmp_path / OPTIONAL_MODELS[0].name).write_bytes(b"not the model that was measured")
    with caplog.at_level(logging.WARNING):
        assert added_pair() is None
    assert "not the file that was measured" in caplog.text


@pytest.fixture
def pair() -> PassivePair:
    """The real models, where an operator added them."""
    found = added_pair()
    if found is None:
        pytest.skip(f"no MiniFASNet pair in {added_models_folder()}; set {FOLDER_VARIABLE} to try it")
    return found


def test_the_real_pair_takes_most_portraits_for_living_people(pair: PassivePair) -> None:
    shares = []
    for name in ("person_a_1", "person_a_2", "person_b_1", "person_b_2", "impostor_2"):
        frame = living(name).frame(0.0)
        shares.append(pair.live_share(frame, engine().find(frame)[0]))
    pair.clear()
    assert min(shares) > pair.min_mean
