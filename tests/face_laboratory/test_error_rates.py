"""The figures of an evaluation, against values worked out by hand or in the literature."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from face_laboratory.error_rates import (
    Share,
    false_positive_identification_rate,
    operating_point,
    roc,
)
from gate_controller.face.engines.error_budget import fitness
from gate_controller.face.engines.face_recognition_engine import FACE_RECOGNITION_CARD
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD


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
