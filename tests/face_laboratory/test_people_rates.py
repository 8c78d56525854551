"""Rates of errors by person."""

import json
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from face_laboratory.cli import run
from face_laboratory.error_rates import Share
from face_laboratory.pair_list import people_behind, read_pairs
from face_laboratory.people_list import read_people
from face_laboratory.people_rates import PeopleRates, people_rates
from face_laboratory.people_scores import PeopleScores, Probes, Templates, compare_people
from gate_controller.face.engines.engine import Embedding, Similarities
from tests.face_laboratory.people_files import people_file
from tests.face_laboratory.rates import PEOPLE, SIZE, above, missed_by

EASY, HARD = 0.80, 0.74
"""The share a of the person in a look: every second person is harder to recognise, with few probes."""
EASY_PROBES, HARD_PROBES = 6, 3
THRESHOLDS = {1: 0.55, 3: 0.65}
"""By the number of looks: a template of several is more alike to everyone."""
SETS = 4
LOOKS = [1, pytest.param(3, marks=pytest.mark.wide)]
"""Each costs some 15 seconds of a processor."""


def known_missed(looks: int, threshold: float) -> float:
    return (missed_by(EASY, looks, threshold) + missed_by(HARD, looks, threshold)) / 2


def cosines(faces: Embedding, face: Embedding) -> Similarities:
    return np.asarray(faces @ face, dtype=np.float32)


def across(chance: np.random.Generator, *directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each row a random direction across those that are given, which are across each other."""
    drawn = chance.standard_normal(directions[0].shape)
    for direction in directions:
        drawn -= np.einsum("ij,ij->i", drawn, direction)[:, np.newaxis] * direction
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


@dataclass(frozen=True)
class Made:
    templates: Templates
    probes: Probes
    groups: tuple[str, ...]

    def scores(self, people: int, keep_from: float = THRESHOLDS[1]) -> PeopleScores:
        return compare_people(people, self.templates, self.probes, cosines, keep_from)


def made(seed: int, looks: int = 1, people: int = PEOPLE) -> Made:
    chance = np.random.default_rng(seed)
    drawn = chance.standard_normal((people, SIZE))
    centres = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    hard = np.arange(people) % 2 == 1
    share = np.where(hard, HARD, EASY)[:, np.newaxis]
    rest = np.sqrt(1 - share**2)
    turned: list[NDArray[np.float64]] = []
    for _ in range(looks):
        turned.append(across(chance, centres, *turned))
    template = looks * share * centres + rest * np.sum(turned, axis=0)
    template /= np.linalg.norm(template, axis=1, keepdims=True)
    person = np.repeat(np.arange(people), np.where(hard, HARD_PROBES, EASY_PROBES))
    probes = share[person] * centres[person] + rest[person] * across(chance, centres[person])
    return Made(
        Templates(template.astype(np.float32), np.arange(people)),
        Probes(probes.astype(np.float32), person),
        tuple("hard" if one else "easy" for one in hard),
    )


@cache
def estimates(looks: int) -> list[PeopleRates]:
    """Return what is estimated of several sets of 2,000 people, without limits."""
    rates = []
    for seed in range(SETS):
        one = made(seed, looks)
        rates.append(people_rates(one.scores(PEOPLE), THRESHOLDS[looks], one.groups, resamplings=0))
    return rates


def mean(values: list[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.wide
def test_the_estimates_of_2000_people_are_within_2_percent_of_the_known_rates(looks: int) -> None:
    rates = estimates(looks)
    threshold = THRESHOLDS[looks]
    match = above(threshold, SIZE)
    assert 1e-4 < match < 1e-2
    assert mean([one.false_matches.rate for one in rates]) == pytest.approx(match, rel=0.02)
    missed = mean([one.false_non_matches.rate for one in rates])
    assert missed == pytest.approx(known_missed(looks, threshold), rel=0.02)
    for number, (size, _) in enumerate(rates[0].identification):
        found = mean([one.identification[number][1].rate for one in rates])
        assert found == pytest.approx(1 - (1 - match) ** size, rel=0.02), size


@pytest.mark.wide
@pytest.mark.parametrize("looks", LOOKS)
def test_the_thresholds_keep_the_rates_that_they_were_chosen_for(looks: int) -> None:
    rates = estimates(looks)
    for number, point in enumerate(rates[0].at[:3]):
        kept = [above(one.at[number].min_face_similarity or 0.0, SIZE) for one in rates]
        assert float(np.mean(kept)) == pytest.approx(point.false_match_rate, rel=0.05)


@pytest.mark.wide
def test_the_mean_similarity_with_three_looks_errs_less_both_ways_at_one_looks_threshold() -> None:
    """As a gate compares: K looks of length 1, so their mean has the length √(a² + b²/K), and is not unit.

    Easy people gain most. Hard ones have a mean similarity just below the threshold, and gain nothing.
    """
    looks, threshold = 3, THRESHOLDS[1]
    match, missed = [], []
    for share in (EASY, HARD):
        length = math.sqrt(share**2 + (1 - share**2) / looks)
        match.append(above(threshold / length, SIZE))
        missed.append(missed_by(share, looks, threshold / length))
    rates = []
    for seed in range(SETS):
        one = made(seed, looks)
        share = np.where(np.array(one.groups) == "hard", HARD, EASY)[:, np.newaxis]
        length = np.sqrt(share**2 + (1 - share**2) / looks).astype(np.float32)
        templates = Templates(one.templates.faces * length, one.templates.person)
        unscaled = replace(one, templates=templates)
        rates.append(people_rates(unscaled.scores(PEOPLE), threshold, resamplings=0))
    assert mean([one.false_matches.rate for one in rates]) == pytest.approx(np.mean(match), rel=0.05)
    assert mean([one.false_non_matches.rate for one in rates]) == pytest.approx(np.mean(missed), rel=0.03)
    assert np.mean(match) < above(threshold, SIZE)
    assert missed[0] < 0.3 * missed_by(EASY, 1, threshold)
    assert missed[1] == pytest.approx(missed_by(HARD, 1, threshold), rel=0.05)


@pytest.mark.wide
def test_each_group_has_its_own_rate() -> None:
    looks = 1
    groups = {group.group: group for group in estimates(looks)[0].groups}
    for name, share in (("easy", EASY), ("hard", HARD)):
        of_group = [group for one in estimates(looks) for group in one.groups if group.group == name]
        found = mean([group.false_non_matches.rate for group in of_group])
        assert found == pytest.approx(missed_by(share, looks, THRESHOLDS[looks]), rel=0.06)
    assert groups["hard"].false_non_matches.people == PEOPLE // 2


@pytest.mark.wide
def test_counting_pairs_would_flatter_where_easy_people_have_most_pictures() -> None:
    scores = made(0).scores(PEOPLE)
    by_pair = Share(int((scores.own_scores < THRESHOLDS[1]).sum()), len(scores.own_scores)).rate
    by_person = people_rates(scores, THRESHOLDS[1], resamplings=0).false_non_matches.rate
    assert by_pair is not None
    assert by_person is not None
    assert by_person == pytest.approx(known_missed(1, THRESHOLDS[1]), rel=0.1)
    assert by_pair < 0.8 * by_person


@pytest.mark.wide
def test_the_limits_by_person_hold_the_known_rates_about_nineteen_times_in_twenty() -> None:
    people, sets, threshold = 120, 30, 0.5
    held = {"fmr": 0, "fnmr": 0, "fpir": 0}
    match = above(threshold, SIZE)
    known = {"fmr": match, "fnmr": known_missed(1, threshold), "fpir": 1 - (1 - match) ** 10}
    for seed in range(sets):
        scores = made(100 + seed, people=people).scores(people, threshold)
        rates = people_rates(scores, threshold, resamplings=200, seed=seed)
        ranges = {
            "fmr": rates.false_matches,
            "fnmr": rates.false_non_matches,
            "fpir": dict(rates.identification)[10],
        }
        for name, rate in ranges.items():
            assert rate.limits is not None
            held[name] += rate.limits[0] <= known[name] <= rate.limits[1]
    assert all(count >= 0.85 * sets for count in held.values()), held


def test_the_cautious_threshold_is_higher_than_the_one_that_just_keeps_the_rate() -> None:
    one = made(3, people=300)
    rates = people_rates(one.scores(300), THRESHOLDS[1], resamplings=100)
    point = rates.at[1]
    assert point.min_face_similarity is not None
    assert point.cautious_similarity is not None
    assert point.cautious_similarity > point.min_face_similarity
    assert rates.at[3].min_face_similarity is None, "300 people tell nothing about 1 in 100,000"


def test_no_error_seen_is_limited_by_the_number_of_people_and_not_of_pairs() -> None:
    one = made(4, people=100)
    rates = people_rates(one.scores(100, 0.999), 0.999, resamplings=20)
    assert rates.false_matches.rate == 0.0
    assert rates.false_matches.limits == Share(0, 50).limits
    loose = people_rates(one.scores(100, -1.0), -1.0, resamplings=20)
    assert loose.false_non_matches.limits == Share(0, 100).limits
    assert loose.false_matches.rate == 1.0


@pytest.mark.wide
def test_at_one_false_match_rate_a_template_of_three_looks_misses_its_owner_less_often() -> None:
    missed = [mean([rates.at[1].missed.rate for rates in estimates(looks)]) for looks in (1, 3)]
    assert missed[1] < 0.5 * missed[0]


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
