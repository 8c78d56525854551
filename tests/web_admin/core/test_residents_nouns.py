"""Each noun that residents meet has one Chinese word: the table of `docs/glossary.md`, in every text."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
KEYWORDS = {"_": None, "_l": None, "N_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
FOLDERS = (
    "web_admin/resident",
    "web_admin/templates/resident",
    "web_admin/visitors",
    "web_admin/credentials",
    "gate_controller/terminal",
)
FILES = ("web_admin/events/reason_texts.py", "web_admin/messages/subscriptions.py")
CATALOGUES = ("web_admin", "gate_controller/terminal")
HEADING = "## The forty nouns that residents meet"
ROW = re.compile(r"^\| ([A-Za-z' ]+?) \| ([一-鿿]+) \|$", re.MULTILINE)
PLURALS = {
    "child": "child(?:ren)?",
    "way in": "ways? in",
    "weekly pass": "weekly pass(?:es)?",
    "desk": "desk(?! reader)",
}
SAID_WITHOUT_THE_NOUN = {
    "You are not asked when your face was not recognised.",
    "You had no way home, or almost none",
    "A second way in without a way out, at a lane with strict anti-passback.",
    "At the desk for home %(number)s",
    "It was too dark for the camera. Another way is quicker.",
    "The camera saw the same picture again and again. Please try once more, or use another way.",
    "Two enrolled faces were as alike to the one before the camera.",
    "Each scan is one time in front of the camera. A gate keeps up to %(most)s scans of you and compares "
    "your face with all of them. A scan on another day helps. A new scan replaces the oldest. Each scan is "
    "deleted after two years.",
}
"""Texts whose Chinese sentence needs no noun there, as 镜头 for what is before the camera."""
OTHER_WORDS = (
    "遗忘",
    "忘记",
    "一扇门",
    "一道门",
    "帮手",
    "账号",
    "其间",
    "物业办公室",
    "进门方式",
    "控制器",
    "读码器",
    "扫码器",
    "访客密码",
    "会话",
)


def nouns() -> dict[str, str]:
    page = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    table = page.partition(HEADING)[2].partition("\n## ")[0]
    return dict(ROW.findall(table.partition("|---|---|")[2]))


def first(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


@cache
def texts_of_residents() -> dict[str, str]:
    """Return the Chinese of every text that residents, visitors and people at a gate read."""
    shown = {
        first(text)
        for folder in FOLDERS
        for _, _, text, _, _ in extract_from_dir(
            ROOT / folder, METHODS, {"**.html": {"silent": "false"}}, keywords=KEYWORDS
        )
    }
    shown |= {
        first(text)
        for name in FILES
        for _, text, _, _ in extract_from_file("python", ROOT / name, keywords=KEYWORDS)
    }
    chinese = {}
    for package in CATALOGUES:
        with (ROOT / package / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
            chinese |= {first(entry.id): first(entry.string) for entry in read_po(file) if entry.id}
    return {text: chinese[text] for text in shown if text}


@pytest.mark.wide
def test_the_table_has_forty_nouns() -> None:
    assert len(nouns()) == 40
    assert len(texts_of_residents()) > 900


@pytest.mark.wide
@pytest.mark.parametrize("noun", nouns())
def test_a_noun_has_its_one_word_in_every_text(noun: str) -> None:
    word = re.compile(rf"(?<![\w-]){PLURALS.get(noun, noun + 's?')}(?![\w-])", re.IGNORECASE)
    said = {text: chinese for text, chinese in texts_of_residents().items() if word.search(text)}
    assert said, "a noun that no text has is none that residents meet"
    assert {
        text: chinese
        for text, chinese in said.items()
        if nouns()[noun] not in chinese and text not in SAID_WITHOUT_THE_NOUN
    } == {}


def test_no_text_of_residents_has_another_word_for_one_of_ours() -> None:
    assert {
        text: chinese
        for text, chinese in texts_of_residents().items()
        if any(other in chinese for other in OTHER_WORDS)
    } == {}
