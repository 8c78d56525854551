"""Every text of the manager's pages and of the acts has a Chinese one, with the same placeholders."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3] / "web_admin"
TRANSLATIONS = ROOT / "translations"
KEYWORDS = {"_": None, "_l": None, "N_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def catalogue():
    with (TRANSLATIONS / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {m.id: m.string for m in read_po(file, locale="zh") if m.id}


def texts_in_the_code():
    with (TRANSLATIONS / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(ROOT), methods, options, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found if message}


def singular(text):
    return text[0] if isinstance(text, tuple) else text


def test_no_text_is_left_untranslated():
    translated = {key for key, value in catalogue().items() if singular(value)}
    assert sorted(texts_in_the_code() - translated, key=str) == []


def test_no_translation_is_left_over():
    assert sorted(set(catalogue()) - texts_in_the_code(), key=str) == []


def test_placeholders_survive_translation():
    placeholders = re.compile(r"%\([a-z_]+\)[sd]")
    lost = [
        singular(text)
        for text, translated in catalogue().items()
        if sorted(placeholders.findall(singular(translated))) != sorted(placeholders.findall(singular(text)))
    ]
    assert lost == []


OTHER_WORDS = {
    "门禁卡": "门卡", "警报": "报警", "封闭": "封锁", "大门": "门", "通道档案": "通道登记表",
    "桌面读卡器": "发卡器", "前台读卡器": "发卡器",
}
"""Words that mean the same as another one of ours; docs/ui.md says which is ours."""


def test_one_thing_has_one_word():
    texts = [str(singular(text)).replace("大门外", "") for text in catalogue().values()]
    assert [(text, ours) for text in texts for other, ours in OTHER_WORDS.items() if other in text] == []


def test_there_are_many_texts():
    assert len(texts_in_the_code()) > 400
