"""Face engines: the second one, and models of another source."""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFile

from face_laboratory.cli import run
from gate_controller.face.engines.engine import FaceEngine, similarity
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.face_recognition_engine import FACE_RECOGNITION
from gate_controller.face.engines.yunet_sface import DETECTOR_FILE, EMBEDDER_FILE, installed_models_folder
from hardware.simulated.pictures import camera_frame, live_like_frames
from tests.support.faces.fixtures import SAME_PERSON_PAIRS, portraits

BOTH = (DETECTOR_FILE, EMBEDDER_FILE)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two files in a folder of the operator's, on a machine on which no package has them."""
    at_hand = installed_models_folder()
    monkeypatch.setenv("MENJIN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setattr("gate_controller.face.engines.yunet_sface.WEIGHTS_PACKAGE", "menjin-no-such-weights")
    return at_hand


def add(path: Path) -> None:
    assert run(["models", "add", str(path)]) == 0


@pytest.mark.wide
def test_both_files_added_by_digest_are_the_engine(tmp_path: Path, files: Path) -> None:
    for number, model in enumerate(BOTH):
        # What they are called where the operator has them does not matter.
        (tmp_path / f"download-{number}").write_bytes((files / model.name).read_bytes())
        add(tmp_path / f"download-{number}")
    assert load_engine(DEFAULT_ENGINE).card.embedding_size == 128
    assert run(["models", "verify"]) == 0


def test_what_is_missing_is_named_with_its_digest_and_both_remedies(files: Path) -> None:
    with pytest.raises(ModelFileError) as raised:
        load_engine(DEFAULT_ENGINE)
    said = str(raised.value)
    assert all(model.name in said and model.sha256 in said for model in BOTH)
    assert "menjin face models add FILE|URL" in said[:200], "an entry of the journal holds 200 characters"
    add(files / DETECTOR_FILE.name)
    with pytest.raises(ModelFileError, match=f"Face models missing: {EMBEDDER_FILE.name}\\.") as raised:
        load_engine(DEFAULT_ENGINE)
    assert DETECTOR_FILE.name not in str(raised.value)


def test_an_added_file_that_was_changed_afterwards_is_refused(files: Path, tmp_path: Path) -> None:
    for model in BOTH:
        add(files / model.name)
    added = tmp_path / "models" / EMBEDDER_FILE.name
    added.write_bytes(added.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelFileError, match=r"not the file that was measured.*menjin face models add"):
        load_engine(DEFAULT_ENGINE)


@pytest.fixture(scope="module")
def second_engine() -> FaceEngine:
    return load_engine("face_recognition")


def test_its_card_says_what_the_licence_of_its_weights_leaves_open() -> None:
    assert "300-W" in FACE_RECOGNITION.card.licence
    assert "commercial" in FACE_RECOGNITION.card.licence


@pytest.fixture(scope="module")
def embedded(second_engine: FaceEngine) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    return {
        name: second_engine.embed(picture, second_engine.find(picture)[0])
        for name, picture in portraits().items()
    }


def test_it_tells_the_portraits_apart_by_the_packages_own_distance(
    second_engine: FaceEngine, embedded: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]
) -> None:
    """By `face_recognition`: 0.34 and 0.52 for one person, at least 0.67 for two."""
    package = sys.modules["face_recognition"]
    for one, other in combinations(embedded, 2):
        distance = float(package.face_distance(embedded[one][np.newaxis], embedded[other])[0])
        alike = similarity(second_engine, embedded[one], embedded[other])
        assert alike == pytest.approx(1 - distance, abs=1e-6)
        assert (alike > 0.44) == ((one, other) in SAME_PERSON_PAIRS)


def test_faces_and_numbers_are_those_of_the_packages_functions(second_engine: FaceEngine) -> None:
    frame = camera_frame(portraits()["person_b_1"])
    package, rgb = sys.modules["face_recognition"], np.ascontiguousarray(frame[:, :, ::-1])
    (face,) = second_engine.find(frame)
    (top, right, bottom, left) = package.face_locations(rgb)[0]
    assert face.box == (left, top, right - left, bottom - top)
    own = package.face_encodings(rgb)[0]
    assert second_engine.embed(frame, face) == pytest.approx(own, abs=1e-6)
    right_eye, left_eye, nose, *mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < min(corner[1] for corner in mouth)


def test_a_template_is_the_mean_and_is_alike_to_what_it_was_made_of(second_engine: FaceEngine) -> None:
    frames = live_like_frames(portraits()["person_b_1"], 3, seed=2)
    faces = [second_engine.embed(frame, second_engine.find(frame)[0]) for frame in frames]
    template = second_engine.template(faces)
    assert template == pytest.approx(np.mean(faces, axis=0), abs=1e-6)
    lowest = second_engine.card.min_same_session_similarity
    assert all(similarity(second_engine, template, face) > lowest for face in faces)


def test_nothing_is_found_in_a_black_frame_and_clearing_needs_no_face(second_engine: FaceEngine) -> None:
    assert second_engine.find(np.zeros((480, 640, 3), dtype=np.uint8)) == ()
    second_engine.clear()


def test_weights_from_elsewhere_are_refused_and_torn_pictures_stay_unreadable(
    tmp_path: Path, second_engine: FaceEngine
) -> None:
    assert second_engine.card.name == "face-recognition-1"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    copied = tmp_path / "copied"
    copied.mkdir()
    for model in FACE_RECOGNITION.card.model_files:
        (copied / model.name).symlink_to(FACE_RECOGNITION.folder() / model.name)
    with pytest.raises(ModelFileError, match="Leave models_dir out"):
        load_engine("face_recognition", copied)
