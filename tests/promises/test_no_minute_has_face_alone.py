"""Promise 1 by minutes: in no minute of a week does a face open where nothing else of its person would.

Ten thousand weeks: `python -m tests.promises.played_weeks`.
"""

from tests.promises.played_weeks import count
from tests.support.examples import examples


def test_no_minute_of_any_week_has_face_alone_and_beside_another_way_it_opens() -> None:
    counts = count(examples(160))
    assert (counts["face alone"], counts["face refused beside another way"]) == (0, 0)
    opened = counts["minutes in which a face opened"]
    assert opened == counts["of these with another way"] > counts["weeks"] * 1000
