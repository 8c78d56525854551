"""The first thousand wake-ups go fast; those beyond go as fast as a server answers."""

from web_admin.core.wake_up_pace import AT_ONCE, BURST, EVERY_SECONDS, WAKE_UPS_A_SECOND, WakeUpPace


def sent_by(pace: WakeUpPace, waiting: int, now: float) -> float:
    """Send all that waits; return when the last was sent."""
    while waiting:
        count = min(waiting, pace.most(now))
        assert count <= AT_ONCE
        pace.sent(count)
        waiting -= count
        now += EVERY_SECONDS
    return now


def test_a_thousand_gates_are_rung_within_a_fifth_of_a_second() -> None:
    assert sent_by(WakeUpPace(), 1000, 500.0) - 500.0 <= 0.21


def test_those_beyond_are_rung_as_fast_as_a_server_answers() -> None:
    took = sent_by(WakeUpPace(), 5000, 500.0) - 500.0
    assert (5000 - BURST) / WAKE_UPS_A_SECOND - 0.1 <= took <= (5000 - BURST) / WAKE_UPS_A_SECOND + 0.1


def test_two_publications_close_together_ring_no_more_than_one_burst() -> None:
    """More than a process lets wait would be refused; what is left of the burst fills up with time."""
    pace = WakeUpPace()
    ends = sent_by(pace, 1000, 500.0)
    assert sent_by(pace, 1000, ends) - ends >= 0.7
    later = sent_by(pace, 1000, ends + 10.0) - (ends + 10.0)
    assert later <= 0.21


def test_a_clock_that_is_read_twice_gives_nothing_more() -> None:
    pace = WakeUpPace()
    pace.sent(BURST)
    pace.most(500.0)
    pace.sent(BURST)
    assert pace.most(500.0) == 0
    assert pace.most(500.0 + EVERY_SECONDS) in (19, 20)
