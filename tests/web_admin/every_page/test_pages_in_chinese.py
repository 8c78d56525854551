"""Every text of the server has a Chinese one in the one catalogue, with the same placeholders."""

import re
from functools import cache
from itertools import pairwise

import pytest
from babel.messages.extract import extract_from_dir
from babel.support import Translations

from tests.web_admin.every_page.catalogues import CHINESE, ROOT, catalogue, entries
from web_admin.manage.search_pages import FOUND_PAGES

SET_UP = ROOT.parent / "deploy" / "debian" / "server"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "N_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACE = re.compile(r"%\([a-z_]+\)[sd]|\{\w+\}")


@cache
def texts_in_the_code():
    found = [
        *extract_from_dir(
            str(ROOT), METHODS, {"**/templates/**.html": {"silent": "false"}}, keywords=KEYWORDS
        ),
        *extract_from_dir(str(SET_UP), keywords=KEYWORDS),
    ]
    return frozenset(message for _file, _line, message, _comments, _context in found if message)


def singular(text):
    return text[0] if isinstance(text, tuple) else text


def shown(compiled, text):
    return compiled.ungettext(*text, 1) if isinstance(text, tuple) else compiled.ugettext(text)


@pytest.mark.wide
def test_no_text_is_left_untranslated():
    translated = {key for key, value in catalogue().items() if singular(value)}
    assert sorted(texts_in_the_code() - translated, key=str) == []


@pytest.mark.wide
def test_no_translation_is_left_over():
    assert sorted(set(catalogue()) - texts_in_the_code(), key=str) == []


def test_no_translation_is_fuzzy_or_a_second_one_of_its_text():
    assert [entry.id for entry in entries() if entry.fuzzy] == []
    assert CHINESE.read_text(encoding="utf-8").count("\nmsgid ") == len(entries()) + 1, "with the head"


def test_the_catalogue_is_sorted():
    texts = [singular(entry.id) for entry in entries()]
    assert [(first, second) for first, second in pairwise(texts) if first >= second] == []


def test_placeholders_survive_translation():
    lost = [
        singular(text)
        for text, translated in catalogue().items()
        if sorted(PLACE.findall(singular(translated))) != sorted(PLACE.findall(singular(text)))
    ]
    assert lost == []


def test_the_compiled_catalogue_is_the_one_of_the_source():
    with CHINESE.with_suffix(".mo").open("rb") as file:
        compiled = Translations(file)
    assert {entry.id: shown(compiled, entry.id) for entry in entries()} == {
        entry.id: singular(entry.string) for entry in entries()
    }


OTHER_WORDS = {
    "门禁卡": "门卡",
    "警报": "报警",
    "封闭": "紧急锁门",
    "封锁": "紧急锁门",
    "大门": "门",
    "通道档案": "通道登记表",
    "桌面读卡器": "发卡器",
    "前台读卡器": "发卡器",
}
"""Words that mean the same as another one of ours; docs/ui.md says which is ours."""


def test_one_thing_has_one_word():
    searched_for = {str(page.words) for page in FOUND_PAGES}  # what people type has their own words
    shown_texts = [text for original, text in catalogue().items() if singular(original) not in searched_for]
    texts = [str(singular(text)).replace("大门外", "") for text in shown_texts]
    assert [(text, ours) for text in texts for other, ours in OTHER_WORDS.items() if other in text] == []


def test_there_are_many_texts():
    assert len(texts_in_the_code()) > 2900
