"""A card that its reader sends again and again: when it opens once more, and when it counts as left there."""

from collections.abc import Iterable

import pytest

from gate_controller.lane.repeat_reads import KEPT, OPENS_AGAIN, ReadClass, RepeatReads

LANE, CARD, PULSE = "north-in", "card-1", 2.0


def pulses(reads: RepeatReads, moments: Iterable[float]) -> list[tuple[float, str]]:
    """Read a card at these moments as a lane does; return what happened, but for readings in a pulse."""
    happened = []
    for at in moments:
        what = reads.read(LANE, CARD, at)
        if what is ReadClass.FOUND_LEFT:
            reads.record_left(LANE, CARD)
            happened.append((at, "alarm"))
        elif what is ReadClass.SHOWN and not reads.pulse_runs(LANE, CARD, at):
            reads.opened(LANE, CARD, at, PULSE)
            happened.append((at, "pulse"))
    return happened


def every(seconds: float, *, until: float, begin: float = 0.0) -> list[float]:
    return [begin + round(n * seconds, 3) for n in range(round((until - begin) / seconds))]


@pytest.mark.parametrize("gap", [0.1, 0.5, 0.8])
def test_a_card_left_at_its_reader_opens_four_times_raises_one_alarm_and_opens_no_more(gap: float) -> None:
    what = [kind for _, kind in pulses(RepeatReads(), every(gap, until=120.0))]
    assert what == ["pulse"] * (1 + OPENS_AGAIN) + ["alarm"]


def test_a_card_that_was_left_opens_again_once_its_reader_was_silent_for_two_seconds() -> None:
    reads = RepeatReads()
    last = pulses(reads, every(0.5, until=20.0))[-1]
    assert last[1] == "alarm"
    assert pulses(reads, [20.9]) == []
    assert pulses(reads, [23.0]) == [(23.0, "pulse")]


def test_a_hand_that_shows_it_again_within_the_pulse_gets_no_second_one_and_after_it_does() -> None:
    moments = [0.0, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 10.5, 12.0, 13.5, 15.0]
    assert [at for at, _ in pulses(RepeatReads(), moments)] == [0.0, 3.0, 6.0, 9.0, 12.0, 15.0]


def test_each_card_and_lane_is_counted_separately_and_old_ones_are_forgotten() -> None:
    reads = RepeatReads()
    reads.opened(LANE, CARD, 0.0, PULSE)
    assert not reads.pulse_runs(LANE, "card-2", 1.0)
    assert not reads.pulse_runs("south-in", CARD, 1.0)
    for n in range(3 * KEPT):
        reads.read(LANE, f"card-{n}", 10.0 + n)
    assert len(reads._shown) <= KEPT
