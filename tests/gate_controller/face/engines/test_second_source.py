"""The default engine's weights come from its package, or from wherever the operator has the two files."""

from pathlib import Path

import pytest

from face_laboratory.cli import run
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.yunet_sface import DETECTOR_FILE, EMBEDDER_FILE, installed_models_folder

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
