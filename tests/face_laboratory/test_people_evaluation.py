"""`menjin face evaluate PEOPLE.csv --looks K`: real portraits, and lists that cannot be right."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_laboratory.cli import run
from face_laboratory.pair_list import people_behind, read_pairs
from face_laboratory.people_list import read_people
from tests.face_laboratory.people_files import people_file


@pytest.mark.wide
def test_the_portraits_are_enrolled_probed_counted_by_person_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((300, 300, 3), 90, dtype=np.uint8))
    listed = people_file(tmp_path, ("person_a", "grey.png", "first"), ("person_b", "gone.jpg", "first"))
    drawn = tmp_path / "curve.svg"
    arguments = ["evaluate", str(listed), "--looks", "1", "--json", "--roc", str(drawn)]
    assert run(arguments) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["engine"], out["looks"], out["people"]) == ("yunet-sface-int8bq-2", 1, 4)
    assert (out["strangers_only"], out["unreadable"]) == (2, 1)
    assert (out["failure_to_enrol"]["count"], out["failure_to_enrol"]["n"]) == (0, 2)
    assert out["failure_to_enrol"]["reasons"] == {"no_face": 1}
    assert out["failure_to_acquire"] == pytest.approx((1 / 2 + 1 / 2 + 0 + 0) / 4)
    assert (out["fmr"]["rate"], out["fnmr"]["rate"], out["fnmr"]["people"]) == (0.0, 0.0, 2)
    assert out["fnmr"]["ci"][1] > 0.6, "two people tell next to nothing"
    assert {point["threshold"] for point in out["at"]} == {None}
    budgets = [(one["searched"], one["fmr"], one["threshold"]) for one in out["within_budget"]]
    assert budgets == [(1, pytest.approx(1e-3 / 5.7), None), (10, pytest.approx(1e-4 / 5.7), None)]
    assert list(out["groups"]) == ["first"]
    assert (out["threshold"], out["threshold_is_of_these_looks"]) == (0.506, True)
    assert drawn.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.wide
def test_both_engines_are_measured_on_the_portraits_as_the_docs_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(people_file(tmp_path)), "--looks", "1", "--engine", "both", "--json"]
    assert run([*arguments, "--roc", str(tmp_path / "curve.png")]) == 0
    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    figures = [(one["engine"], one["threshold"], one["fmr"]["rate"], one["fnmr"]["rate"]) for one in measured]
    assert figures == [("yunet-sface-int8bq-2", 0.506, 0.0, 0.0), ("face-recognition-1", 0.6, 0.0, 0.5)]
    assert [one["failure_to_enrol"]["count"] for one in measured] == [0, 0]


@pytest.mark.wide
def test_who_cannot_be_enrolled_on_so_many_looks_has_failed_and_is_named_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((300, 300, 3), 90, dtype=np.uint8))
    listed = people_file(tmp_path, ("impostor_1", "grey.png", ""))
    assert run(["evaluate", str(listed), "--looks", "1", "--roc", str(tmp_path / "c.png")]) == 0
    said = capsys.readouterr().out
    assert "4 people, templates of 1 look; every person weighs the same" in said
    assert "failure to enrol: 0 of 3 people" in said
    assert run(["evaluate", str(listed), "--looks", "2", "--roc", str(tmp_path / "c.png")]) == 0
    said = capsys.readouterr().out
    assert "strangers only: 4 people" in said
    assert "at the engine's own 0.4813: FMR no people to tell" in said
    assert "at FMR 0.000175 (the budget beside a card): too few people to tell" in said
    assert "at FMR 1.75e-05 (the budget in a home of 10): too few people to tell" in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,path\na,1.jpg\n", "row 1: no column 'person'"),
        ("person,path\na,1.jpg\nb,\n", "row 3, column path: nothing is named"),
        ("person,path\na,1.jpg\nb,1.jpg\n", "row 3, column path: '1.jpg' is listed twice"),
        ("person,path,group\na,1.jpg,x\na,2.jpg,y\n", "row 3, column group: 'a' is in 'x' above"),
        ("person,path\na,1.jpg\n", "fewer than two people"),
    ],
)
def test_a_wrong_list_of_people_is_refused_before_any_picture_is_read(
    tmp_path: Path, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(content, encoding="utf-8")
    assert run(["evaluate", str(path), "--looks", "1"]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_people_and_pictures_keep_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("person,path,group\nb,1.jpg,x\na,2.jpg,\nb,3.jpg,x\n", encoding="utf-8")
    listed = read_people(path)
    assert (listed.person_of, listed.groups) == ((0, 1, 0), ("x", None))
    assert listed.pictures[2] == tmp_path / "3.jpg"


def test_a_list_of_pairs_says_how_many_people_it_rests_on(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("a,b,same\n1,2,1\n2,3,1\n4,5,1\n1,4,0\n5,6,0\n1,3,1\n", encoding="utf-8")
    behind = people_behind(read_pairs(path))
    assert (behind.at_most, behind.largest_share) == (3, pytest.approx(3 / 4))


def test_looks_without_a_list_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "--looks", "2"]) == 2
    assert "Nothing to measure" in capsys.readouterr().err
