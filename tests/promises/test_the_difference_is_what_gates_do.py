"""The server says of an act what a gate does in each minute of the week before and after it.

Ten thousand acts: `python -m tests.promises.played_access`.
"""

from collections import Counter

from tests.promises.drawn_acts import draw_act
from tests.promises.played_access import compare, count
from tests.support.examples import examples


def test_a_gate_that_is_played_through_the_week_opens_as_the_difference_says() -> None:
    counts = count(examples(64))
    assert {what: number for what, number in counts.items() if what.startswith("unlike")} == {}
    assert counts["minutes in which an answer changed"] > counts["acts"] * 100


def test_a_calendar_with_a_field_of_a_later_version_counts_by_what_a_gate_understands_of_it() -> None:
    act = draw_act(400_325)
    assert b"of_a_later_version" in act.before["calendar"]
    assert list(compare(act, Counter())) == []
