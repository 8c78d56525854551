"""A language of which every second text is missing: each page is there, and says the rest in English."""

import io
import re

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from tests.web_admin.every_page.catalogues import CHINESE
from tests.web_admin.every_page.texts_of_pages import callers, pages

__all__ = ["callers"]
HOLE = re.compile(r"%\(\w+\)s")


@pytest.fixture
def half(callers, monkeypatch: pytest.MonkeyPatch) -> Translations:
    """Give the pages a Chinese catalogue in which every second text is still empty."""
    with CHINESE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    for entry in list(catalogue)[2::2]:
        entry.string = ("",) if isinstance(entry.id, tuple) else ""
    written = io.BytesIO()
    write_mo(written, catalogue)
    found = Translations(io.BytesIO(written.getvalue()))
    domain = callers.compound.app.extensions["babel"].instance.domain_instance
    monkeypatch.setitem(domain.cache, ("zh", "messages"), found)
    return found


def test_a_text_that_is_not_translated_yet_is_said_in_english(callers, half) -> None:
    client = callers.clients["R"]
    with client.session_transaction() as kept:
        kept["language"] = "zh"
    page = client.get("/r/visitors").text
    assert '<html lang="zh-Hans"' in page
    headings = re.findall(r"<h[12][^>]*>\s*([^<]*?)\s*</h", page)
    english = [text for text in headings if re.search("[A-Za-z]", text)]
    chinese = [text for text in headings if re.search("[\u4e00-\u9fff]", text)]
    assert (bool(english), bool(chinese), "" in headings) == (True, True, False), headings


@pytest.mark.wide
def test_each_page_of_a_half_translated_language_is_there_and_has_no_hole(callers, half) -> None:
    shown = dict(pages(callers, "zh"))
    assert len(shown) > 100
    assert shown.keys() == dict(pages(callers, "en")).keys()
    holes = {page: text for page, texts in shown.items() for text in texts if HOLE.search(text)}
    assert holes == {}
    assert {page for page, texts in shown.items() if not any(text.strip() for text in texts)} == set()
