"""Lighthouse judges pages of a small compound and of one with 300 gates, but not their performance.

Pages of staff and residents and the front page say `noindex` on purpose (`docs/ui.md`): search is asked of
the others. Of the small compound staff's pages are measured as on a desktop, all others as on a phone with a
slow network. `python -m tests.browser.gallery.lighthouse` judges performance too, on a quiet machine.
"""

from collections.abc import Iterator

import pytest

from tests.browser.gallery.lighthouse import LIGHTHOUSE, Measured, measure_all, measure_page
from tests.browser.gallery.world import STAIRWELLS, World, opened_world

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not LIGHTHOUSE.exists(), reason="Lighthouse is not here: make validators"),
]

JUDGED = ("accessibility", "best-practices")
PAGES = (
    ("manager", "/manage/"),
    ("manager", "/manage/people/"),
    ("manager", "/manage/events/"),
    ("manager", "/manage/alarms/"),
    ("resident", "/r/"),
    ("resident_with_code", "/r/visitors"),
    ("stranger", "/"),
    ("stranger", "/privacy"),
    ("stranger", "/policy/biometrics"),
    ("stranger", "/report"),
)
SEARCHED = ("/privacy", "/policy/biometrics", "/report")
"""Pages that search engines may keep."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened_world() as opened:
        yield opened


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_keeps_its_points(world: World, who: str, path: str) -> None:
    size = ["--preset=desktop"] if who == "manager" else []
    page = measure_page(world, path, who, path, *size)
    print(page.row())
    assert page.problems((*JUDGED, *(["seo"] if path in SEARCHED else []))) == [], page.lost


def test_pages_of_three_hundred_gates_keep_their_points() -> None:
    with opened_world(STAIRWELLS) as large:
        pages = list(measure_all(large))
    print(*(page.row() for page in pages), sep="\n")
    assert {page.name: found for page in pages if (found := _problems(page))} == {}


def _problems(page: Measured) -> list[str]:
    return page.problems(JUDGED)
