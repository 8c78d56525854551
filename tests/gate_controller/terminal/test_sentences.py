"""The gate's screen speaks in short sentences: people read it standing, in a moment, from two metres."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gate_controller.terminal import server as terminal_server

FOLDER = Path(terminal_server.__file__).parent
MOST_WORDS = 12
MOST_SIGNS = 20
"""Chinese characters and digits of a sentence: about what twelve English words say."""
COUNTED = {"en": (re.compile(r"[\w'’-]+"), MOST_WORDS), "zh": (re.compile(r"[一-鿿\d]"), MOST_SIGNS)}
ENDS = re.compile(r"(?<=[.;?!。；？！])\s*")


def texts_in(language: str) -> list[str]:
    """Return every text that the screen may show, in English as the code has it or in Chinese."""
    shown = {str(text) for _, _, text, _, _ in extract_from_dir(FOLDER, keywords={"_": None})}
    with (FOLDER / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        chinese = {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}
    return sorted(shown if language == "en" else {chinese[text] for text in shown})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_sentence_on_the_gates_screen_is_long(language: str) -> None:
    texts = texts_in(language)
    assert len(texts) > 100
    unit, most = COUNTED[language]
    sentences = [sentence for text in texts for sentence in ENDS.split(text)]
    assert [sentence for sentence in sentences if len(unit.findall(sentence)) > most] == []
