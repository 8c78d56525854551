"""Every sentence of the residents' pages exists in both languages."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

import web_admin

ROOT = Path(web_admin.__file__).parent
CATALOGUE = ROOT / "resident/translations/zh/LC_MESSAGES/messages.po"
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
BESIDE = (
    "events/reason_texts.py",
    "events/own_passages.py",
    "people/agreements.py",
    "desk/texts.py",
    "web/typed_times.py",
    "web/send_once.py",
)
"""Files outside resident/ whose texts stand on residents' pages alone."""


def sentences() -> set[str]:
    words = {"gettext": None, "_l": None, "_": None}
    found = set()
    for path in [*(ROOT / name for name in BESIDE), *(ROOT / "resident").glob("*.py")]:
        found |= {entry[1] for entry in extract_from_file("python", path, keywords=words)}
    for path in (ROOT / "templates/resident").glob("*.html"):
        found |= {
            entry[1]
            for entry in extract_from_file(
                "jinja2.ext:babel_extract", path, keywords=words, options={"silent": "false"}
            )
        }
    return found


def catalogue() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file, "zh") if entry.id and not entry.fuzzy}


def test_every_sentence_has_a_chinese_one() -> None:
    found, chinese = sentences(), catalogue()
    assert len(found) > 300
    assert sorted(text for text in found if not chinese.get(text)) == []


def test_no_chinese_sentence_is_left_over() -> None:
    assert sorted(set(catalogue()) - sentences()) == []


def test_the_places_to_fill_in_are_the_same_in_both() -> None:
    both = catalogue().items()
    assert [text for text, chinese in both if set(PLACE.findall(text)) != set(PLACE.findall(chinese))] == []


def test_no_template_has_inline_script_or_style() -> None:
    for path in (ROOT / "templates/resident").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"<style|style=|\son\w+=|<script(?![^>]*src=)|javascript:", text) == [], path.name
