"""`menjin face evaluate --attacks`: pictures, frames and videos by kind, hostile files among them."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_laboratory import cli
from face_laboratory.attack_items import MAX_ITEM_SECONDS, Item, frames_of, list_items
from face_laboratory.attack_trials import AttackTrials
from gate_controller.face.engines.errors import UnusablePicture
from tests.support.faces.actors import picture_and_points
from tests.support.faces.fixtures import portrait_path

FRAMES = 12


def video(path: Path, *, name: str = "person_b_1") -> Path:
    """Write a short AVI in which a still portrait is moved."""
    picture, _points = picture_and_points(name)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    for number in range(FRAMES):
        writer.write(np.roll(picture, number, axis=1))
    writer.release()
    return path


@pytest.fixture
def attacks(tmp_path: Path) -> Path:
    """Three kinds of attack with one item each, and what does not belong there."""
    folder = tmp_path / "attacks"
    for species in ("print", "screen", "frames"):
        (folder / species).mkdir(parents=True)
    (folder / "print" / "anna.jpg").write_bytes(portrait_path("person_a_2").read_bytes())
    video(folder / "screen" / "moved.avi")
    (folder / "frames" / "clip").mkdir()
    for number in range(3):
        picture = np.roll(picture_and_points("person_a_2")[0], number, axis=0)
        cv2.imwrite(str(folder / "frames" / "clip" / f"{number:03d}.png"), picture)
    (folder / "print" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    (folder / "screen" / "playlist.mp4").write_text("#EXTM3U\nhttp://127.0.0.1:9/secret\n")
    (folder / "screen" / "empty").mkdir()
    (folder / "screen" / ".hidden").write_text("passed over")
    (folder / "notes.txt").write_text("passed over")
    return folder


@pytest.mark.wide
def test_devices_and_pipes_among_the_pictures_are_named_and_passed_over(
    attacks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (attacks / "print" / "endless.jpg").symlink_to("/dev/zero")
    os.mkfifo(attacks / "print" / "silent.jpg")
    assert cli.run(["evaluate", "--attacks", str(attacks), "--json"]) == 0
    said = capsys.readouterr()
    assert "endless.jpg is no regular file" in said.out + said.err
    assert "silent.jpg is no regular file" in said.out + said.err


@pytest.mark.wide
def test_each_kind_is_tried_and_what_cannot_be_read_is_named(
    attacks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["evaluate", "--attacks", str(attacks), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {species: (one["n"], one["accepted"]) for species, one in answer["attacks"].items()} == {
        "print": (1, 0),
        "screen": (1, 0),
        "frames": (1, 0),
    }
    assert answer["attacks"]["print"]["ci"] == [0.0, pytest.approx(0.7935, abs=1e-3)]
    assert answer["unreadable"] == 3
    unreadable = " ".join(answer["unreadable_pictures"])
    assert all(name in unreadable for name in ("torn.jpg", "playlist.mp4", "empty"))


def test_the_worst_kind_comes_first() -> None:
    trials = AttackTrials({"print": 1, "mask": 9, "bent": 0}, {"print": 10, "mask": 10, "bent": 10})
    assert list(trials.shares()) == ["mask", "print", "bent"]


@pytest.mark.wide
def test_a_clip_that_ends_begins_again_and_never_shows_the_same_pixels_twice(tmp_path: Path) -> None:
    shown = list(frames_of(Item("screen", video(tmp_path / "moved.avi"))))
    assert shown[-1][1] <= MAX_ITEM_SECONDS
    assert shown[-1][1] > MAX_ITEM_SECONDS - 0.2
    assert len({frame.tobytes() for frame, _ in shown}) == len(shown)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnusablePicture, match="holds no attacks"):
        list_items(tmp_path)
    assert cli.run(["evaluate", "--attacks", str(tmp_path / "none")]) == 2
    assert cli.run(["evaluate"]) == 2
    assert "Nothing to measure" in capsys.readouterr().err
