"""`menjin face evaluate --liveness`: each species has its own curve and limits, on an operator's set."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_laboratory import liveness_trials
from face_laboratory.cli import run
from face_laboratory.liveness_rates import Measure, acceptance, separate
from face_laboratory.liveness_set import read_set
from face_laboratory.liveness_trials import LivenessTrials
from face_laboratory.liveness_words import liveness_as_text
from gate_controller.face.engines.errors import BadPairList
from hardware.simulated.face_clips import Actor
from tests.support.faces.actors import FRAMES_A_SECOND, living
from tests.support.faces.fixtures import portrait_path

MEASURE = Measure("number", "a number", 0.5, (0.0, 0.25, 0.5, 0.75, 1.0))


def of(species: str, *values: float | None, source: str = "") -> list[tuple[str, str, float | None]]:
    return [(species, source or f"{species}-{number}", value) for number, value in enumerate(values)]


def test_each_species_has_its_own_share_and_the_one_accepted_most_comes_first() -> None:
    living_people = of("live", *[0.9] * 19, 0.3)
    prints, masks = of("print", *[0.1] * 20), of("mask", *[0.6] * 10, *[0.2] * 10)
    found = separate(MEASURE, [*living_people, *prints, *masks], "live")
    assert [(one.species, one.at_used.rate) for one in found.attacks] == [("mask", 0.5), ("print", 0.0)]
    assert found.living.at_used.rate == pytest.approx(0.95)
    assert [one.is_distinguished for one in found.attacks] == [True, True]
    assert found.at_worst_5_percent == (0.75, pytest.approx(0.05))
    for one in (found.living, *found.attacks):
        shares = [point.rate for point in one.curve]
        assert shares == sorted(shares, reverse=True)
        assert all(point.low <= point.rate <= point.high for point in one.curve)


def test_a_species_that_is_accepted_like_living_people_is_not_distinguished() -> None:
    found = separate(MEASURE, [*of("live", *[0.9] * 12), *of("screen", *[0.8] * 12)], "live")
    assert not found.attacks[0].is_distinguished
    assert found.at_worst_5_percent == (1.0, 1.0)


def test_two_clips_distinguish_nothing_however_clear_they_are() -> None:
    found = separate(MEASURE, [*of("live", 1.0), *of("print", 0.0)], "live")
    assert (found.living.at_used.rate, found.attacks[0].at_used.rate) == (1.0, 0.0)
    assert not found.attacks[0].is_distinguished


def test_many_clips_of_one_source_are_one_source() -> None:
    one_mask = acceptance([True] * 50, ["the mask"] * 50)
    many_masks = acceptance([True] * 50, [f"mask {number}" for number in range(50)])
    assert (one_mask.items, one_mask.sources) == (50, 1)
    assert one_mask.low < 0.3
    assert many_masks.low > 0.9
    uneven = acceptance([True] * 30 + [False], ["a"] * 30 + ["b"])
    assert uneven.rate == 0.5


@pytest.mark.wide
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_the_limits_hold_the_true_share_nineteen_times_in_twenty(share: float) -> None:
    chance = np.random.default_rng(4)
    held = 0
    for seed in range(200):
        passed = [bool(one) for one in chance.random(40) < share]
        limits = acceptance(passed, [str(number) for number in range(40)], seed)
        held += limits.low <= share <= limits.high
    assert held >= 0.93 * 200


def test_what_was_never_acquired_passes_no_threshold() -> None:
    found = separate(MEASURE, [*of("live", *[0.9] * 9, None), *of("print", *[0.1] * 9)], "live")
    assert found.living.curve[0].rate == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind,path\nlive,a.avi\n", "row 1: no column 'species'"),
        ("species,path\nlive,a.avi\nprint,\n", "row 3, column path: nothing is named"),
        ("species,path\nlive,a.avi\nprint,a.avi\n", "row 3, column path: 'a.avi' is listed twice"),
        ("species,path\nprint,a.avi\nscreen,b.avi\n", "names no living people"),
        ("species,path\nlive,a.avi\n", "names no attacks"),
    ],
)
def test_a_wrong_set_is_refused_before_any_clip_is_read(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "set.csv").write_text(content, encoding="utf-8")
    with pytest.raises(BadPairList, match=message):
        read_set(tmp_path / "set.csv")


def test_the_text_names_what_is_not_distinguished_and_what_was_not_measured() -> None:
    numbers = {"whole_check": 1.0, "nose_gap": 0.3, "minifasnet": None}
    rows = [("live", f"person {number}", numbers) for number in range(10)]
    rows += [("mask", f"mask {number}", {**numbers, "nose_gap": 0.25}) for number in range(10)]
    rows += [("print", f"print {number}", {**numbers, "nose_gap": 0.05}) for number in range(10)]
    rows += [("print", "dark", {**numbers, "whole_check": 0.0, "nose_gap": None})]
    said = liveness_as_text("an engine", LivenessTrials(has_pair=False, rows=rows))
    gap = said[said.index("nose_gap") :].splitlines()
    assert gap[1].endswith("accepted: 100.0% (10 items of 10 sources; 95 % between 72.2% and 100.0%)")
    assert gap[2].startswith("    mask accepted: 100.0%")
    assert gap[2].endswith(" NOT DISTINGUISHED from living people")
    assert gap[3].startswith("    print accepted: 0.0% (11 items of 11 sources; 95 % between 0.0% and 25.9%)")
    assert "NOT DIST" not in gap[3]
    assert "from 0.26 the worst species is accepted at most once in 20, and 0.0% of living" in gap[4]
    assert "minifasnet: not measured, the pair is not added" in said
    assert "no usable face seen: print: 1" in said


# -- real clips ------------------------------------------------------------------------------------------


def clip(folder: Path, actor: Actor, frames: int = 30) -> None:
    """Record an actor who is asked to turn to the left after half a second."""
    folder.mkdir(parents=True)
    actor.hears("look_straight", 0.0)
    for number in range(frames):
        seconds = number / FRAMES_A_SECOND
        if number == 6:
            actor.hears("turn_left", seconds)
        cv2.imwrite(str(folder / f"{number:03d}.png"), actor.frame(seconds))


@pytest.mark.wide
def test_a_head_that_turns_and_a_still_picture_are_measured_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip(tmp_path / "anna", living("person_b_1", width=480, height=360))
    (tmp_path / "torn.jpg").write_bytes(b"torn")
    rows = ["live,anna,Anna", f"print,{portrait_path('person_a_2')},A4", "print,torn.jpg,A4"]
    listed, drawn = tmp_path / "set.csv", tmp_path / "curves.svg"
    listed.write_text("\n".join(["species,path,source", *rows]), encoding="utf-8")
    monkeypatch.setattr(liveness_trials, "LOOK_SECONDS", 3.0)
    assert run(["evaluate", "--liveness", str(listed), "--liveness-curves", str(drawn), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)["liveness"]
    measures = {one["measure"]: one for one in out["measures"]}
    assert list(measures) == ["whole_check", "nose_gap"]
    gap = measures["nose_gap"]
    assert (gap["threshold"], gap["living"]["accepted"]) == (0.2, 1.0)
    (prints,) = gap["attacks"]
    assert (prints["species"], prints["accepted"], prints["items"], prints["sources"]) == ("print", 0.0, 1, 1)
    assert prints["distinguished"] is False, "one person and one print tell nothing"
    assert len(prints["curve"]) == 21
    assert out["passive_models"] is False
    assert "torn.jpg" in out["liveness_unreadable"][0]
    assert drawn.read_text(encoding="utf-8").startswith("<?xml")
