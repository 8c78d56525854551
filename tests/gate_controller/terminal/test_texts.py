"""Every word on the screen exists in both languages."""

import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

from gate_controller.face_control.reasons import CAPTURE_PROBLEMS
from gate_controller.rules.decision import FACE_MENDABLE
from gate_controller.terminal import server as terminal_server
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import Screen
from tests.gate_controller.terminal.conftest import TOKEN, Served

FOLDER = Path(terminal_server.__file__).parent
ROOT = FOLDER.parents[1]
AT_A_TERMINAL = (
    "gate_controller/cli.py",
    "gate_controller/installer/prompts.py",
    "deploy/debian/gate/gate_setup.py",
)
CHINESE = FOLDER / "translations/zh/LC_MESSAGES/messages.po"


def texts_of(served: Served, language: str) -> dict[str, str]:
    texts: dict[str, str] = served.client.get(served.origin + "/texts.json", timeout=10).json()[language][
        "texts"
    ]
    return texts


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    asked = {str(message) for _, _, message, _, _ in extract_from_dir(FOLDER, keywords={"_": None})}
    for program in AT_A_TERMINAL:
        found = extract_from_file("python", ROOT / program, keywords={"_": None})
        asked |= {str(message) for _, message, _, _ in found}
    with CHINESE.open("rb") as file:
        catalogue = read_po(file)
    translated = {str(m.id) for m in catalogue if m.id and m.string and not m.fuzzy}
    assert len(asked) > 50
    assert translated == asked


def test_the_served_chinese_holds_no_english_sentence(served: Served) -> None:
    chinese = texts_of(served, "zh")
    said = {key: text.replace("{home}", "3-1203") for key, text in chinese.items()}
    assert {key: text for key, text in said.items() if set(text) & set(string.ascii_letters)} == {}
    assert chinese.keys() == texts_of(served, "en").keys()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("screen", Screen)
def test_every_screen_has_a_title_and_a_line(served: Served, screen: Screen, language: str) -> None:
    texts = texts_of(served, language)
    assert texts[f"title.{screen}"]
    assert texts[f"text.{screen}"]


def test_every_hint_of_the_camera_has_a_sentence(served: Served) -> None:
    texts = texts_of(served, "en")
    assert {reason for reason in CAPTURE_PROBLEMS if not texts.get(f"message.{reason}")} == set()


def test_every_end_of_a_look_that_can_be_mended_has_a_sentence_and_no_other_has(served: Served) -> None:
    for language in ("zh", "en"):
        mends = {key.removeprefix("mend.") for key in texts_of(served, language) if key.startswith("mend.")}
        assert mends == {reason.value for reason in FACE_MENDABLE}


def test_of_a_face_that_rests_no_sentence_says_that_nothing_else_works(served: Served) -> None:
    # It rests too where a card works, its owner asked for two ways, and the other one waits.
    assert "Too few other ways of yours" in texts_of(served, "en")["message.face_alone"]
    assert "不够" in texts_of(served, "zh")["message.face_alone"]


def test_a_language_without_translation_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="'fr'"):
        TerminalServer(print, port=0, launch_token=TOKEN, languages=("zh", "fr"))


def test_no_language_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one language"):
        TerminalServer(print, port=0, launch_token=TOKEN, languages=())
