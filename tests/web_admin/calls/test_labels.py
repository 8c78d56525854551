"""Under which words a home may stand in a gate's directory."""

import unicodedata

import pytest

from web_admin.calls.labels import is_label, names_someone


@pytest.mark.parametrize(
    "words",
    ["3 幢二楼 · 王家", "Müller-Lüdenscheidt & Co.", "O'Neil (office)", "김씨네", "Nhà số 5", "हिंदी"],
)
def test_letters_digits_and_a_few_signs_are_a_label(words: str) -> None:
    assert is_label(unicodedata.normalize("NFC", words))


@pytest.mark.parametrize(
    "words",
    [
        "<img src=x>",
        'a"b',
        "a`b",
        "a/b",
        "\u3164",  # Hangul filler
        "a\uffa0b",
        "\u115fa",
        "\u2800",  # Braille blank
        "a\u200bb",  # zero width
        "a\u202eb",  # right to left
        "a\u0301\u0301\u0301\u0301",
        "\u0301a",
        "🏠",
        "a\nb",
        "- · -",
        "",
    ],
)
def test_markup_blanks_and_pictures_are_none(words: str) -> None:
    assert not is_label(words)


@pytest.mark.parametrize(
    ("words", "has_name"),
    [
        ("王芳", True),
        ("王 芳", True),
        ("王芳的家", True),
        ("Ana Ruiz", True),
        ("ＡＮＡ ruiz", True),
        ("Ruiz, Ana", True),
        ("A.n.a Ruiz", True),
        ("Ruiz family", False),
        ("王家", False),
        ("Workshop", False),
    ],
)
def test_a_label_that_holds_a_whole_name_is_found(words: str, has_name: bool) -> None:
    assert names_someone(words, ["王芳", "Ana Ruiz", "·"]) is has_name
