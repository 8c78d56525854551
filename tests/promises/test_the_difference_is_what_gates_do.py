"""The server says of an act what a gate does in each minute of the week before and after it.

Ten thousand acts: `python -m tests.promises.played_access`.
"""

import pytest

from tests.promises.played_access import count
from tests.support.examples import examples

pytestmark = pytest.mark.thorough


def test_a_gate_that_is_played_through_the_week_opens_as_the_difference_says() -> None:
    counts = count(examples(64))
    assert {what: number for what, number in counts.items() if what.startswith("unlike")} == {}
    assert counts["minutes in which an answer changed"] > counts["acts"] * 100
