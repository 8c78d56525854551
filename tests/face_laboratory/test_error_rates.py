"""Rates of errors, and thresholds of one half."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from face_laboratory.cli import run
from face_laboratory.error_rates import (
    Share,
    false_positive_identification_rate,
    operating_point,
    roc,
)
from face_laboratory.evaluation import EmbeddedPictures
from face_laboratory.halves import Half, half_of, measure_halves
from face_laboratory.halves_words import halves_as_object
from face_laboratory.people_list import PeopleList
from gate_controller.face.engines.chosen_thresholds import FILE, chosen_curves
from gate_controller.face.engines.engine import CosineEngine, CurvePoint
from gate_controller.face.engines.error_budget import fitness, threshold
from gate_controller.face.engines.face_recognition_engine import FACE_RECOGNITION_CARD
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from tests.face_laboratory.people_files import people_file
from tests.face_laboratory.rates import SIZE, above, missed_by


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_limits_are_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert Share(count, of).limits == pytest.approx((low, high), abs=5e-5)


def test_nothing_out_of_nothing_has_no_rate() -> None:
    assert (Share(0, 0).rate, Share(0, 0).limits) == (None, None)


def test_the_threshold_lets_in_no_more_strangers_than_the_rate_allows() -> None:
    impostor = np.array([n / 1000 for n in range(1000)], dtype=np.float32)
    genuine = np.array([0.5, 0.9985, 0.9995], dtype=np.float32)
    point = operating_point(genuine, impostor, 1e-2)
    assert point.min_face_similarity == pytest.approx(0.989, abs=1e-6)
    assert int((impostor >= np.float32(point.min_face_similarity)).sum()) == 10
    assert point.missed == Share(1, 3)


def test_too_few_pairs_of_strangers_give_no_threshold() -> None:
    impostor, genuine = np.zeros(299, dtype=np.float32), np.ones(5, dtype=np.float32)
    assert operating_point(genuine, impostor, 1e-2).min_face_similarity is None
    assert operating_point(genuine, np.zeros(300, dtype=np.float32), 1e-2).min_face_similarity is not None
    no_pairs = np.zeros(0, dtype=np.float32)
    assert operating_point(no_pairs, np.zeros(3000, dtype=np.float32), 1e-2).missed is None


@pytest.mark.wide
@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws 400 numbers slowly
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=300, max_size=400),
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50),
)
def test_no_looser_threshold_keeps_the_rate(impostors: list[float], genuines: list[float]) -> None:
    impostor = np.array(impostors, dtype=np.float32)
    point = operating_point(np.array(genuines, dtype=np.float32), impostor, 1e-2)
    assert point.min_face_similarity is not None
    threshold = np.float32(point.min_face_similarity)
    allowed = len(impostor) // 100
    assert int((impostor >= threshold).sum()) <= allowed
    looser = np.nextafter(threshold, np.float32(-np.inf), dtype=np.float32)
    assert int((impostor >= looser).sum()) > allowed


def test_a_stranger_among_many_is_taken_for_one_of_them_more_often() -> None:
    assert false_positive_identification_rate(1e-4, 1) == pytest.approx(1e-4)
    assert false_positive_identification_rate(1e-4, 300) == pytest.approx(0.0296, abs=1e-4)
    assert false_positive_identification_rate(0.0, 5000) == 0.0


def test_the_curve_falls_from_everyone_to_no_one() -> None:
    false_matches, false_non_matches = roc(
        np.array([0.4, 0.8, 0.9], dtype=np.float32), np.array([0.0, 0.1, 0.5], dtype=np.float32), points=50
    )
    assert (false_matches[0], false_matches[-1]) == (1.0, 0.0)
    assert false_non_matches[0] == 0.0
    assert sorted(false_matches, reverse=True) == false_matches
    assert sorted(false_non_matches) == false_non_matches


def test_the_default_engine_opens_at_one_in_a_hundred_thousand_and_searches_17_faces_alone() -> None:
    fit = fitness(YUNET_SFACE_CARD)
    assert fit.point is not None
    assert (fit.point.min_face_similarity, fit.templates_alone) == (0.506, 17)
    assert "once in 1,755" in fit.sentence


def test_an_engine_whose_curve_does_not_keep_the_budget_may_not_open_and_says_why() -> None:
    fit = fitness(FACE_RECOGNITION_CARD)
    assert (fit.point, fit.templates_alone) == (None, 0)
    assert "face-recognition-1 may not open" in fit.sentence
    assert "once in 131" in fit.sentence
    assert "70% of genuine attempts are rejected" in fit.sentence


def test_the_second_engine_would_keep_the_budget_for_one_face_at_a_time() -> None:
    fit = fitness(FACE_RECOGNITION_CARD, searched=1)
    assert fit.point is not None
    assert (fit.point.min_face_similarity, fit.templates_alone) == (pytest.approx(0.6), 1)
    assert "beside the card of the person whose face it is a stranger" in fit.sentence
    assert "once in 1,309" in fit.sentence


def test_an_engine_says_that_its_curve_for_several_looks_was_not_measured() -> None:
    fit = fitness(YUNET_SFACE_CARD, looks=4)
    assert (fit.point, fit.templates_alone) == (None, 0)
    assert fit.sentence == "yunet-sface-int8bq-2 was not measured with templates of 4 looks"


PICTURES_EACH, PERSON_SHARE = 3, 0.9


class Cosines(CosineEngine):
    """An engine of made-up vectors; nothing is found or embedded."""

    card = YUNET_SFACE_CARD


def made(people: int, *, seed: int = 1, crowd: Half | None = None) -> tuple[PeopleList, EmbeddedPictures]:
    """Return people of random directions; those of a half that is a crowd look much like each other."""
    chance = np.random.default_rng(seed)
    ids = tuple(f"person-{number}" for number in range(people))
    directions = chance.standard_normal((people, SIZE))
    shared = chance.standard_normal(SIZE)
    directions += np.array([[2.0 * (half_of(one) is crowd)] for one in ids]) * shared
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    of = np.repeat(np.arange(people), PICTURES_EACH)
    noise = chance.standard_normal((len(of), SIZE))
    noise -= np.einsum("ij,ij->i", noise, directions[of])[:, np.newaxis] * directions[of]
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    vectors = PERSON_SHARE * directions[of] + np.sqrt(1 - PERSON_SHARE**2) * noise
    every = np.ones(len(of), dtype=np.bool_)
    listed = PeopleList(
        tuple(Path(f"{row}.jpg") for row in range(len(of))), tuple(map(int, of)), (None,) * people, ids
    )
    return listed, EmbeddedPictures(vectors.astype(np.float32), every, every, every)


def test_the_half_of_a_person_comes_from_their_id_alone_and_never_changes() -> None:
    known = {"person_a": "chooses", "person_b": "chooses", "impostor_1": "reports", "impostor_2": "chooses"}
    assert {one: half_of(one).value for one in known} == known
    reporting = sum(half_of(f"person-{number}") is Half.REPORTS for number in range(2000))
    assert 900 < reporting < 1100


@pytest.mark.wide
def test_a_threshold_of_one_half_keeps_its_rate_and_its_misses_are_known_ones() -> None:
    """Random directions: how often two are so alike, and how often an own picture is less, is known."""
    listed, embedded = made(700)
    (one,) = measure_halves(Cosines(), listed, embedded, 1, resamplings=100)
    assert one.choosing_people + one.reporting_people == 700
    measured = [point for point in one.at if point.min_face_similarity is not None]
    assert [point.false_match_rate for point in measured] == [1e-3, 1e-4]
    for point in measured:
        assert above(point.min_face_similarity, SIZE) <= point.false_match_rate
        assert above(point.min_face_similarity - 0.06, SIZE) > point.false_match_rate, "not far too strict"
        assert point.holds
        known = missed_by(PERSON_SHARE, 1, point.min_face_similarity)
        low, high = point.missed.limits
        assert low - 0.01 <= known <= high + 0.01
    assert one.at[-1].holds is None, "1 in 100,000 takes more people"


@pytest.mark.wide
def test_whom_a_threshold_was_chosen_on_and_whom_it_is_reported_on_are_never_the_same() -> None:
    """Where one half looks alike and the other does not, it shows which of them chose."""
    alike = measure_halves(Cosines(), *made(300, crowd=Half.CHOOSES), 1, resamplings=50)[0].at[0]
    assert alike.min_face_similarity > 0.8
    assert (alike.false_matches.rate, alike.holds) == (0.0, True)
    different = measure_halves(Cosines(), *made(300, crowd=Half.REPORTS), 1, resamplings=50)[0].at[0]
    assert different.min_face_similarity < 0.75
    assert different.false_matches.rate > 0.1
    assert different.holds is False


def test_several_looks_have_thresholds_of_their_own() -> None:
    one, two = measure_halves(Cosines(), *made(300), 2, resamplings=50)
    assert (one.looks, two.looks) == (1, 2)
    assert two.at[0].missed.rate <= one.at[0].missed.rate
    assert two.at[0].min_face_similarity != one.at[0].min_face_similarity


def test_the_six_portraits_are_too_few_to_choose_a_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "halves.json"
    arguments = [str(people_file(tmp_path)), "--looks", "3", "--engine", "yunet-sface", "--halves", str(file)]
    assert run(["evaluate", *arguments, "--roc", str(tmp_path / "curve.png")]) == 0
    assert "too few people to choose" in capsys.readouterr().out
    assert chosen_curves(YUNET_SFACE_CARD.name, file) == {}
    written = json.loads(file.read_text())[YUNET_SFACE_CARD.name]
    assert written.keys() <= json.loads(FILE.read_text())[YUNET_SFACE_CARD.name].keys()


def test_gates_use_the_lowest_shipped_threshold_that_held_on_people_who_did_not_choose_it() -> None:
    """Each is among the shipped figures, and its upper limit keeps the rate promised for it."""
    shipped = json.loads(FILE.read_text())
    assert shipped.keys() == {YUNET_SFACE_CARD.name}
    measured = shipped[YUNET_SFACE_CARD.name]
    assert all(measured[said] for said in ("set", "command", "enrolment", "limits"))
    assert (measured["people"], measured["pictures"]) == (5749, 8313)
    for row in measured["looks"]:
        for searched, rate in ((1, 1e-4), (10, 1e-5)):
            held = [one for one in (*row["at"], row["now"]) if one["holds"] and one["fmr"] == rate]
            lowest = min(held, key=lambda one: one["threshold"])
            assert threshold(YUNET_SFACE_CARD, searched, row["looks"]) == lowest["threshold"]
            assert lowest["found_fmr"]["ci"][1] <= rate
            assert lowest["missed"]["people"] >= 300
    assert [row["looks"] for row in measured["looks"]] == [1, 2, 3]
    assert FACE_RECOGNITION_CARD.curves_of_looks == {}


def test_a_curve_is_used_once_it_reaches_the_promised_rate_and_held_on_the_other_half(tmp_path: Path) -> None:
    file = tmp_path / "chosen.json"

    def point(rate: float, similarity: float | None, missed: float | None, *, holds: bool | None = True):
        return {"fmr": rate, "threshold": similarity, "missed": {"rate": missed}, "holds": holds}

    good = [point(1e-4, 0.42, 0.02), point(1e-5, 0.48, 0.04)]
    looks = {
        1: good,
        2: [good[0], {**good[1], "holds": False}],
        3: [point(1e-4, 0.4, 0.01)],
        4: [good[0], point(1e-5, None, None, holds=None)],
    }
    rows = [
        {"looks": many, "at": at, "now": point(1e-5, 0.506, 0.07, holds=many != 4)}
        for many, at in looks.items()
    ]
    file.write_text(json.dumps({"mine": {"looks": rows}}))
    expected = (
        CurvePoint(1e-4, 0.42, 0.02, missed_by_person=0.02),
        CurvePoint(1e-5, 0.48, 0.04, missed_by_person=0.04),
    )
    now = CurvePoint(1e-5, 0.506, 0.07, missed_by_person=0.07)
    assert chosen_curves("mine", file) == {1: expected, 2: (expected[0], now)}
    assert chosen_curves("another", file) == {}
    assert fitness(replace(YUNET_SFACE_CARD, curve=expected)).point == expected[1]


def test_halves_need_a_list_of_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(tmp_path / "pairs.csv"), "--halves", str(tmp_path / "x.json")]) == 2
    assert "--halves needs PEOPLE.csv and --looks K" in capsys.readouterr().err


def test_what_is_written_of_a_threshold_is_never_looser_than_what_was_chosen() -> None:
    listed, embedded = made(300)
    halves = measure_halves(Cosines(), listed, embedded, 1, resamplings=50)
    written = halves_as_object("list", listed, halves)["looks"][0]["at"][0]["threshold"]
    assert 0 <= written - halves[0].at[0].min_face_similarity < 2e-6
