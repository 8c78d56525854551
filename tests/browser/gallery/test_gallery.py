"""The gallery: its list names every page, every picture can be taken, no two are the same."""

import io
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser

from tests.browser.gallery.readme import BIGGEST_PICTURE_BYTES, PICTURES, ROOT, WORDS, pictured, words_in_view
from tests.browser.gallery.states import (
    MANY,
    NOT_PICTURED,
    PAGES,
    README_PICTURES,
    SIZES,
    TERMINAL_SIZES,
)
from tests.browser.gallery.take import Taken, take_all
from tests.browser.gallery.walk import Shown
from tests.browser.gallery.world import STAIRWELLS, opened_world
from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound

pytestmark = [pytest.mark.browser, pytest.mark.wide]


@pytest.fixture
def app(web_config, now):
    made = make_managed_compound(web_config, SetClock(now))
    yield made.app
    made.close()


def pictured_endpoints(app) -> set[str]:
    """Return the routes that the list's paths lead to."""
    addresses = app.url_map.bind("localhost")
    words = defaultdict(lambda: "x", language="en", visitor_link="/v/x", courier_sign="/c/x")
    paths = [state.path.format_map(words).partition("?")[0] for state in PAGES]
    known = [path for path in paths if addresses.test(path, "GET")]
    led_to = {state.shows for state in PAGES if state.shows}
    return {addresses.match(path, "GET")[0] for path in known} | led_to


def readable_endpoints(app) -> set[str]:
    """Return the routes that answer GET."""
    return {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods}


def test_every_route_that_can_be_read_is_in_the_list_or_has_a_reason_not_to_be(app) -> None:
    assert readable_endpoints(app) - pictured_endpoints(app) - set(NOT_PICTURED) == set()


def test_no_reason_is_left_over(app) -> None:
    assert set(NOT_PICTURED) - readable_endpoints(app) == set()
    assert set(NOT_PICTURED) & pictured_endpoints(app) == set()


def test_every_state_has_a_name_of_its_own() -> None:
    names = [(state.group, state.name) for state in (*PAGES, *MANY)]
    assert len(names) == len(set(names))


def test_a_picture_that_looks_like_another_is_a_problem(tmp_path: Path) -> None:
    taken = Taken(tmp_path)
    taken.keep("one.png", screen("The gate is open", "03:15"))
    taken.keep("two.png", screen("The gate is shut", "03:15"))
    assert taken.problems == []
    taken.keep("three.png", screen("The gate is open", "03:16"))
    assert taken.problems == ["three.png and one.png are the same picture"]


def screen(words: str, clock: str) -> bytes:
    """Return a picture of a page with a sentence and a clock, as PNG."""
    picture, font = Image.new("RGB", (390, 844), "white"), ImageFont.load_default(20)
    ImageDraw.Draw(picture).text((20, 200), words, "black", font)
    ImageDraw.Draw(picture).text((300, 10), clock, "black", font)
    coded = io.BytesIO()
    picture.save(coded, "PNG")
    return coded.getvalue()


@pytest.mark.slow
def test_every_state_of_the_list_is_there_and_no_two_pictures_are_the_same(
    browser: Browser, tmp_path: Path
) -> None:
    with opened_world() as world, opened_world(STAIRWELLS) as large:
        taken = take_all(browser, world, large, tmp_path)
    assert taken.problems == []
    assert (tmp_path / "index.html").exists()
    assert all((tmp_path / name).stat().st_size for name in taken.small)
    assert len(taken.small) > 2 * len(SIZES) * len((*PAGES, *MANY)) + 2 * len(TERMINAL_SIZES)


def test_the_pictures_of_the_readme_are_six_and_small() -> None:
    shown = sorted(PICTURES.glob("*.webp"))
    assert [path.name for path in shown] == sorted(README_PICTURES)
    assert len(shown) == 6
    assert [path.name for path in shown if path.stat().st_size > BIGGEST_PICTURE_BYTES] == []
    assert len(pictures_on("README.md")) == 3
    assert pictures_on("README.md") | pictures_on("docs/residents.md") | pictures_on(
        "docs/managers.md"
    ) == set(README_PICTURES)


def pictures_on(page: str) -> set[str]:
    return set(re.findall(r"pictures/(\w+\.webp)\)", (ROOT / page).read_text(encoding="utf-8")))


BY_THE_HOUR = {"Held open", "Lockdown"}
"""Words of a lane whose schedule goes by the hour at which the picture is taken."""


def test_the_words_on_the_readmes_pictures_are_those_that_its_pages_show_today(browser: Browser) -> None:
    """Where it fails, `make screenshots README=1` renews the pictures."""
    on_pictures = json.loads(WORDS.read_text(encoding="utf-8"))
    gone, new = {}, {}
    with opened_world() as world:
        for name, shown in pictured(browser, world):
            assert isinstance(shown, Shown)
            # Some lines more or less push what is at the lower edge out of view.
            whole, upper = (words_in_view(shown.page, shown.language, share) for share in (100, 0.75))
            shown_once = set(on_pictures[name]) - BY_THE_HOUR
            gone[name], new[name] = shown_once - whole, upper - shown_once - BY_THE_HOUR
        world.close()
    assert set(on_pictures) == set(README_PICTURES)
    assert (gone, new) == ({name: set() for name in README_PICTURES},) * 2
