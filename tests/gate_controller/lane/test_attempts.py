"""Who guesses waits; a household is not locked out, and other methods never wait."""

import pytest

from gate_controller.contract.records import Method
from gate_controller.lane.attempts import (
    FORGOTTEN_AFTER_SECONDS,
    LONGEST_DELAY_SECONDS,
    Attempts,
    delay_seconds,
)

LANE, HOME, OTHER_LANE, OTHER_HOME = "north-in", "31203", "south-in", "31204"


def after_failures(count: int, lane: str = LANE, home: str = HOME, method: Method = Method.PIN) -> Attempts:
    attempts = Attempts()
    for _ in range(count):
        attempts.failed(method, lane, home, 1000.0)
    return attempts


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (2, 0), (3, 30), (4, 60), (5, 120), (9, 1920), (10, 3600), (500, 3600)]
)
def test_delays_double_up_to_an_hour(failures: int, seconds: int) -> None:
    assert delay_seconds(failures, 2) == seconds <= LONGEST_DELAY_SECONDS


def test_a_home_waits_at_every_terminal_and_its_neighbour_at_none() -> None:
    attempts = after_failures(3)
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, 1000.0) == 30
    assert attempts.seconds_to_wait(Method.PIN, OTHER_LANE, HOME, 1010.0) == 20
    assert attempts.seconds_to_wait(Method.PIN, LANE, OTHER_HOME, 1000.0) == 0
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, 1030.0) == 0


def test_a_terminal_where_many_homes_were_tried_waits_for_all() -> None:
    attempts = Attempts()
    for number in range(5):
        attempts.failed(Method.PIN, LANE, str(number), 1000.0)
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, 1000.0) == 30
    assert attempts.seconds_to_wait(Method.PIN, OTHER_LANE, HOME, 1000.0) == 0


def test_a_success_clears_the_home_and_not_the_terminal() -> None:
    attempts = after_failures(5)
    attempts.succeeded(Method.PIN, HOME)
    assert attempts.seconds_to_wait(Method.PIN, OTHER_LANE, HOME, 1000.0) == 0
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, 1000.0) == 30


def test_the_emergency_code_waits_for_its_own_wrong_tries_alone_and_a_minute_at_most() -> None:
    assert after_failures(50).seconds_to_wait(Method.PIN, LANE, "0", 1000.0) == 0
    for failures, seconds in ((2, 0), (3, 30), (4, 60), (50, 60)):
        attempts = after_failures(failures, home="0")
        assert attempts.seconds_to_wait(Method.PIN, LANE, "0", 1000.0) == seconds
        assert attempts.seconds_to_wait(Method.PIN, OTHER_LANE, "0", 1000.0) == seconds
    assert after_failures(5, home="0").seconds_to_wait(Method.PIN, LANE, HOME, 1000.0) == 30


@pytest.mark.parametrize("method", [Method.CARD, Method.QR, Method.FACE])
def test_other_methods_never_wait_for_wrong_numbers(method: Method) -> None:
    assert after_failures(50).seconds_to_wait(method, LANE, HOME, 1000.0) == 0


def test_wrong_faces_make_only_the_face_of_that_terminal_wait() -> None:
    attempts = after_failures(3, method=Method.FACE)
    assert attempts.seconds_to_wait(Method.FACE, LANE, "", 1000.0) == 30
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, 1000.0) == 0
    assert attempts.seconds_to_wait(Method.FACE, OTHER_LANE, "", 1000.0) == 0


def test_old_failures_are_forgotten() -> None:
    attempts = after_failures(4)
    later = 1000.0 + FORGOTTEN_AFTER_SECONDS + 1
    assert attempts.failed(Method.PIN, LANE, HOME, later) == 1
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, later) == 0


def test_a_failure_counts_to_the_half_hour_and_no_longer() -> None:
    attempts = after_failures(4)
    edge = 1000.0 + FORGOTTEN_AFTER_SECONDS
    assert attempts.failed(Method.PIN, LANE, HOME, edge) == 5
    assert attempts.failed(Method.PIN, LANE, HOME, edge + 0.001) == 2


@pytest.mark.parametrize("method", [Method.CARD, Method.QR])
def test_wrong_cards_and_codes_are_not_counted_and_make_nothing_wait(method: Method) -> None:
    attempts = Attempts()
    assert {attempts.failed(method, LANE, HOME, 1000.0) for _ in range(50)} == {0}
    assert {attempts.seconds_to_wait(other, LANE, HOME, 1000.0) for other in Method} == {0}


def test_a_right_pin_in_a_home_without_failures_is_nothing() -> None:
    attempts = Attempts()
    attempts.succeeded(Method.PIN, HOME)
    assert attempts.seconds_to_wait(Method.PIN, LANE, HOME, 1000.0) == 0
