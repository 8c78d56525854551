"""`make screenshots`: a picture of every state in every language and size, and a page to look at them."""

import argparse
import html
import io
import logging
import sys
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.gallery.readme import PICTURES, ROOT, take_readme_pictures
from tests.browser.gallery.states import MANY, README_PICTURES, SIZES, TERMINAL_SIZES
from tests.browser.gallery.walk import Missing, Shown, shown_pages, shown_screens
from tests.browser.gallery.world import STAIRWELLS, World, opened_world
from tests.support.chromium import launch

Dots = npt.NDArray[np.int16]
SMALLER = 4
"""Pictures are compared at a quarter of their width and height, in grey."""
SAME_WITHIN_GREY_LEVELS = 12
SAME_WITHIN_DOTS = 24
"""So many differing dots are less than a word: the digits of a clock, a blinking line."""


def dots_of(picture: bytes) -> Dots:
    """Return a PNG in grey at a quarter of its size, height × width."""
    grey = Image.open(io.BytesIO(picture)).convert("L")
    size = (max(1, grey.width // SMALLER), max(1, grey.height // SMALLER))
    return np.asarray(grey.resize(size, Image.Resampling.BOX), dtype=np.int16)


def look_the_same(one: Dots, other: Dots) -> bool:
    """Return whether two pictures of the same size differ in less than a word."""
    if one.shape != other.shape:
        return False
    return int(np.count_nonzero(np.abs(one - other) > SAME_WITHIN_GREY_LEVELS)) <= SAME_WITHIN_DOTS


@dataclass
class Taken:
    """What was taken, by file name, and what was wrong."""

    folder: Path
    small: dict[str, Dots] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def keep(self, name: str, picture: bytes) -> None:
        """Write a picture; remember a picture that looks the same as an earlier one."""
        dots = dots_of(picture)
        for other, known in self.small.items():
            if look_the_same(dots, known):
                self.problems.append(f"{name} and {other} are the same picture")
        self.small[name] = dots
        (self.folder / name).write_bytes(picture)


def take_all(browser: Browser, world: World, large: World, folder: Path) -> Taken:
    """Take every picture of the list into `folder`, with an index to look at them.

    `large` is the compound of many gates.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    taken = Taken(folder)
    for shown in chain(shown_pages(browser, world), shown_pages(browser, large, MANY)):
        if isinstance(shown, Missing):
            taken.problems.append(f"{shown.name} is missing: {shown.why}")
        else:
            _take(taken, shown, SIZES, whole=True)
    for screen in shown_screens(browser, world):
        _take(taken, screen, TERMINAL_SIZES, whole=False)
    (folder / "index.html").write_text(_index(sorted(taken.small)), encoding="utf-8")
    return taken


def _take(taken: Taken, shown: Shown, sizes: dict[str, tuple[int, int]], *, whole: bool) -> None:
    for size, (width, height) in sizes.items():
        shown.page.set_viewport_size({"width": width, "height": height})
        picture = shown.page.screenshot(full_page=whole, animations="disabled")
        taken.keep(f"{shown.group}-{shown.name}-{shown.language}-{size}.png", picture)


def _index(names: list[str]) -> str:
    figures = "\n".join(
        f'<figure><a href="{name}"><img src="{name}" alt="" loading="lazy"></a>'
        f"<figcaption>{html.escape(name.removesuffix('.png'))}</figcaption></figure>"
        for name in names
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Menjin, every page</title>'
        "<style>body{font:14px system-ui;display:grid;gap:1rem;margin:1rem;"
        "grid-template-columns:repeat(auto-fill,minmax(16rem,1fr))}"
        "img{width:100%;max-height:24rem;object-fit:contain;object-position:top;border:1px solid #bbb}"
        f"figure{{margin:0}}</style>{figures}</html>\n"
    )


def main() -> int:
    """Take the pictures and say what is wrong; 1 when something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/screenshots")
    parser.add_argument(
        "--readme", action="store_true", help="renew the README's pictures, and take no other"
    )
    words = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for each picture's parts
    if words.readme:
        return _renew_readme()
    with sync_playwright() as playwright, opened_world() as world, opened_world(STAIRWELLS) as large:
        browser = launch(playwright.chromium)
        taken = take_all(browser, world, large, words.folder)
        world.close()
        large.close()
        browser.close()
    print(*taken.problems, sep="\n")
    print(f"{len(taken.small)} pictures in {words.folder}, {len(taken.problems)} problems")
    return 1 if taken.problems else 0


def _renew_readme() -> int:
    with sync_playwright() as playwright, opened_world() as world:
        browser = launch(playwright.chromium)
        missing = take_readme_pictures(browser, world)
        world.close()
        browser.close()
    print(*missing, f"{len(README_PICTURES)} pictures in {PICTURES}", sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
