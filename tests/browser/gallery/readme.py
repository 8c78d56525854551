"""The README's pictures, and beside them the catalogues' texts on each: they tell when it is out of date."""

import io
import json
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from babel.messages.pofile import read_po
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.gallery.states import PAGES, README_PICTURES, SIZES, TERMINAL_SIZES
from tests.browser.gallery.walk import Missing, Shown, shown_pages, shown_screens
from tests.browser.gallery.world import World

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "docs/pictures"
BIGGEST_PICTURE_BYTES = 120_000
WORDS = PICTURES / "words.json"
"""Texts of the catalogues by picture, in the picture's language, as catalogues write them."""
CATALOGUES = (
    "web_admin/translations/zh/LC_MESSAGES/messages.po",
    "gate_controller/terminal/translations/zh/LC_MESSAGES/messages.po",
)
TEXTS_ABOVE = """(share) => {
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const seen = node.parentElement.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const inView = box.width > 1 && box.height > 1 && box.top >= 0 && box.bottom <= share * innerHeight;
    if (seen && inView) texts.push(node.data);
  }
  return texts;
}"""


@cache
def plain_texts(language: str) -> frozenset[str]:
    """Return the catalogues' texts in one language that stand on a page as they are written there."""
    texts: set[str] = set()
    for catalogue in CATALOGUES:
        with (ROOT / catalogue).open("rb") as file:
            for entry in read_po(file):
                written = entry.id if language == "en" else entry.string
                texts.update((written,) if isinstance(written, str) else written)
    return frozenset(text for text in texts if len(text) > 1 and "%" not in text)


def words_in_view(page: Page, language: str, share: float = 1.0) -> frozenset[str]:
    """Return the catalogues' texts that are wholly in the upper share of the view, no names, no times."""
    shown = {" ".join(text.split()) for text in page.evaluate(TEXTS_ABOVE, share)}
    return plain_texts(language) & shown


def pictured(browser: Browser, world: World) -> Iterator[tuple[str, Shown | Missing]]:
    """Yield each page of which the README has a picture, in its state and size, by the picture's name."""
    of_state = {one[:3]: (name, one[3]) for name, one in README_PICTURES.items()}
    states = {(group, name) for group, name, _ in of_state}
    pages = tuple(page for page in PAGES if (page.group, page.name) in states)
    for shown in chain(shown_pages(browser, world, pages), shown_screens(browser, world)):
        if isinstance(shown, Missing):
            yield "", shown
        elif (shown.group, shown.name, shown.language) in of_state:
            name, size = of_state[shown.group, shown.name, shown.language]
            width, height = (SIZES | TERMINAL_SIZES)[size]
            shown.page.set_viewport_size({"width": width, "height": height})
            yield name, shown


def take_readme_pictures(browser: Browser, world: World) -> list[str]:
    """Renew the README's pictures and the words on them; return what is missing."""
    words, missing = {}, []
    for name, shown in pictured(browser, world):
        if isinstance(shown, Missing):
            missing.append(f"{shown.name} is missing: {shown.why}")
            continue
        picture = Image.open(io.BytesIO(shown.page.screenshot(animations="disabled"))).convert("RGB")
        picture.save(PICTURES / name, "WEBP", quality=80, method=6)
        words[name] = sorted(words_in_view(shown.page, shown.language))
    WORDS.write_text(json.dumps(words, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    return missing
