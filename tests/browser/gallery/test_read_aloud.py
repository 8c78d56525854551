"""What a screen reader reads of the pages that matter most, in its order; it may read more between."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.gallery.states import PAGES
from tests.browser.gallery.walk import Shown, shown_pages
from tests.browser.gallery.world import World, opened_world

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAID = {
    ("phone", "ways_in"): """
- heading "My ways in" [level=1]
- list:
  - listitem:
    - heading "Card" [level=2]
    - switch "Card" [checked]
    - button "Suspend my card"
  - listitem:
    - heading "PIN" [level=2]
    - switch "PIN"
  - listitem:
    - heading "QR code" [level=2]
    - switch "QR code"
  - listitem:
    - heading "Face" [level=2]
    - switch "Face"
""",
    ("phone", "face_notice"): """
- paragraph:
  - link "‹ My ways in"
- heading "Use your face?" [level=1]
- term: Who handles it
- term: What it is for
- term: How long it is kept
- term: Do you need it?
- term: Your rights
- term: Where to complain
- button "Yes, use my face"
- button "No, another way"
""",
    ("phone", "code"): """
- heading "My code" [level=1]
- paragraph: /Home/
- button "Your code":
  - img "Your code"
- link "Invite"
- link "Calls from the gate"
- link "Ways in"
""",
    ("visitor", "visitor_link"): """
- heading "Visitor pass" [level=1]
- img "Visitor pass"
- status
- term: Gate
- term: From
- term: Until
- region "Which gate":
  - heading "Which gate" [level=2]
  - list:
    - listitem
    - listitem
- link "Save as picture"
- button "Print"
""",
    ("manager", "lockdown"): """
- heading "Lockdown" [level=1]
- button "Threat or fight"
- button "Forced entry"
- button "Drill"
- heading "Another reason or another end" [level=2]
- textbox "Reason"
- radiogroup "For how long":
  - list:
    - listitem:
      - radio "1 hour" [checked]
    - listitem:
      - radio "2 hours"
    - listitem:
      - radio "4 hours"
    - listitem:
      - radio "8 hours"
- textbox "Or until"
- button "Lock all ways in"
- link "Cancel"
""",
    ("public", "front"): """
- heading /Willow Court/ [level=1]
- link /I live here/:
  - heading "I live here" [level=2]
- link /I work here/:
  - heading "I work here" [level=2]
""",
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened_world() as opened:
        yield opened


def test_the_pages_that_matter_most_are_read_aloud_in_this_order(browser: Browser, world: World) -> None:
    pages = tuple(state for state in PAGES if (state.group, state.name) in SAID)
    for found in shown_pages(browser, world, pages, languages=("en",)):
        assert isinstance(found, Shown), found
        expect(found.page.locator("main")).to_match_aria_snapshot(SAID[found.group, found.name])
