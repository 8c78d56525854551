"""The grade of a driver: each has all of the one before it."""

import pytest

from gate_controller.contract.languages import Language
from hardware.conformance.points import NO_EXEMPTION, POINTS, Grade, Point, Verdict, grade_of, wrong_exemption
from hardware.conformance.settings import LANGUAGES

ALL = dict.fromkeys(POINTS, Verdict.YES)


def grade(**changed: Verdict) -> Grade:
    found = ALL | {name.replace("_", " "): verdict for name, verdict in changed.items()}
    return grade_of(Point(name, verdict) for name, verdict in found.items())


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        ("twin", Grade.NONE),
        ("settings", Grade.NONE),
        ("reopens", Grade.BRONZE),
        ("says_once", Grade.BRONZE),
        ("noise", Grade.SILVER),
        ("golden", Grade.SILVER),
        ("wiring", Grade.SILVER),
        ("tried_on_metal", Grade.GOLD),
    ],
)
def test_a_missing_point_holds_the_grade_below_it(missing: str, wanted: Grade) -> None:
    assert grade() is Grade.PLATINUM
    assert grade(**{missing: Verdict.NO}) is wanted


def test_a_missing_point_of_a_lower_grade_counts_more_than_all_above_it() -> None:
    assert grade(stops=Verdict.NO) is Grade.NONE
    assert grade(says_once=Verdict.NO, golden=Verdict.NO) is Grade.BRONZE
    assert grade_of(()) is Grade.NONE


def test_an_exemption_counts_as_the_point_and_without_a_twin_bronze_is_the_most() -> None:
    assert grade(golden=Verdict.EXEMPT, noise=Verdict.EXEMPT) is Grade.PLATINUM
    assert grade(twin=Verdict.EXEMPT, reads=Verdict.EXEMPT, stops=Verdict.EXEMPT) is Grade.BRONZE


def test_an_exemption_needs_a_point_that_has_one_and_a_reason() -> None:
    assert wrong_exemption("golden", "the protocol is Menjin's own") is None
    assert "there is no point 'goldne'; points: twin, reads" in str(
        wrong_exemption("goldne", "a good reason")
    )
    assert "says too little" in str(wrong_exemption("golden", "no"))
    assert {wrong_exemption(name, "a long enough reason") for name in NO_EXEMPTION} == {
        "applies to every driver"
    }


def test_wiring_is_asked_for_in_every_language_of_the_gate() -> None:
    assert set(LANGUAGES) == set(Language)
