"""A Chinese page shows no English and no raw word of a machine, an English page no Chinese but names."""

import json
import re

import pytest
from babel.messages.pofile import read_po
from sqlalchemy import select

from tests.web_admin.every_page.catalogues import CHINESE
from tests.web_admin.every_page.texts_of_pages import callers, pages
from web_admin.core.database import current_menjin
from web_admin.tables import METADATA

__all__ = ["callers"]
RAW = re.compile(r"\b[a-z]+_[a-z_]+\b(?!@)|/dev/serial|Errno|Traceback")
"""What a machine wrote: names of our own tables, devices, errors of a system."""
SENTENCE = re.compile(r"[A-Za-z]{3,} [A-Za-z]{3,}")
NAMES = re.compile(
    "menjin (web|gate|audit) [-a-z]+( FILE)?( --root-key HEX)?"
    "|Standard Webhooks|Microsoft Authenticator|Home Assistant"
)
"""Commands and names, which are the same in every language."""
OWN_LANGUAGE = ("中文",)
"""A language is named in itself."""
HAN = re.compile(r"[\u4e00-\u9fff]+")


@pytest.fixture(scope="module")
def data(callers) -> str:
    """Return every text that is stored: names that people gave are in their language on each page."""
    with callers.compound.app.app_context(), current_menjin().database.open_reading() as session:
        values = [
            value
            for table in METADATA.sorted_tables
            for row in session.execute(select(table)).all()
            for value in row
            if isinstance(value, str | bytes | dict | list)
        ]
    return "\n".join([*OWN_LANGUAGE, *map(_as_text, values)])


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def english_of(language_pairs) -> set[str]:
    return {text for text, translated in language_pairs if text != translated and re.search("[A-Za-z]", text)}


@pytest.mark.wide
def test_a_chinese_page_shows_no_english_and_no_raw_word(callers, data) -> None:
    with CHINESE.open("rb") as file:
        pairs = [(entry.id, entry.string) for entry in read_po(file) if isinstance(entry.id, str)]
    english = english_of(pairs)
    wrong: dict[str, set[str]] = {}
    for page, texts in pages(callers, "zh"):
        for text in texts:
            phrase = SENTENCE.search(NAMES.sub("", text))
            if text in english or RAW.search(text) or (phrase and phrase.group() not in data):
                wrong.setdefault(text, set()).add(page)
    assert wrong == {}


@pytest.mark.wide
def test_an_english_page_shows_no_chinese_but_names_and_no_raw_word(callers, data) -> None:
    wrong: dict[str, set[str]] = {}
    for page, texts in pages(callers, "en"):
        for text in texts:
            if RAW.search(text) or any(run not in data for run in HAN.findall(text)):
                wrong.setdefault(text, set()).add(page)
    assert wrong == {}
