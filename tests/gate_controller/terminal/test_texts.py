"""Texts, sentences and views of the screen."""

import re
import string
from pathlib import Path

import msgspec
import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

from gate_controller.contract.records import Method
from gate_controller.face_control.reasons import CAPTURE_PROBLEMS
from gate_controller.rules.decision import FACE_MENDABLE
from gate_controller.terminal import server as terminal_server
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import (
    CancelPressed,
    ConfirmPressed,
    DeclinePressed,
    ForgotCardPressed,
    HelpPressed,
    KeyTyped,
    LanguagePressed,
    MethodPressed,
    OwnFacePressed,
    Screen,
    SlowerPressed,
    TerminalAction,
    TerminalView,
    decode_action,
    encode_view,
)
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


ACTIONS = [
    KeyTyped("7"),
    KeyTyped("#"),
    KeyTyped("*"),
    KeyTyped("-"),
    MethodPressed(Method.FACE),
    ConfirmPressed(),
    DeclinePressed(),
    OwnFacePressed(),
    CancelPressed(),
    HelpPressed(),
    LanguagePressed("en"),
    SlowerPressed(),
    ForgotCardPressed(),
]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_survives_the_wire(action: TerminalAction) -> None:
    assert decode_action(msgspec.json.encode(action)) == action


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"act":"open"}',
        b'{"act":"key"}',
        b'{"act":"key","key":"12"}',
        b'{"act":"key","key":"a"}',
        b'{"act":"key","key":"1","lane":"north"}',
        b'{"act":"key","key":"1\\n"}',
        b'{"act":"method","method":"voice"}',
        b'{"act":"language","language":"../etc"}',
    ],
)
def test_anything_else_is_no_act(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_action(body)


def test_a_typed_key_is_not_in_its_repr() -> None:
    assert "7" not in repr(KeyTyped("7"))
    assert "7" not in f"{[KeyTyped('7')]}"


def test_a_view_is_one_line_with_only_the_number_of_dots() -> None:
    encoded = encode_view(TerminalView(screen=Screen.TYPING_PIN, typed_count=6))
    assert b"\n" not in encoded
    assert msgspec.json.decode(encoded, type=TerminalView).typed_count == 6


@pytest.mark.parametrize("methods", [(Method.FACE, Method.CARD), (Method.CARD, Method.CARD)])
def test_ways_in_out_of_their_fixed_order_are_refused(methods: tuple[Method, ...]) -> None:
    with pytest.raises(ValueError, match="in the order"):
        TerminalView(screen=Screen.IDLE, methods_offered=methods)
